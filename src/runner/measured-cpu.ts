// The CPU that goes with costs: the one they were measured on, and how it reaches memory.

import type { CostProfile } from "../../arch/costs/schema.js";
import type { CpuOptions } from "../layout/cpu.js";
import { cpuNamed, DEFAULT_CPU, NO_FILES, type OwnFiles, parseSelector } from "./plan.js";

/** Name of the CPU that costs were measured on, where it is of the architecture; else the plain one. */
export function cpuMeasured(
  arch: string,
  { measuredOn: [machine] }: CostProfile,
  own: OwnFiles = NO_FILES,
): string {
  const { name } = parseSelector(arch, own).descriptor;
  const fits =
    machine !== undefined && (cpuNamed(machine.cpu).architectures ?? [name]).includes(name);
  return fits ? machine.cpu : DEFAULT_CPU;
}

/** Whether data went through the caches when they were measured on that CPU, and whose guest it was. */
export function memoryMeasured({ measuredOn }: CostProfile, cpu: string): CpuOptions {
  const measured = measuredOn.find((machine) => machine.cpu === cpu);
  return {
    dataCached: measured?.dataCached ?? false,
    nestedShift: measured?.nestedShift,
  };
}
