// A second stage: descriptor and mode -> what the core reads of it (assembly/abi/stage2.ts), and what its faults are
// told as.

import type { Descriptor } from "../../arch/schema.js";
import { HALF_BYTES, LAYOUT_HALVES } from "../../assembly/abi/layout.js";
import * as abi from "../../assembly/abi/stage2.js";
import { ACCESS_MODE_STRIDE } from "../../assembly/abi/stop.js";
import { MmulateError } from "../errors.js";
import { compileLayout, environmentOf } from "./compile.js";
import type { CompiledLayout } from "./compiled.js";
import { holds } from "./condition.js";
import { encodeLayout } from "./encode.js";
import type { ModeInput } from "./mode.js";

/** A compiled second stage. */
export interface CompiledStage2 {
  readonly layout: CompiledLayout;
  /** Reads of a guest's tables count as writes to them. */
  readonly tablesWritten: boolean;
  /** How faults are told (`secondStage` of the descriptor). */
  readonly codes: NonNullable<Descriptor["secondStage"]>;
}

/** What a core is to do with it. */
export interface Stage2Options {
  /** Address of the root table. */
  readonly root: bigint;
  /** Level whose leaves map a guest's memory at first touch, each page to itself; null = nobody maps it. */
  readonly demandLevel?: number | null;
  /** Entries of the caches of pages and of tables, at most `STAGE2_MAX_ENTRIES`; 0 = none. */
  readonly pageEntries?: number;
  readonly tableEntries?: number;
}

/**
 * Compiles a second stage for guests of an architecture.
 * @throws MmulateError CONFIG on an illegal value; DESCRIPTOR where the descriptor is of no second stage
 */
export function compileStage2(descriptor: Descriptor, input: ModeInput = {}): CompiledStage2 {
  const layout = compileLayout(descriptor, input);
  const { secondStage: codes } = descriptor;
  if (codes === undefined) {
    throw new MmulateError("DESCRIPTOR", `${descriptor.name} is no second stage`);
  }
  const [half] = descriptor.addressSpace.halves;
  const environment = environmentOf(descriptor, layout.mode, half);
  const tablesWritten = codes.tablesWritten !== null && holds(codes.tablesWritten, environment);
  return { layout, tablesWritten, codes };
}

/**
 * The core's block.
 * @throws MmulateError CONFIG where a cache is too large, or no leaf is of the level
 */
export function encodeStage2(
  { layout, tablesWritten }: CompiledStage2,
  { root, demandLevel = null, pageEntries = 0, tableEntries = 0 }: Stage2Options,
): Uint8Array {
  const bytes = new Uint8Array(abi.STAGE2_HALF + HALF_BYTES);
  const view = new DataView(bytes.buffer);
  const [half] = layout.halves;
  if (Math.max(pageEntries, tableEntries) > abi.STAGE2_MAX_ENTRIES) {
    throw new MmulateError(
      "CONFIG",
      `caches of the second stage: at most ${abi.STAGE2_MAX_ENTRIES} entries`,
    );
  }
  view.setBigUint64(abi.STAGE2_ROOT, root, true);
  view.setUint32(abi.STAGE2_TABLES_WRITTEN, tablesWritten ? 1 : 0, true);
  view.setUint32(abi.STAGE2_PAGE_ENTRIES, pageEntries, true);
  view.setUint32(abi.STAGE2_TABLE_ENTRIES, tableEntries, true);
  if (demandLevel !== null) {
    const leaf = half.levels[demandLevel]?.leafTemplate ?? null;
    if (leaf === null) {
      throw new MmulateError(
        "CONFIG",
        `${layout.architecture} has no leaf at level ${demandLevel}`,
      );
    }
    view.setUint32(abi.STAGE2_DEMAND, 1, true);
    view.setUint32(abi.STAGE2_DEMAND_LEVEL, demandLevel, true);
    view.setBigUint64(abi.STAGE2_TABLE_BITS, half.tableTemplate, true);
    view.setBigUint64(abi.STAGE2_LEAF_BITS, leaf, true);
  }
  const whole = encodeLayout(layout);
  bytes.set(whole.subarray(LAYOUT_HALVES, LAYOUT_HALVES + HALF_BYTES), abi.STAGE2_HALF);
  return bytes;
}

/** A fault of the second stage, as the stop block has it. */
export interface Stage2Fault {
  readonly stage: number;
  readonly faultCode: number;
  readonly access: number;
  /** Six bits, as in `Access`. */
  readonly rights: number;
}

/** What the architecture reports: exit qualification, or the ISS of a syndrome. */
export function stage2Code({ codes }: CompiledStage2, fault: Stage2Fault): number {
  const supervisor = fault.access >= ACCESS_MODE_STRIDE;
  const three = (supervisor ? fault.rights >> ACCESS_MODE_STRIDE : fault.rights) & 7;
  const rights = codes.rightsAt === null ? 0 : three << codes.rightsAt;
  return fault.faultCode | rights | (fault.stage === 1 ? codes.pageSets : codes.tableSets);
}
