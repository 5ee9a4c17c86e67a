// Categories of a page in PAGEMAP_SCAN (include/uapi/linux/fs.h), and a scan under way (fs/proc/task_mmu.c
// pagemap_scan_is_interesting_page, pagemap_scan_output).

import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";

/** Categories, in a sum. */
export const PAGE_IS_WPALLOWED = 1;
export const PAGE_IS_WRITTEN = 1 << 1;
export const PAGE_IS_FILE = 1 << 2;
export const PAGE_IS_PRESENT = 1 << 3;
export const PAGE_IS_SWAPPED = 1 << 4;
export const PAGE_IS_PFNZERO = 1 << 5;
export const PAGE_IS_HUGE = 1 << 6;
export const PAGE_IS_SOFT_DIRTY = 1 << 7;

/** The request: `category_mask` = `return_mask` = the categories. */
export interface ScanRequest {
  readonly start: number;
  readonly end: number;
  readonly categories: number;
  /** PM_SCAN_WP_MATCHING. */
  readonly protect: boolean;
  /** PM_SCAN_CHECK_WPASYNC. */
  readonly check: boolean;
}

/** Ranges of pages that match, ends exclusive; adjacent ones are one. */
export type ScanRanges = [number, number][];

/** A scan under way. */
export class Scan {
  readonly ranges: ScanRanges = [];
  private readonly wanted: number;

  constructor(
    readonly kernel: Kernel,
    readonly mm: Mm,
    readonly request: ScanRequest,
  ) {
    this.wanted = request.categories;
  }

  matches(categories: number): boolean {
    const { wanted } = this;
    return (categories & wanted) === wanted;
  }

  output(start: number, end: number): void {
    const last = this.ranges.at(-1);
    if (last !== undefined && last[1] === start) last[1] = end;
    else this.ranges.push([start, end]);
  }
}
