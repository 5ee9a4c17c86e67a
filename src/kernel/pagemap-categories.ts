// Categories of a page in PAGEMAP_SCAN (include/uapi/linux/fs.h), and a scan under way (fs/proc/task_mmu.c
// pagemap_scan_is_interesting_page, pagemap_scan_output).

import { Event } from "./events.js";
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

/** The request: `return_mask` = all categories that it names. */
export interface ScanRequest {
  readonly start: number;
  readonly end: number;
  /** Must hold. */
  readonly categories: number;
  /** Of those, which must not (`category_inverted`). */
  readonly inverted?: number;
  /** One of these must hold; 0 = none need (`category_anyof_mask`). */
  readonly anyOf?: number;
  /** So many pages are enough (`max_pages`); 0 = all. */
  readonly most?: number;
  /** PM_SCAN_WP_MATCHING. */
  readonly protect: boolean;
  /** PM_SCAN_CHECK_WPASYNC. */
  readonly check: boolean;
}

/** Ranges of pages that match, ends exclusive; adjacent ones of the same categories are one. */
export type ScanRanges = [number, number][];

/** A scan under way. */
export class Scan {
  readonly ranges: ScanRanges = [];
  /** Every category that the request names: no other is looked for. */
  readonly named: number;
  private readonly inverted: number;
  private readonly anyOf: number;
  private left: number;
  private last = 0;

  constructor(
    readonly kernel: Kernel,
    readonly mm: Mm,
    readonly request: ScanRequest,
  ) {
    const { categories, inverted = 0, anyOf = 0, most = 0 } = request;
    this.named = categories | anyOf;
    this.inverted = inverted;
    this.anyOf = anyOf;
    this.left = most === 0 ? Number.POSITIVE_INFINITY : most;
  }

  /** The fast path of WRITTEN alone, which does not look at what an entry is. */
  get isFast(): boolean {
    return this.named === PAGE_IS_WRITTEN && this.inverted === 0 && this.anyOf === 0;
  }

  /** As many pages as were asked for were found. */
  get isFull(): boolean {
    return this.left === 0;
  }

  /** Entries side by side are looked at. */
  lookAt(entries: number): void {
    this.kernel.count(Event.scan_entry, entries);
    if ((this.named & PAGE_IS_SOFT_DIRTY) !== 0) this.kernel.beside?.pass(entries);
  }

  /** It ends where it has found so many pages. */
  get isBounded(): boolean {
    return Number.isFinite(this.left);
  }

  /** pagemap_scan_is_interesting_page. */
  matches(categories: number): boolean {
    const { categories: wanted } = this.request;
    const seen = categories ^ this.inverted;
    return (seen & wanted) === wanted && (this.anyOf === 0 || (seen & this.anyOf) !== 0);
  }

  /** pagemap_scan_output. Returns where it had enough: behind that nothing is protected either. */
  output(categories: number, start: number, end: number): number {
    const to = Math.min(end, start + this.left);
    this.left -= to - start;
    const last = this.ranges.at(-1);
    const shown = categories & this.named;
    if (last !== undefined && last[1] === start && this.last === shown) last[1] = to;
    else if (to > start) this.ranges.push([start, to]);
    this.last = shown;
    return to;
  }
}
