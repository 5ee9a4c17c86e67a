// Private mappings of huge pages (MAP_HUGETLB): what a VMA knows of them, and the reservations behind it (mm/hugetlb.c;
// struct resv_map). Every entry of such a VMA is one of the pool's level; there are no tables below.
//
// A private mapping is promised its pages when it is made, and keeps a list of those it had:
//
//   mmap    [ . . . . ]   reserved 4        . promised      x had (the promise is used up)
//   write   [ x . . . ]   reserved 3
//   fork    child: no promise at all; it gets what is left over, or SIGBUS
//   munmap  promises that were not used go back

import { type HugeMapping, type HugePool, takeHugePage } from "./hugetlb-pool.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import type { Vma } from "./vma.js";
import { splitVma } from "./vma-split.js";

/** A VMA of huge pages. */
export type HugeVma = Vma & { readonly huge: HugeMapping };

/** is_vm_hugetlb_page. */
export function isHugetlb(vma: Vma): vma is HugeVma {
  return vma.huge !== null;
}

/** First page of the huge page that `page` lies in. */
export function hugePageStart({ pool }: HugeMapping, page: number): number {
  return page - (page % pool.pages);
}

/** Place of a page's huge page in its file (`vma_hugecache_offset`). */
export function fileIndex({ start, pgoff, huge }: HugeVma, page: number): number {
  return Math.floor((page - start + pgoff) / huge.pool.pages);
}

/** Slot of the first entry of a page's huge page; 0 = there is no table for it (`hugetlb_walk`). */
export function hugetlbSlot(kernel: Kernel, mm: Mm, { huge }: HugeVma, page: number): number {
  const start = hugePageStart(huge, page);
  return kernel.mmu.exports.findEntry(mm.root, start, huge.pool.level) >>> 0;
}

/** The same, with the tables made on the way; 0 = no memory (`huge_pte_alloc`). */
export function makeHugetlbSlot(kernel: Kernel, mm: Mm, { huge }: HugeVma, page: number): number {
  const start = hugePageStart(huge, page);
  return kernel.mmu.exports.makeEntry(mm.root, start, huge.pool.level) >>> 0;
}

/**
 * Cuts a VMA may have at `start` and `end` (`hugetlb_vm_op_split`). The first is made before the second is looked
 * at, and stays.
 */
export function mayCut(kernel: Kernel, mm: Mm, vma: Vma, start: number, end: number): boolean {
  if (!isHugetlb(vma)) return true;
  const { pages } = vma.huge.pool;
  if (start % pages !== 0) return false;
  if (end % pages === 0) return true;
  if (vma.start < start) splitVma(kernel, mm, vma, start);
  return false;
}

/** A new mapping's knowledge; null = the pool cannot promise its pages (`hugetlb_reserve_pages`). */
export function newHugeMapping(kernel: Kernel, pool: HugePool, pages: number): HugeMapping | null {
  if (!pool.promise(pages / pool.pages)) return null;
  return { pool, file: kernel.newObjectId(), had: new Set(), robbed: false };
}

/** The child's (`hugetlb_dup_vma_private`). */
export function forkedMapping(huge: HugeMapping | null): HugeMapping | null {
  return huge === null ? null : { ...huge, had: null, robbed: false };
}

/** The VMA goes: promises of it that were not used go back (`hugetlb_vm_op_close`). */
export function closeHugetlb(vma: Vma): void {
  if (!isHugetlb(vma) || vma.huge.had === null) return;
  const { pool, had } = vma.huge;
  for (let page = vma.start; page < vma.end; page += pool.pages) {
    if (!had.has(fileIndex(vma, page))) pool.reserved--;
  }
}

/**
 * alloc_hugetlb_folio: a page of the pool for a place of a VMA. It comes out of the VMA's promise while that is not
 * used up, else out of what nobody was promised.
 * @param avoidPromise a copy that an owner makes of a page it shares: its promise was meant for the first one
 * @returns its head; 0 = there is none
 */
export function allocateHuge(
  kernel: Kernel,
  vma: HugeVma,
  page: number,
  avoidPromise: boolean,
): number {
  const { pool, had } = vma.huge;
  const index = fileIndex(vma, page);
  const promised = had !== null && !had.has(index) && !avoidPromise;
  if (!promised && pool.available <= 0) return 0;
  const head = takeHugePage(pool, kernel.mmu.exports);
  if (head === 0) return 0;
  if (promised) pool.reserved--;
  had?.add(index);
  return head;
}
