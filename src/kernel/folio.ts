// Page frames as the kernel sees them: a view of their records (assembly/abi/frames.ts). No object per page.
//
//   head    refs | its own mappings | flags, order | head | .    | pins | stamp | mappings of the whole (PMD)
//   page 1  .    | its own mappings | flags        | head | mm 0 | mm 1 | stamp | all mappings of the folio
//   page 2  .    | its own mappings | flags        | head | n 0  | n 1  | stamp | mapped shared? (mm-ids.ts)

import {
  FRAME_FLAGS,
  FRAME_HEAD,
  FRAME_INDEX,
  FRAME_MAPS,
  FRAME_OWNER,
  FRAME_REFS,
  FRAME_SPARE,
  FRAME_STAMP,
} from "../../assembly/abi/frames.js";
import { Pte } from "../layout/linux-flags.js";
import { Event } from "./events.js";
import { frameWord, setFrameWord } from "./frame-words.js";
import { giveHugePage, poolOf } from "./hugetlb-pool.js";
import type { Kernel } from "./kernel.js";
import { trackMapping } from "./mm-ids.js";
import {
  PG_ANON,
  PG_DIRTY,
  PG_HUGETLB,
  PG_LARGE,
  PG_ORDER_MASK,
  PG_ORDER_SHIFT,
  PG_RESTORE_RESERVE,
  PIN_BIAS,
} from "./page-flags.js";
import { lostPage, lostWhole } from "./partly-mapped.js";

/** First page of a page's folio. */
export function headOf(kernel: Kernel, frame: number): number {
  return frameWord(kernel, frame, FRAME_HEAD);
}

/** log2 of a folio's pages. */
export function orderOf(kernel: Kernel, head: number): number {
  return (pageFlags(kernel, head) & PG_ORDER_MASK) >>> PG_ORDER_SHIFT;
}

/** References to the folio of a page. */
export function refsOf(kernel: Kernel, frame: number): number {
  return frameWord(kernel, headOf(kernel, frame), FRAME_REFS);
}

/** Entries that map a page: its own, and those of the whole folio. */
export function mapsOf(kernel: Kernel, frame: number): number {
  const own = frameWord(kernel, frame, FRAME_MAPS);
  return isLarge(kernel, frame) ? own + wholeMapsOf(kernel, headOf(kernel, frame)) : own;
}

/** Entries that map a folio as a whole. */
export function wholeMapsOf(kernel: Kernel, head: number): number {
  return frameWord(kernel, head, FRAME_SPARE);
}

/** Mappings of a folio: entries of any kind (`folio_mapcount`). */
export function folioMapsOf(kernel: Kernel, head: number): number {
  return isLarge(kernel, head)
    ? frameWord(kernel, head + 1, FRAME_SPARE)
    : frameWord(kernel, head, FRAME_MAPS);
}

/** `PG_*` of a page. */
export function pageFlags(kernel: Kernel, frame: number): number {
  return frameWord(kernel, frame, FRAME_FLAGS);
}

/** Sets and clears flags of a page. */
export function setPageFlags(kernel: Kernel, frame: number, set: number, clear = 0): void {
  setFrameWord(kernel, frame, FRAME_FLAGS, (pageFlags(kernel, frame) & ~clear) | set);
}

/** Whether a page belongs to a folio of more than one. */
export function isLarge(kernel: Kernel, frame: number): boolean {
  return (pageFlags(kernel, frame) & PG_LARGE) !== 0;
}

/** What the page holds: the value of its first byte; all others are zero. */
export function stampOf(kernel: Kernel, frame: number): number {
  return frameWord(kernel, frame, FRAME_STAMP);
}

/** A store to the page. */
export function setStamp(kernel: Kernel, frame: number, value: number): void {
  setFrameWord(kernel, frame, FRAME_STAMP, value);
}

/** Takes references to the folio of a page. */
export function getPage(kernel: Kernel, frame: number, count = 1): void {
  const head = headOf(kernel, frame);
  setFrameWord(kernel, head, FRAME_REFS, frameWord(kernel, head, FRAME_REFS) + count);
}

