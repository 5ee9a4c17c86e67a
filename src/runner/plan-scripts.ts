// From scripts, architectures, kernels and CPUs to cells: every combination, checked before any is played.

import { DEFAULT_COSTS } from "../../arch/costs/index.js";
import { KERNEL_VERSIONS } from "../../arch/linux/kernels.js";
import type { Setting, SetValues } from "../config/setting.js";
import { MmulateError } from "../errors.js";
import { type KernelConfig, layoutOf, type ThpSwitch } from "../kernel/features.js";
import { compileLayout } from "../layout/compile.js";
import { compileCpu } from "../layout/cpu.js";
import type { MachineConfig } from "../scenario/machine.js";
import { type Operation, parseScript } from "../scenario/script.js";
import { cpuNamed, parseSelector } from "./plan.js";
import { Settings } from "./settings.js";

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
  /** Values changed by path (src/runner/settings.ts). */
  readonly settings?: readonly Setting[];
}

/** One script on one machine. */
export interface ScriptCell {
  readonly id: string;
  readonly labels: Readonly<Record<"input" | "arch" | "kernel" | "cpu", string>>;
  readonly operations: readonly Operation[];
  readonly machine: MachineConfig;
  /** Settings that changed something, by path. */
  readonly set?: SetValues;
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
export function planScripts(request: ScriptRequest): ScriptCell[] {
  const { inputs, archs, kernels, cpus } = request;
  for (const [name, list] of Object.entries({ inputs, archs, kernels, cpus })) {
    if (list.length === 0) throw new MmulateError("USAGE", `${name}: none was named`);
  }
  const settings = new Settings(request.settings);
  const set = settings.values;
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
            machine: machineOf(arch, kernel, cpu, settings),
            ...(set === undefined ? {} : { set }),
          });
        }
      }
    }
  }
  settings.checkUsed();
  return cells;
}

function machineOf(arch: string, kernel: string, cpu: string, settings: Settings): MachineConfig {
  const { descriptor, mode: selected } = parseSelector(arch);
  const mode = { ...selected, ...settings.mode(descriptor) };
  const layout = compileLayout(descriptor, mode);
  const profile = settings.cpu(cpuNamed(cpu));
  compileCpu(profile ?? cpuNamed(cpu), layout);
  const { version, settings: words } = parseKernel(withWords(kernel, settings));
  const page = 2 ** layout.pageShift;
  const { softDirty = "true", hwDirty = "true", swap = "true", thp = "madvise", mthp } = words;
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
    costs: settings.costs(DEFAULT_COSTS),
    page,
    frames: MEMORY_BYTES / page,
  };
  return { kernel: config, mode, cpu, ...(profile === undefined ? {} : { profile }) };
}

/** A kernel's selector with the settings that are set; the last word of a name counts. */
function withWords(selector: string, settings: Settings): string {
  const { version, ...words } = settings.words("kernel", ["version", ...KERNEL_SETTINGS.keys()]);
  const [named = "", ...own] = selector.split(":");
  const set = Object.entries(words).map(([name, value]) => `${name}=${value}`);
  return [version ?? named, ...own, ...set].join(":");
}

/** "64k" switches folios of that size on by madvise. */
function middleOrder(size: string | undefined, page: number): Map<number, ThpSwitch> {
  if (size === undefined) return new Map();
  return new Map([[Math.log2((Number.parseInt(size, 10) * 1024) / page), "madvise"]]);
}

const BOOLEAN = /^(true|false)$/;

/** Settings of a kernel, and what each may be. */
export const KERNEL_SETTINGS: ReadonlyMap<string, readonly [pattern: RegExp, allowed: string]> =
  new Map([
    ["softDirty", [BOOLEAN, "true or false"]],
    ["hwDirty", [BOOLEAN, "true or false"]],
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
    const setting = KERNEL_SETTINGS.get(name);
    if (setting === undefined) {
      const names = [...KERNEL_SETTINGS.keys()].join(", ");
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
