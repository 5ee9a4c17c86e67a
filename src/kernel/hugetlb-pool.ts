// Pools of huge pages (mm/hugetlb.c, struct hstate): one for every level of the tables that can hold leaves, above
// the last; and where Linux uses contiguous groups, one for those of the last two levels. A page of a pool is handed out to a mapping, and comes back when nothing refers to it any more.
//
//   total      nr_hugepages
//   inUse      handed out                          free = total - inUse
//   reserved   promised to mappings, not yet used  available = free - reserved
//
// Frames are taken from the machine when a page is handed out for the first time, and stay with the pool then.

import type { CompiledLayout } from "../layout/compiled.js";
import type { KernelConfig } from "./features.js";

/** Pages of one size. */
export class HugePool {
  inUse = 0;
  /** resv_huge_pages. May fall below zero for a while, as the kernel's does (`unmapHugetlb`). */
  reserved = 0;
  /** Heads of pages that lie in the pool, the last one given back on top. */
  readonly idle: number[] = [];

  constructor(
    /** Level of the entries that map one, and how many do. */
    readonly level: number,
    readonly entries: number,
    /** log2 bytes, and log2 base pages. */
    readonly shift: number,
    readonly order: number,
    public total: number,
  ) {}

  /** Base pages of one. */
  get pages(): number {
    return 2 ** this.order;
  }

  /** available_huge_pages: free ones that nobody was promised. */
  get available(): number {
    return this.total - this.inUse - this.reserved;
  }

  /** hugetlb_acct_memory: promises `count` more. False: there are not as many. */
  promise(count: number): boolean {
    if (count > this.available) return false;
    this.reserved += count;
    return true;
  }
}

/** What a VMA of huge pages knows; never changed in place. */
export interface HugeMapping {
  readonly pool: HugePool;
  /** Tells mappings that began as one apart from others (the hugetlbfs inode). */
  readonly file: number;
  /** Huge pages, by their place in the file, whose promise is used up; null = not promised any (HPAGE_RESV_OWNER). */
  readonly had: Set<number> | null;
  /** A page was taken away for its owner's sake: what is missing stays so (HPAGE_RESV_UNMAPPED). */
  readonly robbed: boolean;
}

/** Where frames come from, and go. */
interface FrameSource {
  allocateFrames(order: number): number;
  freeFrames(head: number, order: number): void;
}

/** dequeue_hugetlb_folio: the head of a page, with one reference; 0 = the pool is empty. */
export function takeHugePage(pool: HugePool, frames: FrameSource): number {
  if (pool.inUse >= pool.total) return 0;
  const head = pool.idle.pop() ?? frames.allocateFrames(pool.order);
  if (head !== 0) pool.inUse++;
  return head;
}

/**
 * free_huge_folio: back to the pool; or, when there are too many by now, to the machine.
 * @param promised who was promised it may come back for it
 */
export function giveHugePage(
  pool: HugePool,
  frames: FrameSource,
  head: number,
  promised: boolean,
): void {
  if (promised) pool.reserved++;
  pool.inUse--;
  pool.idle.push(head);
  trim(pool, frames);
}

function trim(pool: HugePool, frames: FrameSource): void {
  while (pool.idle.length > 0 && pool.inUse + pool.idle.length > pool.total) {
    frames.freeFrames(pool.idle.pop() ?? 0, pool.order);
  }
}

/** Base pages, rounded up to whole huge ones. */
export function wholePages(pool: HugePool, pages: number): number {
  return Math.ceil(pages / pool.pages) * pool.pages;
}

/** The pool of pages of an order. */
export function poolOf(
  { hugePools: pools }: { readonly hugePools: readonly HugePool[] },
  order: number,
): HugePool | undefined {
  return pools.find((pool) => pool.order === order);
}

/** set_max_huge_pages (nr_hugepages): pages in use, and those promised, stay. */
export function resizePool(pool: HugePool, frames: FrameSource, total: number): void {
  pool.total = Math.max(total, pool.inUse + Math.max(0, pool.reserved));
  trim(pool, frames);
}

/** Levels whose contiguous groups Linux has pages for (CONT_PTE_SIZE, CONT_PMD_SIZE). */
const GROUPED_LEVELS = 2;

/** The pools of a machine, smallest pages first: each begins with as many as fit into half of the memory. */
export function hugePools(
  { halves: [half], pageShift }: CompiledLayout,
  { frames }: Pick<KernelConfig, "frames">,
  grouped: boolean,
): readonly HugePool[] {
  const pools: HugePool[] = [];
  const add = (level: number, shift: number, entries: number): void => {
    const order = shift - pageShift;
    const fits = Math.floor(frames / 2 / 2 ** order);
    if (fits > 0) pools.push(new HugePool(level, entries, shift, order, fits));
  };
  for (const { level, shift, leafTemplate, groupShift } of half.levels) {
    if (leafTemplate === null) continue;
    if (level > 0) add(level, shift, 1);
    if (grouped && groupShift > 0 && level < GROUPED_LEVELS) {
      add(level, groupShift, 2 ** (groupShift - shift));
    }
  }
  return pools;
}
