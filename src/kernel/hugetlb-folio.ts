// Folios of huge pages: from the pool to an entry, and back (mm/hugetlb.c alloc_hugetlb_folio,
// hugetlb_add_new_anon_rmap, free_huge_folio).

import { FRAME_INDEX, FRAME_REFS } from "../../assembly/abi/frames.js";
import { Event } from "./events.js";
import { addWholeMapping, putPage, setPageFlags, setStamp, stampOf, wholeMapsOf } from "./folio.js";
import { setFrameWord } from "./frame-words.js";
import { allocateHuge, type HugeVma, hugePageStart } from "./hugetlb.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { PG_ANON, PG_HUGETLB, PG_LARGE, PG_ORDER_MASK, PG_ORDER_SHIFT } from "./page-flags.js";
import { setIndex } from "./rmap.js";

/** Every flag a page may have. */
const ALL = ~0;

/**
 * A huge page for a place of a VMA, mapped once by what the caller writes (`writeNewHuge`); with one reference.
 * @param from head of the page that it copies; 0 = zeroes
 * @returns its head; 0 = there is none
 */
export function newHugetlbFolio(
  kernel: Kernel,
  mm: Mm,
  vma: HugeVma,
  page: number,
  { from = 0, avoidPromise = false }: { from?: number; avoidPromise?: boolean } = {},
): number {
  const head = allocateHuge(kernel, vma, page, avoidPromise);
  if (head === 0) return 0;
  const { order, pages } = vma.huge.pool;
  for (let i = 0; i < pages; i++) {
    setPageFlags(kernel, head + i, PG_ANON | PG_LARGE, ALL);
    setStamp(kernel, head + i, from === 0 ? 0 : stampOf(kernel, from + i));
  }
  setPageFlags(
    kernel,
    head,
    PG_ANON | PG_LARGE | PG_HUGETLB | ((order << PG_ORDER_SHIFT) & PG_ORDER_MASK),
  );
  setFrameWord(kernel, head, FRAME_REFS, 1);
  setFrameWord(kernel, head, FRAME_INDEX, 0);
  kernel.count(Event.page_alloc);
  kernel.count(from === 0 ? Event.page_zero : Event.page_copy, pages);
  addWholeMapping(kernel, head, 1, mm.id);
  setIndex(kernel, head, vma, hugePageStart(vma.huge, page));
  return head;
}

/** An entry that mapped it is gone (`hugetlb_remove_rmap`, put). */
export function dropHugetlb(kernel: Kernel, head: number, mm: number): void {
  addWholeMapping(kernel, head, -1, mm);
  putPage(kernel, head);
}

/** folio_mapcount is 1: whoever asks has the only entry. */
export function isMappedOnce(kernel: Kernel, head: number): boolean {
  return wholeMapsOf(kernel, head) === 1;
}
