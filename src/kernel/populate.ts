// MADV_POPULATE_READ and _WRITE: faults pages in as get_user_pages does (mm/gup.c faultin_page_range,
// follow_page_pte, check_vma_flags).

import { Pte } from "../layout/linux-flags.js";
import type { Errno } from "./errno.js";
import { allows, kernelFault } from "./fault.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { hugeEntryAt } from "./walk-entries.js";

/**
 * Populates [start, end); a page that is there with enough rights takes no fault. Without memory the walk comes back
 * early, and is begun again where it ended: ENOMEM is only returned when it got nowhere (faultin_page_range).
 */
export function populate(
  kernel: Kernel,
  mm: Mm,
  start: number,
  end: number,
  write: boolean,
): Errno {
  let begun = start;
  let page = start;
  while (page < end) {
    const vma = mm.vmas.at(page);
    if (vma === null) return "ENOMEM";
    if (!allows(vma, write)) return "EINVAL";
    const errno = faultIn(kernel, mm, page, write);
    if (errno === 0) page++;
    else if (errno !== "ENOMEM" || page === begun) return errno;
    else begun = page;
  }
  return 0;
}

/** Faults until the page can be followed. */
export function faultIn(kernel: Kernel, mm: Mm, page: number, write: boolean): Errno {
  while (!isThere(kernel, mm, page, write)) {
    const result = kernelFault(kernel, mm, page, write, () => isThere(kernel, mm, page, write));
    if (result === "oom") return "ENOMEM";
    if (result !== "done") return "EFAULT";
  }
  return 0;
}

/** follow_page_pte finds what it wants. */
function isThere(kernel: Kernel, mm: Mm, page: number, write: boolean): boolean {
  const { exports } = kernel.mmu;
  const huge = hugeEntryAt(kernel, mm.root, page);
  const slot = huge !== 0 ? huge : exports.findEntry(mm.root, page, 0) >>> 0;
  if (slot === 0) return false;
  const flags = exports.entryFlags(slot);
  if ((flags & Pte.present) === 0 || (flags & Pte.protnone) !== 0) return false;
  return !write || (flags & Pte.write) !== 0;
}
