// MADV_FREE (mm/madvise.c madvise_free_pte_range; mm/huge_memory.c madvise_free_huge_pmd): entries become clean
// and old, and keep write, soft-dirty and all else; the page may be dropped as long as nobody writes.

import { Pte } from "../layout/linux-flags.js";
import type { Errno } from "./errno.js";
import { Event } from "./events.js";
import { folioMapsOf, headOf, isLarge, mapsOf, orderOf, pageFlags, setPageFlags } from "./folio.js";
import { splitFolio } from "./folio-split.js";
import { isHugeZero } from "./huge-zero.js";
import type { Kernel } from "./kernel.js";
import { isShared, isSharedPage } from "./mapped-shared.js";
import type { Gather } from "./mmu-gather.js";
import { invalidating } from "./notifier.js";
import { PG_DIRTY, PG_LAZYFREE, PG_SWAPCACHE } from "./page-flags.js";
import { batchAt } from "./pte-batch.js";
import { SWAP_TYPE } from "./swap-device.js";
import type { Vma } from "./vma.js";
import { entriesPerTable, forEachRun, type VisitRun } from "./walk-entries.js";
import { dropSlot } from "./zap.js";

/** Advises a part of a VMA. */
export function free(gather: Gather, vma: Vma, start: number, end: number): Errno {
  const { kernel, mm } = gather;
  if (vma.object !== null) return "EINVAL";
  const run: VisitRun = (slot, page, count) => freeRun(gather, slot, page, count);
  return invalidating(kernel, { mm, start, end, event: "clear", taken: "dirty" }, () => {
    forEachRun(kernel, mm.root, start, end, run, (slot, page, until) =>
      freeHuge(gather, slot, page, until - page),
    );
    return 0;
  });
}

/** True: only a part was asked for, and the folio has been split. */
function freeHuge(gather: Gather, slot: number, page: number, pages: number): boolean {
  const { kernel } = gather;
  const { exports } = kernel.mmu;
  if ((exports.entryFlags(slot) & Pte.present) === 0) return false;
  const head = exports.entryFrame(slot, 1);
  if (isHugeZero(kernel, head) || isShared(kernel, head)) return false;
  if (pages < entriesPerTable(kernel)) return splitFolio(kernel, head);
  setPageFlags(kernel, head, PG_LAZYFREE, PG_DIRTY);
  makeFree(gather, slot, page, pages);
  return false;
}

function freeRun(gather: Gather, slot: number, page: number, count: number): void {
  let i = 0;
  while (i < count) i += freeAt(gather, slot + 8 * i, page + i, count - i);
}

/** Deals with the entry in a slot. Returns how many entries that were; 0 = look again, its folio is split. */
function freeAt(gather: Gather, slot: number, page: number, left: number): number {
  const { kernel } = gather;
  const { exports } = kernel.mmu;
  const flags = exports.entryFlags(slot);
  if ((flags & Pte.present) === 0) {
    freeSwapped(kernel, slot, flags);
    return 1;
  }
  if ((flags & Pte.special) !== 0) return 1;
  const frame = exports.entryFrame(slot, 0);
  if (!isLarge(kernel, frame)) {
    freePage(gather, slot, page, frame);
    return 1;
  }
  const head = headOf(kernel, frame);
  if (kernel.has("adviceStopsAtSharedLarge")) {
    return !isSharedPage(kernel, frame) && splitFolio(kernel, head) ? 0 : left;
  }
  const pages = batchAt(kernel, slot, left);
  if (pages < 2 ** orderOf(kernel, head)) {
    return isShared(kernel, head) || !splitFolio(kernel, head) ? pages : 0;
  }
  freeWhole(gather, slot, page, head);
  return pages;
}

/** A swapped page is given up at once. */
function freeSwapped(kernel: Kernel, slot: number, flags: number): void {
  if (flags === 0 || kernel.mmu.exports.absentType(slot) !== SWAP_TYPE) return;
  dropSlot(kernel, slot);
  kernel.mmu.exports.clearEntry(slot);
}

function freeWhole(gather: Gather, slot: number, page: number, head: number): void {
  const { kernel } = gather;
  const pages = 2 ** orderOf(kernel, head);
  if ((pageFlags(kernel, head) & (PG_DIRTY | PG_SWAPCACHE)) !== 0) {
    if (folioMapsOf(kernel, head) !== pages) return;
    setPageFlags(kernel, head, 0, PG_DIRTY);
  }
  for (let i = 0; i < pages; i++) makeFree(gather, slot + 8 * i, page + i, 1);
  setPageFlags(kernel, head, PG_LAZYFREE);
}

function freePage(gather: Gather, slot: number, page: number, frame: number): void {
  const { kernel } = gather;
  if ((pageFlags(kernel, frame) & (PG_DIRTY | PG_SWAPCACHE)) !== 0) {
    if (mapsOf(kernel, frame) !== 1) return;
    setPageFlags(kernel, frame, 0, PG_DIRTY);
  }
  makeFree(gather, slot, page, 1);
  setPageFlags(kernel, frame, PG_LAZYFREE);
}

/** The entry of so many pages becomes clean and old; one that is so already is in no TLB that matters. */
function makeFree(gather: Gather, slot: number, page: number, pages: number): void {
  const { exports } = gather.kernel.mmu;
  const cached = Pte.young | Pte.dirty;
  gather.kernel.count(Event.free_entry);
  if ((exports.entryFlags(slot) & cached) !== 0) gather.changed(page, pages);
  exports.updateEntry(slot, gather.kernel.pae.cleans(exports.entryFlags(slot)), 0);
}
