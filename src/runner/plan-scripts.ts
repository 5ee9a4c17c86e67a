// From scripts, architectures, kernels and CPUs to cells: every combination, checked before any is played.

import { DEFAULT_COSTS } from "../../arch/costs/index.js";
import { KERNEL_VERSIONS } from "../../arch/linux/kernels.js";
import { MmulateError } from "../errors.js";
import { type KernelConfig, layoutOf, type ThpSwitch } from "../kernel/features.js";
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
  /** VERSION, or VERSION:SETTING=VALUE:... */
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
  const { version, settings } = parseKernel(kernel);
  const page = 2 ** layout.pageShift;
  const {
    softDirty = "true",
    hwDirty = "true",
    swap = "true",
    thp = "madvise",
    mthp,
    memory,
  } = settings;
  const config: KernelConfig = {
    version,
    architecture: descriptor.name,
    softDirty: softDirty === "true",
    // Without the parameter the CPU always sets the flags itself.
    hwDirty: hwDirty === "true" && mode.ha !== false && mode.hd !== false,
    layout: layoutOf(version, descriptor.name),
    thp: thp as ThpSwitch,
    mthp: middleOrder(mthp, page),
    swap: swap === "true",
    costs: DEFAULT_COSTS,
    page,
    frames: Math.floor((memory === undefined ? MEMORY_BYTES : bytesOf(memory)) / page),
  };
  return { kernel: config, mode, cpu };
}

/** "64m". */
function bytesOf(size: string): number {
  return Number.parseInt(size, 10) * 2 ** (size.endsWith("g") ? 30 : 20);
}

/** "64k" switches folios of that size on by madvise. */
function middleOrder(size: string | undefined, page: number): Map<number, ThpSwitch> {
  if (size === undefined) return new Map();
  return new Map([[Math.log2((Number.parseInt(size, 10) * 1024) / page), "madvise"]]);
}

const BOOLEAN = /^(true|false)$/;

/** Settings of a kernel, and what each may be. */
const SETTINGS: ReadonlyMap<string, readonly [pattern: RegExp, allowed: string]> = new Map([
  ["softDirty", [BOOLEAN, "true or false"]],
  ["hwDirty", [BOOLEAN, "true or false"]],
  ["memory", [/^([1-9]\d{0,3}m|[1-8]g)$/, "1m to 9999m, or 1g to 8g"]],
  ["swap", [BOOLEAN, "true or false"]],
  ["thp", [/^(always|madvise|never)$/, "always, madvise or never"]],
  ["mthp", [/^(16|32|64|128|256|512)k$/, "16k, 32k, 64k, 128k, 256k or 512k"]],
]);

interface KernelSelector {
  readonly version: string;
  readonly settings: Readonly<Record<string, string>>;
}

/** "6.18:softDirty=false:mthp=64k" -> the version, and how it was configured. */
function parseKernel(selector: string): KernelSelector {
  const [version = "", ...words] = selector.split(":");
  const settings: Record<string, string> = {};
  for (const word of words) {
    const [name = "", value = ""] = word.split("=");
    const setting = SETTINGS.get(name);
    if (setting === undefined) {
      const names = [...SETTINGS.keys()].join(", ");
      const allowed = `${names} are allowed (as in ${version}:softDirty=false)`;
      throw new MmulateError("USAGE", `kernel "${selector}": "${word}": ${allowed}`);
    }
    const [pattern, allowed] = setting;
    if (!pattern.test(value)) {
      throw new MmulateError("USAGE", `kernel "${selector}": "${word}": ${name} is ${allowed}`);
    }
    settings[name] = value;
  }
  return { version, settings };
}
