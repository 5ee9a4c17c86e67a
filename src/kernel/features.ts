// Which kernel is modelled: a version, its features (arch/linux/kernels.ts), and how it was configured.

import type { CostProfile } from "../../arch/costs/schema.js";
import {
  type Feature,
  KERNEL_FEATURES,
  KERNEL_LAYOUTS,
  KERNEL_VERSIONS,
} from "../../arch/linux/kernels.js";
import { MmulateError } from "../errors.js";
import { hintFor } from "../layout/nearest.js";

/** A sysfs switch of one size: transparent_hugepage/enabled, hugepages-64kB/enabled. */
export type ThpSwitch = "always" | "madvise" | "never";

/**
 * What VM_SOFTDIRTY means to merging VMAs.
 *
 * - plain: nothing, and the survivor keeps its own or takes that of the part that changed (from 3.14 on)
 * - sticky: nothing, and the survivor has it where one of the parts had (from 6.19 on)
 * - unmerged: VMAs that differ in it stay apart, but a new mapping is compared before it gets it (before 3.14,
 *   commit 34228d47)
 * - apart: the same, compared with it (no kernel; what makes a new mapping leave its neighbours alone)
 */
export const VM_SOFT_DIRTY_RULES = ["plain", "sticky", "unmerged", "apart"] as const;
export type VmSoftDirtyRule = (typeof VM_SOFT_DIRTY_RULES)[number];

/**
 * Who makes an entry soft-dirty where a page is written: pte_mkdirty, and with it whoever makes an entry dirty for
 * reasons of its own (collapse, remapping), write faults alone, or nobody.
 */
export const SOFT_DIRTY_SETTERS = ["mkdirty", "faults", "nobody"] as const;
export type SoftDirtySetter = (typeof SOFT_DIRTY_SETTERS)[number];

/**
 * Contiguous groups whose entries differ in soft-dirty: they are not folded (the bit is one of the attributes that must
 * agree), or all get the bit that one has, or the bit is kept elsewhere and does not matter.
 */
export const SOFT_DIRTY_FOLDS = ["agree", "or", "apart"] as const;
export type SoftDirtyFold = (typeof SOFT_DIRTY_FOLDS)[number];

/**
 * What pages are swapped to, and how they come back.
 *
 * - sync: a synchronous device (zram): a page with one user comes back without the swap cache (SWP_SYNCHRONOUS_IO)
 * - disk: every page comes back through the swap cache
 * - stable: the same; the device wants pages that do not change while it writes them (SWP_STABLE_WRITES), and is still
 *   writing when reclaim is done with a page, until the script says that it is through
 */
export const SWAP_DEVICES = ["sync", "disk", "stable"] as const;
export type SwapDevice = (typeof SWAP_DEVICES)[number];

/** Configuration of a kernel, beside its version. */
export interface KernelConfig {
  /** "6.12": one of `KERNEL_VERSIONS`. */
  readonly version: string;
  readonly architecture: string;
  /** CONFIG_MEM_SOFT_DIRTY, where the layout has room for it. */
  readonly softDirty: boolean;
  /** Left out = as the version has it. */
  readonly vmSoftDirty?: VmSoftDirtyRule;
  /** Left out = as the layout has it: pte_mkdirty, or nobody. */
  readonly softDirtyBy?: SoftDirtySetter;
  /** Left out = they must agree. */
  readonly softDirtyFold?: SoftDirtyFold;
  /** Soft-dirty bits stand beside the page table, at a price (beside.ts). */
  readonly softDirtyBeside?: boolean;
  /** The CPU sets access flag and dirty state; else faults do. */
  readonly hwDirty: boolean;
  /** arm64: FEAT_BBM level 2 without conflict aborts; left out = not there. */
  readonly bbml2?: boolean;
  /** Operations that drop a range of pages (FEAT_TLBIRANGE); left out = not there. */
  readonly rangeFlush?: boolean;
  /** Bytes around a read fault whose cached pages are mapped along (fault_around_bytes); left out = 64 KiB. */
  readonly faultAround?: number;
  /** Bytes of a base page. */
  readonly page: number;
  /** Name of the Linux layout; left out = that of the version. */
  readonly layout?: string;
  /** transparent_hugepage/enabled, and hugepages-SIZE/enabled by order. */
  readonly thp: ThpSwitch;
  readonly mthp: ReadonlyMap<number, ThpSwitch>;
  /** CPUs; one unless said. A userfaultfd's monitor waits on the last one. */
  readonly cpus?: number;
  /** Most VMAs of a process (map-count.ts); left out = as it is without being set. */
  readonly maxMapCount?: number;
  /** What secondary MMUs do when entries change (src/kvm/policies); left out = as this version does. */
  readonly mmuPolicy?: string;
  /** What kernel work costs. */
  readonly costs: CostProfile;
  /** There is a swap device. */
  readonly swap: boolean;
  /** Left out = a synchronous one. */
  readonly swapDevice?: SwapDevice;
  /** Scheme of PageAnonExclusive (src/pae); left out = today's. */
  readonly pae?: string;
  /** Safeguards that are taken out (safeguards.ts); left out = none. */
  readonly without?: readonly string[];
  /** Page frames of the machine. */
  readonly frames: number;
}

/** "6.12" -> 6012, so that versions compare. */
function order(version: string): number {
  const [major = "0", minor = "0"] = version.split(".");
  return Number(major) * 1000 + Number(minor);
}

/** Features that a version has. */
export function featuresOf(version: string, onArchitecture: string): ReadonlySet<Feature> {
  const at = order(version);
  const has = [...KERNEL_FEATURES].filter(
    ([, { sinceOn, until, backported = [], architecture = onArchitecture, ...fact }]) => {
      if (architecture !== onArchitecture) return false;
      const since = sinceOn?.[onArchitecture] ?? fact.since;
      const begun = since === undefined || at >= order(since) || backported.includes(version);
      return begun && (until === undefined || at < order(until));
    },
  );
  return new Set(has.map(([name]) => name));
}

/** @throws MmulateError CONFIG when the version is none that the model knows */
export function checkVersion(version: string): void {
  if ((KERNEL_VERSIONS as readonly string[]).includes(version)) return;
  throw new MmulateError(
    "CONFIG",
    `kernel "${version}": one of ${KERNEL_VERSIONS.join(", ")} is allowed${hintFor(version, KERNEL_VERSIONS)}`,
  );
}

/**
 * Name of the Linux layout of a kernel.
 * @throws MmulateError CONFIG when the version is none that the model knows, or older than the architecture's
 * first layout
 */
export function layoutOf(version: string, architecture: string): string {
  checkVersion(version);
  const rows = KERNEL_LAYOUTS.filter(
    (row) => row.architecture === architecture && order(row.since) <= order(version),
  );
  const layout = rows.at(-1)?.layout;
  if (layout === undefined) {
    throw new MmulateError("CONFIG", `no layout of Linux ${version} on ${architecture} is known`);
  }
  return layout;
}
