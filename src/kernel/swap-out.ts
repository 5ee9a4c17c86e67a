// Reclaims folios at once, as MADV_PAGEOUT does (mm/vmscan.c reclaim_pages, shrink_folio_list; mm/rmap.c
// try_to_unmap_one).
//
//   pinned?  --> stays
//   lazyfree and clean, nobody else has it --> dropped
//   slots, swap cache --> every entry becomes a swap entry --> written if dirty --> cache and page are freed

import { Pte } from "../layout/linux-flags.js";
import { unfold } from "./contpte.js";
import { Event } from "./events.js";
import {
  addMapping,
  addWholeMapping,
  folioMapsOf,
  isLarge,
  maybePinned,
  orderOf,
  pageFlags,
  putPage,
  refsOf,
  setPageFlags,
  stampOf,
} from "./folio.js";
import { splitFolio } from "./folio-split.js";
import type { Kernel } from "./kernel.js";
import { framesOf, mappingsOfFolio, mappingsOfPage } from "./mappings.js";
import { invalidatingFolio } from "./notifier.js";
import { PG_ANON, PG_DIRTY, PG_LAZYFREE, PG_SWAPCACHE, PG_WRITEBACK } from "./page-flags.js";
import { type Mapping, mappingsOf } from "./rmap.js";
import { swapOutShared } from "./shmem-swap.js";
import { splitMapping } from "./split-mapping.js";
import {
  addToSwapCache,
  allocateSlots,
  duplicateSlot,
  removeFromSwapCache,
  SWAP_TYPE,
  slotOf,
  writeSlot,
} from "./swap-device.js";
import { tryShare } from "./try-share.js";

/** Reclaims a folio, by its head, if it can be. `isolated`: references of the caller. */
export function reclaimFolio(kernel: Kernel, head: number): void {
  kernel.steps.needsFolio();
  if (isMigrating(kernel, head)) return;
  if ((pageFlags(kernel, head) & PG_ANON) === 0) {
    swapOutShared(kernel, head);
    return;
  }
  if (maybePinned(kernel, head)) return;
  if ((pageFlags(kernel, head) & PG_WRITEBACK) !== 0) return;
  if ((pageFlags(kernel, head) & (PG_LAZYFREE | PG_DIRTY)) === PG_LAZYFREE) {
    if (discard(kernel, head)) return;
  }
  if (!kernel.swapOn) return;
  if (isLarge(kernel, head) && splitsFirst(kernel, head)) {
    reclaimSplit(kernel, head);
    return;
  }
  if (!swapOut(kernel, head)) return;
  // No slots side by side: in base pages.
  reclaimSplit(kernel, head);
}

/** folio_trylock fails: both folios of a migration are locked. */
function isMigrating({ migrations }: Kernel, head: number): boolean {
  return migrations.size > 0 && (migrations.has(head) || [...migrations.values()].includes(head));
}

function reclaimSplit(kernel: Kernel, head: number): void {
  const frames = framesOf(kernel, head);
  if (!splitFolio(kernel, head)) return;
  for (const frame of frames) if (refsOf(kernel, frame) > 0) reclaimFolio(kernel, frame);
}

/** A folio of which parts are unmapped is split before it goes out; up to 6.11 every one without huge mapping. */
function splitsFirst(kernel: Kernel, head: number): boolean {
  const whole = mappingsOf(kernel, head).some(({ level }) => level === 1);
  if (whole) return false;
  if (!kernel.has("swapsWholeFolios")) return true;
  return kernel.deferredSplit.has(head);
}

/** True: it is large, there are no slots for it, and in parts there may be. */
function swapOut(kernel: Kernel, head: number): boolean {
  if ((pageFlags(kernel, head) & PG_SWAPCACHE) === 0) {
    const slot = allocateSlots(kernel, orderOf(kernel, head));
    if (slot === 0) return isLarge(kernel, head);
    addToSwapCache(kernel, head, slot);
    // Whatever the entries say: it must be written before it can go (folio_mark_dirty).
    setPageFlags(kernel, head, PG_DIRTY);
  }
  const slot = slotOf(kernel, head);
  const count = 2 ** orderOf(kernel, head);
  const unmapped = invalidatingFolio(
    kernel,
    () => mappingsOfFolio(kernel, head),
    () => unmapAll(kernel, head, slot),
  );
  // It stays in the swap cache, where entries that have gone find it.
  if (!unmapped) return false;
  if ((pageFlags(kernel, head) & PG_DIRTY) !== 0) {
    kernel.deferred.beforeWrite();
    for (let i = 0; i < count; i++) writeSlot(kernel, slot + i, stampOf(kernel, head + i));
    kernel.count(Event.swap_out, count);
    setPageFlags(kernel, head, 0, PG_DIRTY);
    // It leaves the cache when the device is through.
    if (kernel.config.swapDevice === "stable") {
      setPageFlags(kernel, head, PG_WRITEBACK);
      return false;
    }
  }
  if (folioMapsOf(kernel, head) === 0 && refsOf(kernel, head) === count) {
    removeFromSwapCache(kernel, head);
    kernel.deferred.folioFreed();
  }
  return false;
}

