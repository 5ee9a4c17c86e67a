// Plays one vector on the core, cold: tables in, one access, what became of it out.

import type { Descriptor } from "../../arch/schema.js";
import { ACCESS_MODE_STRIDE, Access } from "../../assembly/abi/stop.js";
import type { Core, StopBlock } from "../core/core.js";
import { hex } from "../layout/bits.js";
import { compileLayout } from "../layout/compile.js";
import { type CompiledLayout, FAULT_NAMES } from "../layout/compiled.js";
import { modeOf, type Vector } from "./vector-format.js";

/** A fault as the format writes it: kind, level where the architecture reports one, code. */
export type ReportedFault = Readonly<Record<string, string | number>>;

export interface Outcome {
  readonly layout: CompiledLayout;
  readonly stop: StopBlock;
  readonly expect: { readonly pa: bigint } | { readonly fault: ReportedFault };
  /** Entries whose value the access changed. */
  readonly changed: ReadonlyMap<bigint, bigint>;
}

const KINDS = { read: Access.UserRead, write: Access.UserWrite, fetch: Access.UserFetch };

/** The `Access` code of a vector's access. */
export function accessOf({ access }: Vector): Access {
  return KINDS[access.type] + (access.mode === "user" ? 0 : ACCESS_MODE_STRIDE);
}

/**
 * Makes the vector's access.
 * @throws MmulateError CONFIG when its configuration is not one of the architecture's
 */
export function playVector(core: Core, descriptor: Descriptor, vector: Vector): Outcome {
  const layout = compileLayout(descriptor, modeOf(descriptor, vector));
  core.reset(false);
  core.loadDemand(null);
  core.loadLayout(layout);
  for (const [pa, entry] of vector.tables) core.poke(pa, entry);
  core.exports.setRoots(vector.root, vector.root);

  const wentThrough = core.translate(vector.access.va, accessOf(vector));
  const stop = core.stopBlock();
  const changed = new Map<bigint, bigint>();
  // An entry that is not listed is zero, so not present, so never updated.
  for (const [pa, before] of vector.tables) {
    const now = core.peek(pa);
    if (now !== before) changed.set(pa, now);
  }
  const expect = wentThrough ? { pa: stop.pa } : { fault: reportFault(descriptor, stop) };
  return { layout, stop, expect, changed };
}

/** The fault of a stop block in the architecture's own terms. */
function reportFault(descriptor: Descriptor, stop: StopBlock): ReportedFault {
  const name = FAULT_NAMES[stop.fault];
  const form = name === undefined || name === "none" ? undefined : descriptor.faults.report[name];
  if (form === undefined) return { kind: "unknown" };
  const { first, step } = descriptor.levelNumber;
  return {
    kind: form.kind,
    ...(form.level ? { level: first + stop.level * step } : {}),
    ...(form.code ? { [descriptor.faults.codeField]: hex(stop.faultCode) } : {}),
  };
}
