// From scripts, architectures, kernels and CPUs to cells: every combination, checked before any is played.

import { DEFAULT_COSTS } from "../../arch/costs/index.js";
import type { CostProfile } from "../../arch/costs/schema.js";
import { LINUX_LAYOUTS } from "../../arch/linux/index.js";
import { KERNEL_VERSIONS } from "../../arch/linux/kernels.js";
import type { LinuxLayout } from "../../arch/linux/schema.js";
import type { Descriptor } from "../../arch/schema.js";
import { MmulateError } from "../errors.js";
import { checkVersion, type KernelConfig, layoutOf, type ThpSwitch } from "../kernel/features.js";
import { compileLayout } from "../layout/compile.js";
import { compileCpu } from "../layout/cpu.js";
import { compileLinuxLayout } from "../layout/linux-layout.js";
import type { ModeInput } from "../layout/mode.js";
import { type MachineConfig, machineParts } from "../scenario/machine.js";
import { type Operation, parseScript } from "../scenario/script.js";
import { cpuNamed, type OwnFiles, ownPartsOf, parseSelector } from "./plan.js";

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
  /** What selectors name that are files. */
  readonly own?: OwnFiles | undefined;
  /** In place of that of the version, for the architecture that it is made for. */
  readonly linux?: LinuxLayout | undefined;
  /** What kernel work costs; left out, the default. */
  readonly costs?: CostProfile | undefined;
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
export function planScripts(request: ScriptRequest): ScriptCell[] {
  const { inputs, archs, kernels, cpus } = request;
  for (const [name, list] of Object.entries({ inputs, archs, kernels, cpus })) {
    if (list.length === 0) throw new MmulateError("USAGE", `${name}: none was named`);
  }
  refuseUnused(request);
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
            machine: machineOf(request, arch, kernel, cpu),
          });
        }
      }
    }
  }
  return cells;
}

/** A layout for none of the architectures would be passed over in silence. */
function refuseUnused({ archs, own, linux }: ScriptRequest): void {
  if (linux === undefined) return;
  const names = archs.map((arch) => parseSelector(arch, own).descriptor.name);
  if (names.includes(linux.architecture)) return;
  throw new MmulateError(
    "CONFIG",
    `${linux.name} is a layout of ${linux.architecture}; the run has ${names.join(", ")}`,
  );
}

function machineOf(
  { own, linux: given, costs = DEFAULT_COSTS }: ScriptRequest,
  arch: string,
  kernel: string,
  cpu: string,
): MachineConfig {
  const { descriptor, mode, set } = parseSelector(arch, own);
  const profile = cpuNamed(cpu, own);
  const { version, settings } = parseKernel(kernel);
  const linux = linuxOf(version, descriptor, given);
  const page = 2 ** compileLayout(descriptor, mode).pageShift;
  const { softDirty = "true", hwDirty = "true", swap = "true", thp = "madvise", mthp } = settings;
  const config: KernelConfig = {
    version,
    architecture: descriptor.name,
    softDirty: softDirty === "true",
    hwDirty: hwDirty === "true" && !leavesToSoftware(linux, mode),
    layout: linux.name,
    thp: thp as ThpSwitch,
    mthp: middleOrder(mthp, page),
    swap: swap === "true",
    costs,
    page,
    frames: MEMORY_BYTES / page,
  };
  const parts = { ...ownPartsOf({ descriptor, profile }).own, ...ownLinuxOf(linux) };
  const machine: MachineConfig = {
    kernel: config,
    mode: set,
    cpu: profile.name,
    ...(Object.keys(parts).length > 0 ? { own: parts } : {}),
  };
  const { hardware } = machineParts(machine);
  compileCpu(profile, hardware);
  compileLinuxLayout(linux, descriptor, hardware);
  return machine;
}

/** The layout that was given, for the architecture it is made for; else that of the version. */
function linuxOf(version: string, { name }: Descriptor, given?: LinuxLayout): LinuxLayout {
  checkVersion(version);
  if (given?.architecture === name) return given;
  const known = layoutOf(version, name);
  const linux = LINUX_LAYOUTS.get(known);
  if (linux === undefined) throw new MmulateError("INTERNAL", `no Linux layout "${known}"`);
  return linux;
}

/** What a cell must carry along, because no name leads to it. */
function ownLinuxOf(linux: LinuxLayout): { linux?: LinuxLayout } {
  return LINUX_LAYOUTS.get(linux.name) === linux ? {} : { linux };
}

/** A parameter has the value of a CPU that leaves accessed and dirty to software. */
function leavesToSoftware({ softwareAccess }: LinuxLayout, mode: ModeInput): boolean {
  return Object.entries(softwareAccess?.mode ?? {}).some(([name, value]) => mode[name] === value);
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
