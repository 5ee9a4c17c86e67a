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
import type { Mm } from "./mm.js";
import { invalidating } from "./notifier.js";
import { PG_DIRTY, PG_LAZYFREE, PG_SWAPCACHE } from "./page-flags.js";
import { batchAt } from "./pte-batch.js";
import { SWAP_TYPE } from "./swap-device.js";
import type { Vma } from "./vma.js";
import { entriesPerTable, forEachRun, type VisitRun } from "./walk-entries.js";
import { dropSlot } from "./zap.js";

/** Advises a part of a VMA. */
export function free(kernel: Kernel, mm: Mm, vma: Vma, start: number, end: number): Errno {
  if (vma.object !== null) return "EINVAL";
  const run: VisitRun = (slot, _page, count) => freeRun(kernel, slot, count);
  return invalidating(kernel, { mm, start, end, event: "clear", taken: "dirty" }, () => {
    forEachRun(kernel, mm.root, start, end, run, (slot, page, until) =>
      freeHuge(kernel, slot, until - page),
    );
    kernel.tlb.range(mm, start, end);
    return 0;
  });
}

/** True: only a part was asked for, and the folio has been split. */
function freeHuge(kernel: Kernel, slot: number, pages: number): boolean {
  const { exports } = kernel.mmu;
  if ((exports.entryFlags(slot) & Pte.present) === 0) return false;
  const head = exports.entryFrame(slot, 1);
  if (isHugeZero(kernel, head) || isShared(kernel, head)) return false;
  if (pages < entriesPerTable(kernel)) return splitFolio(kernel, head);
  setPageFlags(kernel, head, PG_LAZYFREE, PG_DIRTY);
  kernel.count(Event.free_entry);
  clean(kernel, slot);
  return false;
}

function freeRun(kernel: Kernel, slot: number, count: number): void {
  let i = 0;
  while (i < count) i += freeAt(kernel, slot + 8 * i, count - i);
}

/** Deals with the entry in a slot. Returns how many entries that were; 0 = look again, its folio is split. */
function freeAt(kernel: Kernel, slot: number, left: number): number {
  const { exports } = kernel.mmu;
  const flags = exports.entryFlags(slot);
  if ((flags & Pte.present) === 0) {
    freeSwapped(kernel, slot, flags);
    return 1;
  }
  if ((flags & Pte.special) !== 0) return 1;
  const frame = exports.entryFrame(slot, 0);
  if (!isLarge(kernel, frame)) {
    freePage(kernel, slot, frame);
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
  freeWhole(kernel, slot, head, pages);
  return pages;
}

/** A swapped page is given up at once. */
function freeSwapped(kernel: Kernel, slot: number, flags: number): void {
  if (flags === 0 || kernel.mmu.exports.absentType(slot) !== SWAP_TYPE) return;
  dropSlot(kernel, slot);
  kernel.mmu.exports.clearEntry(slot);
}

/** clear_young_dirty_ptes of one entry. */
function clean(kernel: Kernel, slot: number): void {
  const { exports } = kernel.mmu;
  exports.updateEntry(slot, kernel.pae.cleans(exports.entryFlags(slot)), 0);
}

function freeWhole(kernel: Kernel, slot: number, head: number, pages: number): void {
  if ((pageFlags(kernel, head) & (PG_DIRTY | PG_SWAPCACHE)) !== 0) {
    if (folioMapsOf(kernel, head) !== pages) return;
    setPageFlags(kernel, head, 0, PG_DIRTY);
  }
  for (let i = 0; i < pages; i++) {
    kernel.count(Event.free_entry);
    clean(kernel, slot + 8 * i);
  }
  setPageFlags(kernel, head, PG_LAZYFREE);
}

function freePage(kernel: Kernel, slot: number, frame: number): void {
  if ((pageFlags(kernel, frame) & (PG_DIRTY | PG_SWAPCACHE)) !== 0) {
    if (mapsOf(kernel, frame) !== 1) return;
    setPageFlags(kernel, frame, 0, PG_DIRTY);
  }
  kernel.count(Event.free_entry);
  clean(kernel, slot);
  setPageFlags(kernel, frame, PG_LAZYFREE);
}
