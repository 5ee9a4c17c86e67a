// From selectors of architecture, kernel, CPU, layout and costs to a machine under a kernel.

import { COSTS, DEFAULT_COSTS } from "../../arch/costs/index.js";
import type { CostProfile } from "../../arch/costs/schema.js";
import { LINUX_LAYOUTS } from "../../arch/linux/index.js";
import { KERNEL_TAGS } from "../../arch/linux/kernel-tags.js";
import { KERNEL_VERSIONS } from "../../arch/linux/kernels.js";
import type { LinuxLayout } from "../../arch/linux/schema.js";
import type { Descriptor } from "../../arch/schema.js";
import { MmulateError } from "../errors.js";
import { checkVersion, type KernelConfig, layoutOf, type ThpSwitch } from "../kernel/features.js";
import { compileLayout } from "../layout/compile.js";
import { type CpuOptions, compileCpu } from "../layout/cpu.js";
import { compileLinuxLayout } from "../layout/linux-layout.js";
import type { ModeInput } from "../layout/mode.js";
import { type MachineConfig, machineParts } from "../scenario/machine.js";
import { unknown } from "../workload/parse.js";
import { costsForPages } from "./costs-of-pages.js";
import { exclusiveRules, KERNEL_SETTINGS, otherRules, softDirtyRules } from "./kernel-settings.js";
import { cpuNamed, NO_FILES, type OwnFiles, ownPartsOf, parseSelector } from "./plan.js";
import type { Settings } from "./settings.js";

/** How a machine is named. */
export interface MachineSelectors {
  /** NAME, or NAME:PARAMETER=VALUE:... */
  readonly arch: string;
  /** VERSION, or VERSION:SETTING=VALUE:... */
  readonly kernel: string;
  readonly cpu: string;
  /** In place of that of the version, for the architecture that it is made for. */
  readonly linuxLayout?: string;
}

/** What of a machine neither architecture, kernel nor CPU says. */
export interface MachineExtras {
  readonly own?: OwnFiles | undefined;
  readonly costs?: CostProfile;
  readonly cpus?: number;
  readonly memory?: CpuOptions;
  /** Bytes of simulated memory where the kernel's selector says none. */
  readonly bytes?: number | undefined;
  /** In place of bytes: base pages, but no less than a small machine has. */
  readonly pages?: number | undefined;
}

/** The newest kernel that the model knows. */
export const DEFAULT_KERNEL: string = KERNEL_VERSIONS.at(-1) ?? "";

/** Bytes of simulated memory, as of the machines that recorded; of a small machine. */
export const MEMORY_BYTES = 2 ** 31;
const LEAST_BYTES = 2 ** 28;

/**
 * A machine as its selectors say.
 * @throws MmulateError USAGE or CONFIG for a name or combination that does not exist
 */
export function machineOf(
  { arch, kernel, cpu, linuxLayout }: MachineSelectors,
  settings: Settings,
  extras: MachineExtras = {},
): MachineConfig {
  const { own = NO_FILES, costs = DEFAULT_COSTS, cpus = 1, memory } = extras;
  const { descriptor, mode: selected, set } = parseSelector(arch, own);
  const changed = settings.mode(descriptor);
  const mode = { ...selected, ...changed };
  const named = cpuNamed(cpu, own);
  const profile = settings.cpu(named) ?? named;
  const { version, settings: words } = parseKernel(withWords(kernel, settings), descriptor.name);
  const linux = linuxOf(version, descriptor, linuxLayout, own);
  const page = 2 ** compileLayout(descriptor, mode).pageShift;
  const { softDirty = "true", hwDirty = "true", swap = "true", thp = "madvise" } = words;
  const config: KernelConfig = {
    version,
    architecture: descriptor.name,
    softDirty: softDirty === "true",
    hwDirty: hwDirty === "true" && !leavesToSoftware(linux, mode),
    layout: linux.name,
    thp: thp as ThpSwitch,
    mthp: middleOrders(words.mthp, page),
    swap: swap === "true",
    ...exclusiveRules(words),
    bbml2: words.bbml2 === "true",
    rangeFlush: words.rangeFlush === "true",
    ...(words.faultAround === undefined ? {} : { faultAround: bytesOf(words.faultAround) }),
    ...softDirtyRules(words),
    ...otherRules(words),
    costs: settings.costs(costsForPages(costs, page)),
    cpus,
    page,
    frames: framesOf(words.memory, extras, page),
  };
  const parts = { ...ownPartsOf({ descriptor, profile }).own, ...ownLinuxOf(linux) };
  const machine: MachineConfig = {
    kernel: config,
    mode: { ...set, ...changed },
    cpu: profile.name,
    ...(Object.keys(parts).length > 0 ? { own: parts } : {}),
    ...(memory === undefined ? {} : { memory }),
  };
  const { hardware } = machineParts(machine);
  compileCpu(profile, hardware, memory);
  compileLinuxLayout(linux, descriptor, hardware);
  return machine;
}

/**
 * A cost profile by name, or by the path of a file that was read.
 * @throws MmulateError USAGE naming those that exist
 */
