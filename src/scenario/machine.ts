// Makes the simulated machine that a script runs on.

import type { CpuProfile } from "../../arch/cpu-schema.js";
import { CPUS } from "../../arch/cpus/index.js";
import { ARCHITECTURES } from "../../arch/index.js";
import { LINUX_LAYOUTS } from "../../arch/linux/index.js";
import type { LinuxLayout } from "../../arch/linux/schema.js";
import type { Descriptor } from "../../arch/schema.js";
import type { Core } from "../core/core.js";
import { MmulateError } from "../errors.js";
import { type KernelConfig, layoutOf } from "../kernel/features.js";
import { Kernel } from "../kernel/kernel.js";
import { compileLayout } from "../layout/compile.js";
import type { CompiledLayout } from "../layout/compiled.js";
import { type CpuOptions, compileCpu } from "../layout/cpu.js";
import { compileLinuxLayout } from "../layout/linux-layout.js";
import type { ModeInput } from "../layout/mode.js";
import { DEFAULT_PAE, PAE_SCHEMES } from "../pae/index.js";

/** A kernel and its machine. */
export interface MachineConfig {
  readonly kernel: KernelConfig;
  /** Parameters of the architecture that are not those of a usual system under this kernel. */
  readonly mode: ModeInput;
  /** Name of the CPU profile. */
  readonly cpu: string;
  /** What a user's files or settings say, in place of what ships under a name. */
  readonly own?: OwnParts;
  /** Whether data goes through the caches, and whose guest the machine is. */
  readonly memory?: CpuOptions;
}

/** Parts of a machine that a user wrote or changed. */
export interface OwnParts {
  readonly architecture?: Descriptor | undefined;
  readonly linux?: LinuxLayout | undefined;
  readonly cpu?: CpuProfile | undefined;
}

/** What a machine's configuration names, found and compiled. */
export interface MachineParts {
  readonly descriptor: Descriptor;
  readonly linux: LinuxLayout;
  readonly profile: CpuProfile;
  readonly hardware: CompiledLayout;
}

/**
 * Finds the parts of a machine, and compiles its hardware for the kernel that runs on it.
 * @throws MmulateError CONFIG on an unknown architecture, CPU, kernel or layout
 */
export function machineParts({ kernel: config, mode, cpu, own }: MachineConfig): MachineParts {
  const { architecture } = config;
  const descriptor = own?.architecture ?? known(ARCHITECTURES, architecture, "architecture");
  const linux = own?.linux ?? linuxOf(config);
  const typical = { ...descriptor.typical.values, ...modeUnder(linux, config) };
  const hardware = compileLayout(descriptor, { ...typical, ...mode });
  return { descriptor, linux, profile: own?.cpu ?? known(CPUS, cpu, "CPU"), hardware };
}

/** The layout that is named, else that of the version. */
function linuxOf({ layout, version, architecture }: KernelConfig): LinuxLayout {
  return known(LINUX_LAYOUTS, layout ?? layoutOf(version, architecture), "Linux layout");
}

/**
 * Boots a kernel in a core; what the core held is forgotten.
 * @param cpus CPUs, where they are to be others than the kernel's configuration has
 * @throws MmulateError CONFIG on an unknown architecture, CPU, kernel or layout
 */
export function bootMachine(
  core: Core,
  machine: MachineConfig,
  cpus = machine.kernel.cpus ?? 1,
): Kernel {
  const { descriptor, linux, profile, hardware } = machineParts(machine);
  core.reset(true);
  core.loadLayout(hardware);
  core.loadCpu(compileCpu(profile, hardware, machine.memory), cpus);
  core.loadDemand(null);
  const pae = known(PAE_SCHEMES, machine.kernel.pae ?? DEFAULT_PAE, "scheme of PageAnonExclusive");
  const layout = pae.ownBit === true ? withOwnBit(linux, pae.name) : linux;
  const compiled = compileLinuxLayout(layout, descriptor, hardware);
  return new Kernel({ core, hardware, linux: compiled, config: machine.kernel, pae, cpus });
}

/**
 * The layout with a bit for `exclusive` in present entries: its own, or its spare one.
 * @throws MmulateError CONFIG when it has neither
 */
function withOwnBit(linux: LinuxLayout, scheme: string): LinuxLayout {
  if (linux.flags.exclusive !== undefined) return linux;
  const { spare } = linux;
  if (spare === undefined) {
    throw new MmulateError("CONFIG", `${scheme}: ${linux.name} has no bit to spare in entries`);
  }
  const { bits, ...fact } = spare;
  const field = { name: "EXCLUSIVE", bits, of: "present" as const, means: "exclusive", ...fact };
  const flag = {
    tests: [{ EXCLUSIVE: 1 }],
    set: [{ to: { EXCLUSIVE: 1 } }],
    clear: [{ to: { EXCLUSIVE: 0 } }],
    ...fact,
  };
  return { ...linux, fields: [...linux.fields, field], flags: { ...linux.flags, exclusive: flag } };
}

/** What page size, CPU and configuration mean for the hardware's parameters. */
function modeUnder(linux: LinuxLayout, { page, hwDirty, softDirty }: KernelConfig): ModeInput {
  const size = linux.pageSizes.find(({ bytes }) => bytes === page);
  if (size === undefined) {
    const sizes = linux.pageSizes.map(({ bytes }) => bytes).join(", ");
    throw new MmulateError(
      "CONFIG",
      `${linux.name}: pages of ${page} bytes, but ${sizes} is allowed`,
    );
  }
  return {
    ...size.mode,
    ...(hwDirty ? {} : (linux.softwareAccess?.mode ?? {})),
    ...(softDirty ? {} : (linux.withoutSoftDirty?.mode ?? {})),
  };
}

function known<T>(map: ReadonlyMap<string, T>, name: string, what: string): T {
  const value = map.get(name);
  if (value !== undefined) return value;
  const names = [...map.keys()].join(", ");
  throw new MmulateError("CONFIG", `unknown ${what} "${name}"; known: ${names}`);
}
