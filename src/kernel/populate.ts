// MADV_POPULATE_READ and _WRITE: faults pages in as get_user_pages does (mm/gup.c faultin_page_range,
// follow_page_pte, check_vma_flags).

import type { Errno } from "./errno.js";
import { allows } from "./fault.js";
import { faultIn } from "./follow-page.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";

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
    const errno = faultIn(kernel, mm, page, { write });
    if (errno === 0) page++;
    else if (errno !== "ENOMEM" || page === begun) return errno;
    else begun = page;
  }
  return 0;
}
