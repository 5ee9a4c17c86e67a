// userfaultfd in write-protect mode (fs/userfaultfd.c, mm/userfaultfd.c).

import { noMemory } from "./allocation.js";
import { changeProtection } from "./change-protection.js";
import type { Errno } from "./errno.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
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
}

/** A process's userfaultfd of a mode; EINVAL where the kernel has no such feature. */
function contextOf(kernel: Kernel, mm: Mm, { async, unpopulated }: UffdMode): UffdContext | Errno {
  if (async && !kernel.has("wpAsync")) return "EINVAL";
  if (unpopulated && !kernel.has("wpUnpopulated")) return "EINVAL";
  const name = `${async ? "async" : "sync"}${unpopulated ? "+unpopulated" : ""}`;
  let context = mm.uffds.get(name);
  if (context === undefined) {
    if (noMemory(kernel)) return "ENOMEM";
    context = { async, unpopulated: unpopulated || async };
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
    if (vmas.length === 0) return "EINVAL";
    if (vmas.some(({ uffd }) => uffd !== null && uffd !== context)) return "EBUSY";
    return vmas.every((vma) => register(kernel, mm, vma, start, end, context)) ? 0 : "ENOMEM";
  });
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
    if (vmas.length === 0) return "EINVAL";
    for (const vma of vmas) {
      if (vma.uffd === null) continue;
      const from = Math.max(start, vma.start);
      const to = Math.min(end, vma.end);
      if ((vma.flags & VM_UFFD_WP) !== 0) protectRange(kernel, mm, vma, from, to, "off");
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
  const fits = changeProtection(kernel, mm, vma, start, end, { upgrade, uffdWp });
  return fits || !kernel.has("wpTellsNoMemory") ? 0 : "ENOMEM";
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
      return protectRange(kernel, mm, vma, start, end, uffdWp);
    }
    if (vmas.length === 0) return "ENOENT";
    for (const vma of vmas) {
      if ((vma.flags & VM_UFFD_WP) === 0) return "ENOENT";
      const to = Math.min(end, vma.end);
      const errno = protectRange(kernel, mm, vma, Math.max(start, vma.start), to, uffdWp);
      if (errno !== 0) return errno;
    }
    return 0;
  });
}
