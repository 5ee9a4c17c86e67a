// Shared by the core's tests: both builds of the module, layouts by name, and playing a recorded or drawn
// case on the core the way `judge` wants to see it.

import { readFileSync } from "node:fs";
import { plain } from "../../arch/cpus/plain.js";
import { ARCHITECTURES } from "../../arch/index.js";
import type { Descriptor } from "../../arch/schema.js";
import { COUNTERS, Counter } from "../../assembly/abi/counters.js";
import {
  INVALIDATE_CURRENT,
  INVALIDATE_GLOBAL,
  INVALIDATE_OWN,
  INVALIDATE_TABLES,
} from "../../assembly/abi/invalidate.js";
import { ACCESS_MODE_STRIDE } from "../../assembly/abi/stop.js";
import { Core, type StopBlock } from "../../src/core/core.js";
import { compileLayout } from "../../src/layout/compile.js";
import { type CompiledLayout, FAULT_NAMES } from "../../src/layout/compiled.js";
import { compileCpu } from "../../src/layout/cpu.js";
import type { ModeInput } from "../../src/layout/mode.js";
import type {
  Access,
  Arm64Case,
  Fault,
  Outcome,
  Riscv64Case,
  X8664Case,
} from "../reference/vector.js";

export type Build = "debug" | "release";
export type Case = X8664Case | Arm64Case | Riscv64Case;
export type ArchitectureName = Case["arch"];

/** Every test runs on both: the debug build's assertions are checks of their own. */
export const BUILDS: readonly Build[] = ["debug", "release"];
export const ARCHITECTURE_NAMES: readonly ArchitectureName[] = ["x86-64", "arm64", "riscv64"];

const modules = new Map<Build, WebAssembly.Module>();

/** A fresh instance of a build, with memory of its own. */
export function coreOf(build: Build): Core {
  const url = new URL(`../../build/${build}.wasm`, import.meta.url);
  const module = modules.get(build) ?? new WebAssembly.Module(readFileSync(url));
  modules.set(build, module);
  return new Core(module);
}

export function descriptorOf(name: ArchitectureName): Descriptor {
  const descriptor = ARCHITECTURES.get(name);
  if (descriptor === undefined) throw new Error(`no architecture ${name}`);
  return descriptor;
}

/** The layout of a usual system, on top of which `mode` may change single parameters. */
export function typicalLayout(name: ArchitectureName, mode: ModeInput = {}): CompiledLayout {
  const descriptor = descriptorOf(name);
  return compileLayout(descriptor, { ...descriptor.typical.values, ...mode });
}

/** A vector's configuration as parameter values: PKRU is a number there, and a root is no parameter. */
export function modeOf(drawn: Case): ModeInput {
  if (drawn.arch === "x86-64") return { ...drawn.config, pkru: Number(drawn.config.pkru) };
  if (drawn.arch === "riscv64") return { ...drawn.config };
  const { root1: _, ...mode } = drawn.config;
  return mode;
}

const TYPES = ["read", "write", "fetch"];

/** The `Access` of the ABI. */
export function accessCode({ type, mode }: Pick<Access, "type" | "mode">): number {
  return TYPES.indexOf(type) + (mode === "user" ? 0 : ACCESS_MODE_STRIDE);
}

/** The stop block's fault in the shape in which the architecture reports it. */
function faultOf(descriptor: Descriptor, stop: StopBlock): Fault {
  const name = FAULT_NAMES[stop.fault];
  if (name === undefined || name === "none") throw new Error(`no fault of kind ${stop.fault}`);
  const { kind, level, code } = descriptor.faults.report[name];
  const { first, step } = descriptor.levelNumber;
  return {
    kind,
    ...(level ? { level: first + step * stop.level } : {}),
    ...(code ? { [descriptor.faults.codeField]: BigInt(stop.faultCode) } : {}),
  } as Fault;
}

/** The words of simulated memory that a case lists, as they stand now. */
export function tablesNow(core: Core, tables: Case["tables"]): Map<bigint, bigint> {
  return new Map(tables.map(([address]) => [address, core.peek(address)]));
}

/** Puts a case's tables into empty memory; TLBs are cold and counters zero afterwards. */
function install(core: Core, { root, tables }: Pick<Case, "root" | "tables">): void {
  core.reset(false);
  for (const [address, value] of tables) core.poke(address, value);
  // The half that the address does not select is never walked: it may share the root.
  core.exports.setRoots(root, root);
}

/** Makes the access on whatever state the core is in, and says what became of it and of the tables. */
export function attempt(core: Core, drawn: Case): Outcome {
  const before = tablesNow(core, drawn.tables);
  const through = core.translate(drawn.access.va, accessCode(drawn.access));
  const stop = core.stopBlock();
  const now = tablesNow(core, drawn.tables);
  return {
    expect: through ? { pa: stop.pa } : { fault: faultOf(descriptorOf(drawn.arch), stop) },
    changed: new Map([...now].filter(([address, value]) => before.get(address) !== value)),
  };
}

/** A compiled CPU's part that says: no data caches. */
export const NO_CACHES = { caches: [], walkerEnters: 0, dataCached: false } as const;

/** Drops the page of an address and every cached table of the running context, as INVLPG does. */
export function invalidatePage(core: Core, va: bigint): void {
  const translations = INVALIDATE_OWN | INVALIDATE_GLOBAL | INVALIDATE_CURRENT;
  core.exports.invalidate(translations | INVALIDATE_TABLES, 0, va, va);
}

/** Loads the TLBs and walk caches of the profile "plain". */
export function withPlainCpu(core: Core, layout: CompiledLayout, heldRecords = 0): void {
  core.loadCpu(compileCpu(plain, layout), 1, heldRecords);
}

/** The same for cases under the same layout. */
export function modeKey(drawn: Case): string {
  return `${drawn.arch} ${JSON.stringify(modeOf(drawn))}`;
}

/** Loads a layout only where it differs from the last one: compiling it takes longer than the access. */
export class Player {
  readonly core: Core;
  private readonly onLayout: (core: Core, layout: CompiledLayout) => void;
  private loaded = "";

  /** @param onLayout loads what depends on the layout beside it: TLB geometry */
  constructor(core: Core, onLayout: (core: Core, layout: CompiledLayout) => void) {
    this.core = core;
    this.onLayout = onLayout;
  }

  /** Memory, mode and roots of the case; TLBs cold. */
  prepare(drawn: Case): void {
    const key = modeKey(drawn);
    if (key !== this.loaded) {
      const layout = compileLayout(descriptorOf(drawn.arch), modeOf(drawn));
      this.core.loadLayout(layout);
      this.onLayout(this.core, layout);
      this.loaded = key;
    }
    install(this.core, drawn);
  }

  /** The case from the start, with cold TLBs. */
  play(drawn: Case): Outcome {
    this.prepare(drawn);
    return attempt(this.core, drawn);
  }
}

/** Counters by name, without those that are zero: what a failure should print. */
export function named(counters: BigUint64Array): Record<string, bigint> {
  const all = Array.from({ length: COUNTERS }, (_, i) => [Counter[i], counters[i]] as const);
  return Object.fromEntries(all.filter(([, value]) => value !== 0n)) as Record<string, bigint>;
}
