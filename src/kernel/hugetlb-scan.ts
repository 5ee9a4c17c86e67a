// PAGEMAP_SCAN of huge pages of a pool (fs/proc/task_mmu.c pagemap_scan_hugetlb_entry, pagemap_hugetlb_category).
//
// Kernels before two fixes of 2026, which went to stable releases, too, did things wrong that are not modelled:
// protecting a hole ended in a deadlock, and pages above PMD size were never protected.

import { Pte } from "../layout/linux-flags.js";
import { isUffdWp } from "./absent.js";
import { Event } from "./events.js";
import { type HugeVma, hugePageStart, hugetlbSlot } from "./hugetlb.js";
import { changeHuge, flushHuge, hugeFlags } from "./hugetlb-entry.js";
import type { HugePool } from "./hugetlb-pool.js";
import type { Kernel } from "./kernel.js";
import {
  PAGE_IS_HUGE,
  PAGE_IS_PRESENT,
  PAGE_IS_SOFT_DIRTY,
  PAGE_IS_SWAPPED,
  PAGE_IS_WRITTEN,
  type Scan,
} from "./pagemap-categories.js";

/**
 * Scans [start, end) of a VMA, huge page by huge page.
 * @param own categories of the VMA
 * @param hole called for parts without a table; false: no memory for one
 * @returns false where that was so
 */
export function scanHugetlb(
  scan: Scan,
  vma: HugeVma,
  own: number,
  start: number,
  end: number,
  hole: (page: number, end: number) => boolean,
): boolean {
  const { pages } = vma.huge.pool;
  for (let page = start; page < end; page = hugePageStart(vma.huge, page) + pages) {
    const next = Math.min(end, hugePageStart(vma.huge, page) + pages);
    const slot = hugetlbSlot(scan.kernel, scan.mm, vma, page);
    if (scan.isFull) break;
    if (slot === 0 && !hole(page, next)) return false;
    if (slot !== 0)
      scanEntry(scan, vma.huge.pool, own, { slot, page, next, whole: next - page === pages });
  }
  return true;
}

interface Part {
  readonly slot: number;
  readonly page: number;
  readonly next: number;
  /** It is all of the huge page. */
  readonly whole: boolean;
}

/** What matches only in part cannot be protected, and is not told of then. */
function scanEntry(
  scan: Scan,
  pool: HugePool,
  own: number,
  { slot, page, next, whole }: Part,
): void {
  const { kernel, mm, request } = scan;
  kernel.count(Event.scan_entry);
  const categories = own | categoriesOf(kernel, slot, hugeFlags(kernel, pool, slot));
  if (!scan.matches(categories)) return;
  const protects = request.protect && (categories & PAGE_IS_WRITTEN) !== 0;
  if (protects && !whole) return;
  const to = scan.output(categories, page, next);
  if (!protects || to < next) return;
  kernel.count(Event.scan_protect);
  changeHuge(kernel, pool, slot, Pte.write, Pte.uffdWp);
  flushHuge(kernel, mm, pool, page);
}

function categoriesOf(kernel: Kernel, slot: number, flags: number): number {
  if (flags === 0) return PAGE_IS_HUGE;
  const softDirty = kernel.softDirty && (flags & Pte.softDirty) !== 0 ? PAGE_IS_SOFT_DIRTY : 0;
  const written = isUffdWp(kernel, slot, flags) ? 0 : PAGE_IS_WRITTEN;
  const there = (flags & Pte.present) !== 0 ? PAGE_IS_PRESENT : PAGE_IS_SWAPPED;
  return PAGE_IS_HUGE | softDirty | written | there;
}
