// mprotect (mm/mprotect.c do_mprotect_pkey, mprotect_fixup).

import { changeProtection } from "./change-protection.js";
import type { Errno } from "./errno.js";
import { Event } from "./events.js";
import { mayCut } from "./hugetlb.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { type Gather, gathering } from "./mmu-gather.js";
import { wantsWriteNotify } from "./page-prot.js";
import { syscall } from "./syscall.js";
import { VM_ACCESS_FLAGS, VM_ACCOUNT, VM_HUGETLB, VM_SHARED, VM_WRITE } from "./vm-flags.js";
import type { Vma } from "./vma.js";
import { modifyVma } from "./vma-merge.js";

/** Changes rights VMA by VMA; a hole ends it with ENOMEM, after what lies before. */
export function mprotect(
  kernel: Kernel,
  mm: Mm,
  start: number,
  end: number,
  access: number,
): Errno {
  return syscall(kernel, mm, "write", () => {
    if (end <= start) return end === start ? 0 : "ENOMEM";
    return gathering(kernel, mm, (gather) => protectVmas(gather, start, end, access));
  });
}

function protectVmas(gather: Gather, start: number, end: number, access: number): Errno {
  const { kernel, mm } = gather;
  let at = start;
  while (at < end) {
    const vma = mm.vmas.at(at);
    if (vma === null) return "ENOMEM";
    const to = Math.min(end, vma.end);
    kernel.count(Event.vma_visit);
    const errno = fixup(gather, vma, at, to, access);
    if (errno !== 0) return errno;
    at = to;
  }
  return 0;
}

/** mprotect_fixup: EINVAL where the VMA cannot be cut, ENOMEM without memory to do so. */
function fixup(gather: Gather, vma: Vma, start: number, end: number, access: number): Errno {
  const { kernel, mm } = gather;
  const asked = (vma.flags & ~VM_ACCESS_FLAGS) | access;
  if (asked === vma.flags) return 0;
  if (!mayCut(kernel, mm, vma, start, end)) return "EINVAL";
  const flags = charge(vma, asked);
  const changed = modifyVma(kernel, mm, vma, start, end, { flags });
  if (changed === null) return "ENOMEM";
  const upgrade = wantsManualUpgrade(kernel, changed);
  changeProtection(gather, changed, start, end, { upgrade });
  return 0;
}

/** What becomes writable is charged; a private mapping without pages that no longer is gives its charge back. */
function charge(vma: Vma, flags: number): number {
  if ((flags & VM_WRITE) !== 0) {
    const free = (vma.flags & (VM_ACCOUNT | VM_WRITE | VM_SHARED | VM_HUGETLB)) === 0;
    return free ? flags | VM_ACCOUNT : flags;
  }
  const empty = vma.object === null && vma.anonVma === null;
  return empty ? flags & ~VM_ACCOUNT : flags;
}

/** vma_wants_manual_pte_write_upgrade: entries become writable one by one, where they may. */
export function wantsManualUpgrade(kernel: Kernel, vma: Vma): boolean {
  return (vma.flags & VM_SHARED) !== 0
    ? wantsWriteNotify(kernel, vma)
    : (vma.flags & VM_WRITE) !== 0;
}