function unmapAll(kernel: Kernel, head: number, slot: number): boolean {
  return framesOf(kernel, head).every((frame) =>
    mappingsOf(kernel, frame).every((mapping) => unmap(kernel, mapping, head, slot)),
  );
}

/**
 * try_to_unmap_one: the entry becomes a swap entry; exclusivity, soft-dirty and uffd-wp go with it. False: somebody has
 * pinned the page meanwhile.
 */
function unmap(kernel: Kernel, mapping: Mapping, head: number, slot: number): boolean {
  const { mm, vma, page } = mapping;
  const { exports } = kernel.mmu;
  if (mapping.level === 1) splitMapping(kernel, mm, vma, mapping.slot, page);
  const at = exports.findEntry(mm.root, page, 0) >>> 0;
  const flags = exports.entryFlags(at);
  const frame = exports.entryFrame(at, 0);
  const entry = { mm, page, slot: at, level: 0, frame };
  if (!tryShare(kernel, entry)) return false;
  if (kernel.pae.isDirty(flags, frame)) setPageFlags(kernel, head, PG_DIRTY);
  const exclusive = kernel.pae.takeX(entry) ? Pte.exclusive : 0;
  const kept = flags & (Pte.softDirty | Pte.uffdWp);
  unfold(kernel, mm, at, page);
  exports.clearEntry(at);
  kernel.deferred.page(mm, page, (flags & Pte.dirty) !== 0);
  duplicateSlot(kernel, slot + (frame - head));
  exports.makeAbsent(at, SWAP_TYPE, slot + (frame - head), exclusive | kept);
  addMapping(kernel, frame, -1, mm.id);
  putPage(kernel, frame);
  return true;
}

/** A folio after MADV_FREE that nobody has written since: its entries become none. False: it must stay. */
function discard(kernel: Kernel, head: number): boolean {
  return invalidatingFolio(
    kernel,
    () => mappingsOfFolio(kernel, head),
    () => discardNow(kernel, head),
  );
}

/** A secondary MMU may have made the folio dirty when it was told (try_to_unmap_one looks at it only then). */
function discardNow(kernel: Kernel, head: number): boolean {
  const { exports } = kernel.mmu;
  const dirty =
    (pageFlags(kernel, head) & PG_DIRTY) !== 0 ||
    mappingsOfFolio(kernel, head).some(({ slot, level }) =>
      kernel.pae.isDirty(exports.entryFlags(slot), exports.entryFrame(slot, level)),
    );
  if (dirty || refsOf(kernel, head) !== folioMapsOf(kernel, head)) {
    setPageFlags(kernel, head, dirty ? PG_DIRTY : 0, PG_LAZYFREE);
    return true;
  }
  for (const frame of framesOf(kernel, head)) {
    // A huge mapping that is split at one page is small entries at the next.
    for (const mapping of mappingsOfPage(kernel, frame)) drop(kernel, mapping);
  }
  kernel.deferred.folioFreed();
  return true;
}

/** From 6.11 on a huge entry goes whole (__discard_anon_folio_pmd_locked); before, it is split first. */
function drop(kernel: Kernel, { mm, vma, page, slot, level }: Mapping): void {
  const { exports } = kernel.mmu;
  if (level === 1 && kernel.has("discardsHugeWhole")) {
    const head = exports.entryFrame(slot, 1);
    exports.clearEntry(slot);
    kernel.tlb.range(mm, page, page + kernel.entriesPerTable);
    addWholeMapping(kernel, head, -1, mm.id);
    putPage(kernel, head);
    return;
  }
  if (level === 1) splitMapping(kernel, mm, vma, slot, page);
  const at = exports.findEntry(mm.root, page, 0) >>> 0;
  const frame = exports.entryFrame(at, 0);
  unfold(kernel, mm, at, page);
  exports.clearEntry(at);
  kernel.deferred.page(mm, page, false);
  addMapping(kernel, frame, -1, mm.id);
  putPage(kernel, frame);
}
