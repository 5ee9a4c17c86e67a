// userfaultfd in write-protect mode (fs/userfaultfd.c, mm/userfaultfd.c).

import { noMemory } from "./allocation.js";
import { changeProtection } from "./change-protection.js";
import type { Errno } from "./errno.js";
import { isHugetlb, mayCut } from "./hugetlb.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { gathering } from "./mmu-gather.js";
import { wantsManualUpgrade } from "./mprotect.js";
import { syscall } from "./syscall.js";
import type { UffdContext } from "./userfaultfd-context.js";
import { VM_UFFD_WP } from "./vm-flags.js";
import type { Vma } from "./vma.js";
import { modifyVma } from "./vma-merge.js";

/** The mode of a registration, as the scenario language names it. */
export interface UffdMode {
  readonly async: boolean;
  readonly unpopulated: boolean;
  /** The proposal (userfaultfd-context.ts). */
  readonly softDirty?: boolean;
}

/** A process's userfaultfd of a mode; EINVAL where the kernel, or the layout, has no such feature (UFFDIO_API). */
function contextOf(
  kernel: Kernel,
  mm: Mm,
  { async, unpopulated, softDirty = false }: UffdMode,
): UffdContext | Errno {
  if (!kernel.mmu.linux.has.uffdWp) return "EINVAL";
  if (softDirty && !kernel.softDirty) return "EINVAL";
  if (softDirty && mm.clearedRefs) return "EBUSY";
  if (async && !softDirty && !kernel.has("wpAsync")) return "EINVAL";
  if (unpopulated && !kernel.has("wpUnpopulated")) return "EINVAL";
  const names = [async ? "async" : "sync", ...(unpopulated ? ["unpopulated"] : [])];
  const name = [...names, ...(softDirty ? ["soft-dirty"] : [])].join("+");
  let context = mm.uffds.get(name);
  if (context === undefined) {
    if (noMemory(kernel)) return "ENOMEM";
    context = { async, unpopulated: unpopulated || (async && !softDirty), softDirty };
    mm.uffds.set(name, context);
  }
  return context;
}

/** UFFDIO_REGISTER with MODE_WP. */
export function uffdRegister(
  kernel: Kernel,
  mm: Mm,
  start: number,
  end: number,
  mode: UffdMode,
): Errno {
  return syscall(kernel, mm, "write", () => {
    const context = contextOf(kernel, mm, mode);
    if (typeof context !== "object") return context;
    // Behind every range lies some mapping, at least the stack: ENOMEM, which says there is none, is not seen.
    const vmas = mm.vmas.within(start, end);
    if (vmas.length === 0 || !bordersFit(vmas, start, end)) return "EINVAL";
    if (vmas.some((vma) => !canBeWatched(kernel, vma, context))) return "EINVAL";
    if (vmas.some(({ uffd }) => uffd !== null && uffd !== context)) return "EBUSY";
    return vmas.every((vma) => register(kernel, mm, vma, start, end, context)) ? 0 : "ENOMEM";
  });
}

/** vma_can_userfault: of files only with asynchronous write-protection, which needs nobody to tell. */
function canBeWatched(kernel: Kernel, { object }: Vma, { async }: UffdContext): boolean {
  return object === null || object.file === null || (async && kernel.has("wpAsync"));
}

/** The first mapping and the last one have no border inside of a huge page of a pool. */
function bordersFit(vmas: readonly Vma[], start: number, end: number): boolean {
  const [first] = vmas;
  const last = vmas.at(-1);
  const fits = (vma: Vma | undefined, at: number): boolean =>
    vma === undefined || !isHugetlb(vma) || at % vma.huge.pool.pages === 0;
  return fits(first, start) && (last === undefined || end > last.end || fits(last, end));
}

function register(
  kernel: Kernel,
  mm: Mm,
  vma: Vma,
  start: number,
  end: number,
  context: UffdContext,
): boolean {
  if (vma.uffd === context && (vma.flags & VM_UFFD_WP) !== 0) return true;
  const change = { flags: vma.flags | VM_UFFD_WP, uffd: context };
  const to = Math.min(end, vma.end);
  return modifyVma(kernel, mm, vma, Math.max(start, vma.start), to, change) !== null;
}

/** UFFDIO_UNREGISTER: protections and markers of the range go with the registration. */
export function uffdUnregister(kernel: Kernel, mm: Mm, start: number, end: number): Errno {
  return syscall(kernel, mm, "write", () => {
    const vmas = mm.vmas.within(start, end);
    if (vmas.length === 0 || !bordersFit(vmas.slice(0, 1), start, start)) return "EINVAL";
    for (const vma of vmas) {
      if (vma.uffd === null) continue;
      const from = Math.max(start, vma.start);
      const to = Math.min(end, vma.end);
      if ((vma.flags & VM_UFFD_WP) !== 0) protectRange(kernel, mm, vma, from, to, "off");
      if (!mayCut(kernel, mm, vma, from, to)) return "EINVAL";
      const change = { flags: vma.flags & ~VM_UFFD_WP, uffd: null };
      if (modifyVma(kernel, mm, vma, from, to, change) === null) return "ENOMEM";
    }
    return 0;
  });
}

/** uffd_wp_range. Up to 6.2 nobody is told that there was no memory for markers. */
function protectRange(
  kernel: Kernel,
  mm: Mm,
  vma: Vma,
  start: number,
  end: number,
  uffdWp: "on" | "off",
): Errno {
  const upgrade =
    uffdWp === "off" && kernel.has("wpOffUpgrades") && wantsManualUpgrade(kernel, vma);
  const change = { upgrade, uffdWp };
  const fits = gathering(kernel, mm, (gather) => changeProtection(gather, vma, start, end, change));
  return fits || !kernel.has("wpTellsNoMemory") ? 0 : "ENOMEM";
}

/** All that is asked for is whole huge pages, where one of the mappings is of such. */
function isWhole(vma: Vma, start: number, end: number): boolean {
  return !isHugetlb(vma) || (start % vma.huge.pool.pages === 0 && end % vma.huge.pool.pages === 0);
}

/** UFFDIO_WRITEPROTECT (`mwriteprotect_range`). */
export function uffdWriteProtect(
  kernel: Kernel,
  mm: Mm,
  start: number,
  end: number,
  uffdWp: "on" | "off",
): Errno {
  return syscall(kernel, mm, "read", () => {
    // validate_range comes before any look at mappings.
    if (end <= start) return "EINVAL";
    const vmas = mm.vmas.within(start, end);
    if (!kernel.has("wpRangeOverVmas")) {
      const [vma] = vmas;
      const inside = vma !== undefined && vma.start <= start && vma.end >= end;
      if (!inside || (vma.flags & VM_UFFD_WP) === 0) return "ENOENT";
      if (!isWhole(vma, start, end)) return "EINVAL";
      return protectRange(kernel, mm, vma, start, end, uffdWp);
    }
    if (vmas.length === 0) return "ENOENT";
    for (const vma of vmas) {
      if ((vma.flags & VM_UFFD_WP) === 0) return "ENOENT";
      if (!isWhole(vma, start, end)) return "EINVAL";
      const to = Math.min(end, vma.end);
      const errno = protectRange(kernel, mm, vma, Math.max(start, vma.start), to, uffdWp);
      if (errno !== 0) return errno;
    }
    return 0;
  });
}