/** Drops references to the folio of a page; the last one frees it. */
export function putPage(kernel: Kernel, frame: number, count = 1): void {
  const head = headOf(kernel, frame);
  const refs = frameWord(kernel, head, FRAME_REFS) - count;
  setFrameWord(kernel, head, FRAME_REFS, refs);
  if (refs > 0) return;
  kernel.count(Event.page_free);
  const flags = pageFlags(kernel, head);
  if ((flags & PG_LARGE) !== 0) kernel.deferredSplit.delete(head);
  const pool = (flags & PG_HUGETLB) !== 0 ? poolOf(kernel, orderOf(kernel, head)) : undefined;
  if (pool === undefined) kernel.mmu.exports.freeFrames(head, orderOf(kernel, head));
  else giveHugePage(pool, kernel.mmu.exports, head, (flags & PG_RESTORE_RESERVE) !== 0);
}

/** One entry of an address space more, or fewer, maps a page. */
export function addMapping(kernel: Kernel, frame: number, by: 1 | -1, mm: number): void {
  setFrameWord(kernel, frame, FRAME_MAPS, frameWord(kernel, frame, FRAME_MAPS) + by);
  if (!isLarge(kernel, frame)) return;
  trackMapping(kernel, headOf(kernel, frame), by, mm);
  if (by < 0) lostPage(kernel, headOf(kernel, frame), frame);
}

/** One entry more, or fewer, maps a folio as a whole. */
export function addWholeMapping(kernel: Kernel, head: number, by: 1 | -1, mm: number): void {
  setFrameWord(kernel, head, FRAME_SPARE, wholeMapsOf(kernel, head) + by);
  trackMapping(kernel, head, by, mm);
  if (by < 0) lostWhole(kernel, head);
}

/**
 * A folio for anonymous memory, with one reference and no mapping; 0 = no memory. Its pages hold zeroes.
 */
export function newAnonFolio(kernel: Kernel, order: number): number {
  const head = kernel.mmu.exports.allocateFrames(order);
  if (head === 0) return 0;
  kernel.count(Event.page_alloc);
  const large = order > 0 ? PG_LARGE : 0;
  for (let i = 0; i < 2 ** order; i++) setPageFlags(kernel, head + i, PG_ANON | large);
  setPageFlags(kernel, head, order << PG_ORDER_SHIFT);
  return head;
}

/**
 * A page for anonymous memory, mapped once (`folio_add_new_anon_rmap`; that it is exclusive, the caller tells the
 * scheme once the entry is there); 0 = no memory.
 * @param stamp what it holds: 0 for a zeroed page
 */
export function newAnonPage(kernel: Kernel, stamp: number): number {
  const frame = newAnonFolio(kernel, 0);
  if (frame === 0) return 0;
  setFrameWord(kernel, frame, FRAME_MAPS, 1);
  setStamp(kernel, frame, stamp);
  return frame;
}

/** A zeroed page of a shared object, referenced by its page cache; 0 = no memory. */
export function newCachePage(kernel: Kernel, owner: number, index: number): number {
  const frame = kernel.mmu.exports.allocateFrames(0);
  if (frame === 0) return 0;
  kernel.count(Event.page_alloc);
  setFrameWord(kernel, frame, FRAME_OWNER, owner);
  setFrameWord(kernel, frame, FRAME_INDEX, index);
  return frame;
}

/** An entry that mapped the page is gone: mapping and reference go (`folio_remove_rmap_pte`, put). */
export function dropMapping(kernel: Kernel, frame: number, mm: number): void {
  addMapping(kernel, frame, -1, mm);
  putPage(kernel, frame);
}

/** Before an entry of a shared page goes: where it is dirty, the folio is (zap_present_folio_ptes, try_to_unmap_one). */
export function keepDirty(kernel: Kernel, entry: number, frame: number): void {
  if ((entry & Pte.dirty) !== 0) setPageFlags(kernel, headOf(kernel, frame), PG_DIRTY);
}

/** Pins of a large folio (`_pincount`); small ones count theirs as references. */
export function addPins(kernel: Kernel, head: number, by: number): void {
  setFrameWord(kernel, head, FRAME_INDEX, frameWord(kernel, head, FRAME_INDEX) + by);
}

/** A pin may be among the references (`folio_maybe_dma_pinned`): for small folios, many references look so. */
export function maybePinned(kernel: Kernel, frame: number): boolean {
  const head = headOf(kernel, frame);
  if (isLarge(kernel, head)) return frameWord(kernel, head, FRAME_INDEX) > 0;
  return refsOf(kernel, head) >= PIN_BIAS;
}
