// MADV_PAGEOUT and MADV_WILLNEED (mm/madvise.c madvise_cold_or_pageout_pte_range, swapin_walk_pmd_entry).

import { Pte } from "../layout/linux-flags.js";
import type { Errno } from "./errno.js";
import { readPage } from "./file.js";
import { folioMapsOf, headOf, isLarge, newAnonFolio, orderOf, putPage, setStamp } from "./folio.js";
import { splitFolio } from "./folio-split.js";
import { isHugeZero } from "./huge-zero.js";
import type { Kernel } from "./kernel.js";
import { isShared, isSharedPage } from "./mapped-shared.js";
import type { Mm } from "./mm.js";
import { batchAt } from "./pte-batch.js";
import { setIndex } from "./rmap.js";
import type { SharedObject } from "./shared-object.js";
import { cachedPage, swapInShared } from "./shmem.js";
import { addToSwapCache, cachedIn, contentOf, SWAP_TYPE } from "./swap-device.js";
import { reclaimFolio } from "./swap-out.js";
import type { Vma } from "./vma.js";
import {
  entriesPerTable,
  forEachEntry,
  forEachRun,
  NO_HUGE,
  type VisitRun,
} from "./walk-entries.js";

/** Reclaims what this address space alone maps; folios are chosen first, then go out together. */
export function pageout(kernel: Kernel, mm: Mm, vma: Vma, start: number, end: number): Errno {
  const chosen: number[] = [];
  const run: VisitRun = (slot, _page, count) => chooseRun(kernel, slot, count, chosen);
  forEachRun(kernel, mm.root, start, end, run, (slot, page, until) => {
    if ((kernel.mmu.exports.entryFlags(slot) & Pte.present) === 0) return false;
    const head = kernel.mmu.exports.entryFrame(slot, 1);
    if (isHugeZero(kernel, head) || isShared(kernel, head)) return false;
    if (until - page < entriesPerTable(kernel)) return splitFolio(kernel, head);
    chosen.push(head);
    return false;
  });
  void vma;
  for (const head of chosen) reclaimFolio(kernel, head);
  kernel.deferred.settle();
  return 0;
}

function chooseRun(kernel: Kernel, slot: number, count: number, chosen: number[]): void {
  let i = 0;
  while (i < count) i += chooseAt(kernel, slot + 8 * i, count - i, chosen);
}

/** Returns how many entries were dealt with; 0 = look again, the folio is split. */
function chooseAt(kernel: Kernel, slot: number, left: number, chosen: number[]): number {
  const { exports } = kernel.mmu;
  const flags = exports.entryFlags(slot);
  if ((flags & (Pte.present | Pte.special)) !== Pte.present) return 1;
  const frame = exports.entryFrame(slot, 0);
  const head = headOf(kernel, frame);
  if (isLarge(kernel, head) && kernel.has("adviceStopsAtSharedLarge")) {
    return !isSharedPage(kernel, frame) && splitFolio(kernel, head) ? 0 : left;
  }
  const pages = batchAt(kernel, slot, left);
  const whole = pages === 2 ** orderOf(kernel, head);
  if (isLarge(kernel, head) && !whole) {
    return isShared(kernel, head) || !splitFolio(kernel, head) ? pages : 0;
  }
  if (folioMapsOf(kernel, head) !== 2 ** orderOf(kernel, head)) return pages;
  chosen.push(head);
  return pages;
}

/** shmem_swapin_range, force_page_cache_readahead: into the page cache, as far as the object goes. */
function readAhead(kernel: Kernel, object: SharedObject, index: number): void {
  if (object.file === null) swapInShared(kernel, object, index);
  else if (index < object.pages && cachedPage(kernel, object, index) === 0)
    readPage(kernel, object, index);
}

/** Brings swapped pages into the swap cache (shared memory: into its page cache); entries stay. */
export function willneed(kernel: Kernel, mm: Mm, vma: Vma, start: number, end: number): Errno {
  const { exports } = kernel.mmu;
  if (vma.object !== null) {
    for (let page = start; page < end; page++) {
      readAhead(kernel, vma.object, vma.pgoff + (page - vma.start));
    }
    return 0;
  }
  const read = (slot: number, page: number): void => {
    const flags = exports.entryFlags(slot);
    if (flags === 0 || (flags & Pte.present) !== 0 || exports.absentType(slot) !== SWAP_TYPE)
      return;
    const entry = exports.absentOffset(slot);
    if (cachedIn(kernel, entry) !== 0) return;
    const frame = newAnonFolio(kernel, 0);
    if (frame === 0) return;
    setStamp(kernel, frame, contentOf(kernel, entry));
    setIndex(kernel, frame, vma, page);
    addToSwapCache(kernel, frame, entry);
    putPage(kernel, frame);
  };
  forEachEntry(kernel, mm.root, start, end, read, NO_HUGE);
  return 0;
}
