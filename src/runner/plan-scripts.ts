// From scripts, architectures, kernels and CPUs to cells: every combination, checked before any is played.

import { KERNEL_VERSIONS } from "../../arch/linux/kernels.js";
import { MmulateError } from "../errors.js";
import { type KernelConfig, layoutOf } from "../kernel/features.js";
import { compileLayout } from "../layout/compile.js";
import { compileCpu } from "../layout/cpu.js";
import type { MachineConfig } from "../scenario/machine.js";
import { type Operation, parseScript } from "../scenario/script.js";
import { cpuNamed, parseSelector } from "./plan.js";

/** A script, read. */
export interface ScriptInput {
  readonly path: string;
  readonly text: string;
}

export interface ScriptRequest {
  readonly inputs: readonly ScriptInput[];
  /** Selectors: NAME, or NAME:PARAMETER=VALUE:... */
  readonly archs: readonly string[];
  /** VERSION, or VERSION:softDirty=false. */
  readonly kernels: readonly string[];
  readonly cpus: readonly string[];
}

/** One script on one machine. */
export interface ScriptCell {
  readonly id: string;
  readonly labels: Readonly<Record<"input" | "arch" | "kernel" | "cpu", string>>;
  readonly operations: readonly Operation[];
  readonly machine: MachineConfig;
}

/** The newest kernel that the model knows. */
export const DEFAULT_KERNEL: string = KERNEL_VERSIONS.at(-1) ?? "";

/** Bytes of simulated memory, as of the machines that recorded. */
const MEMORY_BYTES = 2 ** 31;

/**
 * Plans a run of scripts.
 * @throws MmulateError INPUT for a script that cannot be read; USAGE or CONFIG for a name, version or
 * combination that does not exist
 */
export function planScripts({ inputs, archs, kernels, cpus }: ScriptRequest): ScriptCell[] {
  for (const [name, list] of Object.entries({ inputs, archs, kernels, cpus })) {
    if (list.length === 0) throw new MmulateError("USAGE", `${name}: none was named`);
  }
  const cells: ScriptCell[] = [];
  for (const { path, text } of inputs) {
    const operations = parseScript(text, path);
    if (operations.length === 0) {
      throw new MmulateError("INPUT", `${path}: holds no operation`);
    }
    for (const arch of archs) {
      for (const kernel of kernels) {
        for (const cpu of cpus) {
          const labels = { input: path, arch, kernel, cpu };
          cells.push({
            id: String(cells.length + 1),
            labels,
            operations,
            machine: machineOf(arch, kernel, cpu),
          });
        }
      }
    }
  }
  return cells;
}

function machineOf(arch: string, kernel: string, cpu: string): MachineConfig {
  const { descriptor, mode } = parseSelector(arch);
  const layout = compileLayout(descriptor, mode);
  compileCpu(cpuNamed(cpu), layout);
  const { version, softDirty } = parseKernel(kernel);
  const config: KernelConfig = {
    version,
    architecture: descriptor.name,
    softDirty,
    // Without the parameter the CPU always sets the flags itself.
    hwDirty: mode.ha !== false && mode.hd !== false,
    layout: layoutOf(version, descriptor.name),
    thp: "madvise",
    mthp: new Map(),
    swap: true,
    frames: MEMORY_BYTES / 2 ** layout.pageShift,
  };
  return { kernel: config, mode, cpu };
}

/** "6.18:softDirty=false" -> the version, and CONFIG_MEM_SOFT_DIRTY. */
function parseKernel(selector: string): { version: string; softDirty: boolean } {
  const [version = "", ...settings] = selector.split(":");
  let softDirty = true;
  for (const setting of settings) {
    const [, value] = /^softDirty=(true|false)$/.exec(setting) ?? [];
    if (value === undefined) {
      const allowed = `softDirty=true or softDirty=false is allowed (as in ${version}:softDirty=false)`;
      throw new MmulateError("USAGE", `kernel "${selector}": "${setting}": ${allowed}`);
    }
    softDirty = value === "true";
  }
  return { version, softDirty };
}