export function costsNamed(name: string, own: OwnFiles = NO_FILES): CostProfile {
  const costs = own.costs.get(name) ?? COSTS.get(name);
  if (costs === undefined) throw unknown("cost profile", name, COSTS);
  return costs;
}

/**
 * A Linux layout by name, or by the path of a file that was read.
 * @throws MmulateError USAGE naming those that exist
 */
export function linuxNamed(name: string, own: OwnFiles = NO_FILES): LinuxLayout {
  const linux = own.layouts.get(name) ?? LINUX_LAYOUTS.get(name);
  if (linux === undefined) throw unknown("Linux layout", name, LINUX_LAYOUTS);
  return linux;
}

/** The layout that was named, for the architecture it is made for; else that of the version. */
function linuxOf(
  version: string,
  { name }: Descriptor,
  named: string | undefined,
  own: OwnFiles,
): LinuxLayout {
  checkVersion(version);
  const given = named === undefined ? undefined : linuxNamed(named, own);
  return given?.architecture === name ? given : linuxNamed(layoutOf(version, name));
}

/** What a cell must carry along, because no name leads to it. */
function ownLinuxOf(linux: LinuxLayout): { linux?: LinuxLayout } {
  return LINUX_LAYOUTS.get(linux.name) === linux ? {} : { linux };
}

/** A parameter has the value of a CPU that leaves accessed and dirty to software. */
function leavesToSoftware({ softwareAccess }: LinuxLayout, mode: ModeInput): boolean {
  return Object.entries(softwareAccess?.mode ?? {}).some(([name, value]) => mode[name] === value);
}

/** A kernel's selector with the settings that are set; the last word of a name counts. */
function withWords(selector: string, settings: Settings): string {
  const { version, ...words } = settings.words("kernel", ["version", ...KERNEL_SETTINGS.keys()]);
  const [named = "", ...own] = selector.split(":");
  const set = Object.entries(words).map(([name, value]) => `${name}=${value}`);
  return [version ?? named, ...own, ...set].join(":");
}

/** Frames of what the selector says, else of what is asked for. */
function framesOf(
  said: string | undefined,
  { bytes = MEMORY_BYTES, pages }: MachineExtras,
  page: number,
): number {
  const asked = pages === undefined ? bytes : Math.max(LEAST_BYTES, pages * page);
  return Math.floor((said === undefined ? asked : bytesOf(said)) / page);
}

const UNITS: Readonly<Record<string, number>> = { k: 10, m: 20, g: 30 };

/** "64m". */
function bytesOf(size: string): number {
  return Number.parseInt(size, 10) * 2 ** (UNITS[size.slice(-1)] ?? 0);
}

/** Bytes of an entry: a page holds a table of them, which spans a huge page. */
const ENTRY_BYTES = 8;

/**
 * "64k+2m" switches folios of these sizes on by madvise.
 * @throws MmulateError USAGE for a size that is no folio's between a base page and a huge one
 */
function middleOrders(sizes: string | undefined, page: number): Map<number, ThpSwitch> {
  const orders = new Map<number, ThpSwitch>();
  const hugeOrder = Math.log2(page / ENTRY_BYTES);
  for (const size of sizes?.split("+") ?? []) {
    const bytes = Number.parseInt(size, 10) * (size.endsWith("m") ? 2 ** 20 : 2 ** 10);
    const order = Math.log2(bytes / page);
    if (!Number.isInteger(order) || order < 1 || order >= hugeOrder) {
      const [least, most] = [2 * page, (page * 2 ** hugeOrder) / 2].map((each) => each / 1024);
      const allowed = `powers of two from ${least}k to ${most}k with pages of ${page / 1024}k`;
      throw new MmulateError("USAGE", `kernel: "mthp=${size}": ${allowed} are allowed`);
    }
    orders.set(order, "madvise");
  }
  return orders;
}

interface KernelSelector {
  readonly version: string;
  readonly settings: Readonly<Record<string, string>>;
}

/**
 * "6.18:softDirty=false:mthp=64k" -> the version, and how it was configured; a recorded kernel's tag stands for both,
 * on its own architecture.
 */
function parseKernel(selector: string, architecture: string): KernelSelector {
  const [name = "", ...words] = selector.split(":");
  const tag = KERNEL_TAGS.get(name);
  if (tag !== undefined && tag.architecture !== architecture) {
    throw new MmulateError(
      "USAGE",
      `kernel "${name}" is one of ${tag.architecture}, not of ${architecture} (--arch ${tag.architecture})`,
    );
  }
  const version = tag?.version ?? name;
  const settings: Record<string, string> = { ...tag?.settings };
  for (const word of words) {
    const [key = "", value = ""] = word.split("=");
    const setting = KERNEL_SETTINGS.get(key);
    if (setting === undefined) {
      const names = [...KERNEL_SETTINGS.keys()].join(", ");
      const allowed = `${names} are allowed (as in ${version}:softDirty=false)`;
      throw new MmulateError("USAGE", `kernel "${selector}": "${word}": ${allowed}`);
    }
    const [pattern, allowed] = setting;
    if (!pattern.test(value)) {
      throw new MmulateError("USAGE", `kernel "${selector}": "${word}": ${key} is ${allowed}`);
    }
    settings[key] = value;
  }
  return { version, settings };
}
