// Writes to another's memory, whatever its mapping allows: /proc/PID/mem, ptrace (mm/memory.c __access_remote_vm;
// mm/gup.c check_vma_flags with FOLL_WRITE | FOLL_FORCE).

import type { Errno } from "./errno.js";
import { headOf, pageFlags, setPageFlags, setStamp } from "./folio.js";
import { faultIn, followPage } from "./follow-page.js";
import { isHugetlb } from "./hugetlb.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { PG_ANON, PG_DIRTY } from "./page-flags.js";
import { syscall } from "./syscall.js";
import { isCow, VM_WRITE } from "./vm-flags.js";

const FORCED = { write: true, force: true };

/**
 * Writes to a page. The entry of a mapping that is not writable stays read-only: only its page changes.
 * @returns EIO: no mapping, a shared one that is not writable, a guard
 */
export function forceWrite(kernel: Kernel, mm: Mm, page: number, value: number): Errno {
  return syscall(kernel, mm, "read", () => {
    const vma = mm.vmas.at(page);
    // Huge pages of a pool are not forced (check_vma_flags).
    const mayForce = vma !== null && isCow(vma.flags) && !isHugetlb(vma);
    if (vma === null || ((vma.flags & VM_WRITE) === 0 && !mayForce)) return "EIO";
    if (faultIn(kernel, mm, page, FORCED) !== 0) return "EIO";
    const frame = followPage(kernel, mm, mm.vmas.at(page) ?? vma, page, FORCED);
    if (typeof frame !== "number") return "EIO";
    setStamp(kernel, frame, value);
    // set_page_dirty_lock.
    if ((pageFlags(kernel, frame) & PG_ANON) !== 0) {
      setPageFlags(kernel, headOf(kernel, frame), PG_DIRTY);
    }
    return 0;
  });
}
