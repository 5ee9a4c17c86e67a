// Makes the simulated machine that a script runs on.

import type { CpuProfile } from "../../arch/cpu-schema.js";
import { CPUS } from "../../arch/cpus/index.js";
import { ARCHITECTURES } from "../../arch/index.js";
import { LINUX_LAYOUTS } from "../../arch/linux/index.js";
import type { LinuxLayout } from "../../arch/linux/schema.js";
import type { Core } from "../core/core.js";
import { MmulateError } from "../errors.js";
import { type KernelConfig, layoutOf } from "../kernel/features.js";
import { Kernel } from "../kernel/kernel.js";
import { compileLayout } from "../layout/compile.js";
import { type CpuOptions, compileCpu } from "../layout/cpu.js";
import { compileLinuxLayout } from "../layout/linux-layout.js";
import type { ModeInput } from "../layout/mode.js";

/** A kernel and its machine. */
export interface MachineConfig {
  readonly kernel: KernelConfig;
  /** Parameters of the architecture that are not those of a usual system under this kernel. */
  readonly mode: ModeInput;
  /** Name of the CPU profile. */
  readonly cpu: string;
  /** The profile as settings changed it; left out: as its name says. */
  readonly profile?: CpuProfile;
  /** Whether data goes through the caches, and whose guest the machine is. */
  readonly memory?: CpuOptions;
}

/**
 * Boots a kernel in a core; what the core held is forgotten.
 * @throws MmulateError CONFIG on an unknown architecture, CPU, kernel or layout
 */
export function bootMachine(
  core: Core,
  { kernel: config, mode, cpu, profile, memory }: MachineConfig,
): Kernel {
  const { architecture } = config;
  const descriptor = known(ARCHITECTURES, architecture, "architecture");
  const linux = known(
    LINUX_LAYOUTS,
    config.layout ?? layoutOf(config.version, architecture),
    "Linux layout",
  );
  const typical = { ...descriptor.typical.values, ...modeUnder(linux, config) };
  const hardware = compileLayout(descriptor, { ...typical, ...mode });
  core.reset(true);
  core.loadLayout(hardware);
  core.loadCpu(compileCpu(profile ?? known(CPUS, cpu, "CPU"), hardware, memory), 1);
  core.loadDemand(null);
  const compiled = compileLinuxLayout(linux, descriptor, hardware);
  return new Kernel({ core, hardware, linux: compiled, config });
}

/** What page size and CPU mean for the hardware's parameters. */
function modeUnder(linux: LinuxLayout, { page, hwDirty }: KernelConfig): ModeInput {
  const size = linux.pageSizes.find(({ bytes }) => bytes === page);
  if (size === undefined) {
    const sizes = linux.pageSizes.map(({ bytes }) => bytes).join(", ");
    throw new MmulateError(
      "CONFIG",
      `${linux.name}: pages of ${page} bytes, but ${sizes} is allowed`,
    );
  }
  return { ...size.mode, ...(hwDirty ? {} : (linux.softwareAccess?.mode ?? {})) };
}

function known<T>(map: ReadonlyMap<string, T>, name: string, what: string): T {
  const value = map.get(name);
  if (value !== undefined) return value;
  const names = [...map.keys()].join(", ");
  throw new MmulateError("CONFIG", `unknown ${what} "${name}"; known: ${names}`);
}
