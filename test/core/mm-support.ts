// Shared by the tests of entries, tables, frames and programs: a core with a Linux layout, and raw words.

import { ARCHITECTURES } from "../../arch/index.js";
import { LINUX_LAYOUTS } from "../../arch/linux/index.js";
import { Core } from "../../src/core/core.js";
import { MmCore } from "../../src/core/mm.js";
import { compileLayout } from "../../src/layout/compile.js";
import type { CompiledLayout } from "../../src/layout/compiled.js";
import { compileCpu } from "../../src/layout/cpu.js";
import { compileLinuxLayout } from "../../src/layout/linux-layout.js";
import { loadCoreModule } from "../../src/runner/module-files.js";
import { cpuNamed } from "../../src/runner/plan.js";

export const LAYOUT_NAMES = [...LINUX_LAYOUTS.keys()];

export interface MmMachine {
  readonly mmu: MmCore;
  readonly hardware: CompiledLayout;
  /** Slot of entry 0 of a table that nothing else uses. */
  readonly slot: number;
}

/** A machine with a Linux layout, and one empty last-level table. */
export async function mmMachine(name: string, frames = 64, mode = {}): Promise<MmMachine> {
  const linux = LINUX_LAYOUTS.get(name);
  const descriptor = ARCHITECTURES.get(linux?.architecture ?? "");
  if (linux === undefined || descriptor === undefined) throw new Error(`no layout ${name}`);
  const hardware = compileLayout(descriptor, { ...descriptor.typical.values, ...mode });
  const core = new Core((await loadCoreModule()).module);
  core.reset(true);
  core.loadLayout(hardware);
  core.loadCpu(compileCpu(cpuNamed("plain"), hardware), 1);
  core.loadDemand(null);
  const mmu = new MmCore(core, compileLinuxLayout(linux, descriptor, hardware), frames);
  const root = newRoot(mmu, hardware);
  return { mmu, hardware, slot: mmu.exports.makeEntry(root, 0, 0) >>> 0 };
}

export function newRoot(mmu: MmCore, hardware: CompiledLayout): number {
  return Number(mmu.exports.newTable(0, hardware.halves[0].topLevel));
}

/** The word at a linear address. */
export function peek(mmu: MmCore, at: number): bigint {
  return new DataView(mmu.exports.memory.buffer).getBigUint64(at >>> 0, true);
}

export function poke(mmu: MmCore, at: number, value: bigint): void {
  new DataView(mmu.exports.memory.buffer).setBigUint64(at >>> 0, BigInt.asUintN(64, value), true);
}
