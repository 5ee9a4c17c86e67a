// Advice on huge pages of a pool (mm/madvise.c madvise_dontneed_free_valid_vma, can_madv_lru_vma, is_valid_guard_vma,
// madvise_vma_behavior; mm/ksm.c, mm/khugepaged.c). All that is not named here is as for other memory: flags of the
// VMA, which may say even that it is good for transparent huge pages.

import type { Errno } from "./errno.js";
import { type HugeVma, hugePageStart } from "./hugetlb.js";
import { unmapHugetlb } from "./hugetlb-range.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";

/** Refused: pages are not on any LRU list, are not split, and have a file behind them. */
const REFUSED: ReadonlySet<string> = new Set([
  "free",
  "pageout",
  "collapse",
  "wipeonfork",
  "guard_install",
  "guard_remove",
]);
/** Nothing to be done, and no error. */
const IGNORED: ReadonlySet<string> = new Set(["mergeable", "unmergeable", "willneed"]);

/** What an advice does to a part of such a VMA; null = what it does to any. */
export function adviseHugetlb(
  kernel: Kernel,
  mm: Mm,
  vma: HugeVma,
  start: number,
  end: number,
  advice: string,
): Errno | null {
  if (REFUSED.has(advice)) return "EINVAL";
  if (IGNORED.has(advice)) return 0;
  if (advice !== "dontneed") return null;
  if (start % vma.huge.pool.pages !== 0) return "EINVAL";
  // Whoever does not know of huge pages loses none that it named only in part.
  const last = hugePageStart(vma.huge, end);
  if (last > start) unmapHugetlb(kernel, mm, vma, start, last, false);
  return 0;
}
