// Large folios of which some pages are mapped and some are no longer (mm/rmap.c __folio_remove_rmap,
// mm/huge_memory.c deferred_split_folio): they wait in a queue to be split when memory is short.
//
//   zap of page 3:        [m m m . m m m m]   -> queued: page 3 is of no use to anybody, and not free
//   the last page goes:   freed               -> leaves the queue
//   a huge mapping goes, others map parts by themselves -> queued, if a page is left out
//
// From 6.12 on, huge pages that nobody took anything from are queued, too, and split when nearly all of one holds zeroes.
// With max_ptes_none as it comes (511) none is ever found to be (thp_underused), so these are left out.

import { FRAME_FLAGS, FRAME_MAPS, FRAME_SPARE } from "../../assembly/abi/frames.js";
import { frameWord } from "./frame-words.js";
import type { Kernel } from "./kernel.js";
import { PG_ANON, PG_ORDER_MASK, PG_ORDER_SHIFT, PG_SWAPCACHE } from "./page-flags.js";

/** A page of a large folio lost an entry of its own (`RMAP_LEVEL_PTE`). */
export function lostPage(kernel: Kernel, head: number, frame: number): void {
  const unmapped = frameWord(kernel, frame, FRAME_MAPS) === 0;
  if (unmapped && frameWord(kernel, head, FRAME_SPARE) === 0 && isMapped(kernel, head)) {
    queue(kernel, head);
  }
}

/** A large folio lost an entry for all of it (`RMAP_LEVEL_PMD`). */
export function lostWhole(kernel: Kernel, head: number): void {
  if (frameWord(kernel, head, FRAME_SPARE) !== 0 || !isMapped(kernel, head)) return;
  const count = 2 ** orderOf(kernel, head);
  for (let i = 0; i < count; i++) {
    if (frameWord(kernel, head + i, FRAME_MAPS) !== 0) continue;
    queue(kernel, head);
    return;
  }
}

/** Somebody maps a page of it: the sum of all mappings. */
function isMapped(kernel: Kernel, head: number): boolean {
  return frameWord(kernel, head + 1, FRAME_SPARE) > 0;
}

function orderOf(kernel: Kernel, head: number): number {
  return (frameWord(kernel, head, FRAME_FLAGS) & PG_ORDER_MASK) >>> PG_ORDER_SHIFT;
}

/** Folios of two pages have no room for the list; those on their way to swap are dealt with there. */
function queue(kernel: Kernel, head: number): void {
  const flags = frameWord(kernel, head, FRAME_FLAGS);
  if ((flags & PG_ANON) === 0 || (flags & PG_SWAPCACHE) !== 0) return;
  if (orderOf(kernel, head) > 1) kernel.deferredSplit.add(head);
}
