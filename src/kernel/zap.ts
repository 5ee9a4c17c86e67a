// Takes entries down: munmap, MADV_DONTNEED, exit (mm/memory.c zap_pte_range). What they mapped is gathered
// (mmu-gather.ts).

import { Pte } from "../layout/linux-flags.js";
import { isUffdWp, MARKER_GUARD, MARKER_UFFD_WP, markerIn, setMarker } from "./absent.js";
import { unfoldEnds } from "./contpte.js";
import { Event } from "./events.js";
import { addWholeMapping, folioMapsOf, headOf, keepDirty } from "./folio.js";
import { isHugeZero } from "./huge-zero.js";
import { isHugetlb } from "./hugetlb.js";
import { unmapHugetlb } from "./hugetlb-range.js";
import type { Kernel } from "./kernel.js";
import type { Gather } from "./mmu-gather.js";
import { invalidating } from "./notifier.js";
import { splitMapping } from "./split-mapping.js";
import { cachedIn, freeSlot, freeSwap, SWAP_TYPE } from "./swap-device.js";
import { VM_UFFD_WP } from "./vm-flags.js";
import type { Vma } from "./vma.js";
import {
  entriesPerTable,
  forEachRun,
  freeTables,
  hugeStart,
  isEmptyRun,
  type VisitRun,
} from "./walk-entries.js";

/** zap_page_range_single: MADV_DONTNEED, and what guard regions take the place of. */
export function zapSingle(
  gather: Gather,
  vma: Vma,
  start: number,
  end: number,
  dropMarkers: boolean,
): void {
  const { kernel, mm } = gather;
  invalidating(kernel, { mm, start, end, event: "clear" }, () =>
    zapRange(gather, vma, start, end, dropMarkers),
  );
}

/**
 * Zaps [start, end) of a VMA; secondary MMUs have been told.
 * @param dropMarkers markers go, too: the mapping itself does (ZAP_FLAG_DROP_MARKER)
 */
export function zapRange(
  gather: Gather,
  vma: Vma,
  start: number,
  end: number,
  dropMarkers: boolean,
): void {
  const { kernel, mm } = gather;
  const from = Math.max(start, vma.start);
  const to = Math.min(end, vma.end);
  if (isHugetlb(vma)) {
    unmapHugetlb(kernel, mm, vma, from, to, dropMarkers);
    return;
  }
  const run: VisitRun = (slot, page, count) => {
    unfoldEnds(kernel, mm, slot, page, count);
    for (let i = 0; i < count; i++) zapEntry(gather, vma, slot + 8 * i, page + i, dropMarkers);
  };
  forEachRun(kernel, mm.root, from, to, run, (slot, page, until) =>
    zapHuge(gather, vma, slot, page, until),
  );
}

/** zap_huge_pmd; a part of a huge page is zapped after a split. */
function zapHuge(gather: Gather, vma: Vma, slot: number, page: number, end: number): boolean {
  const { kernel, mm } = gather;
  const { exports } = kernel.mmu;
  if (end - page < entriesPerTable(kernel)) {
    splitMapping(kernel, mm, vma, slot, page);
    return true;
  }
  const present = (exports.entryFlags(slot) & Pte.present) !== 0;
  const frame = present ? exports.entryFrame(slot, 1) : 0;
  exports.clearEntry(slot);
  kernel.count(Event.zap_entry);
  // A page in migration is not mapped.
  if (!present) return false;
  gather.changed(page, entriesPerTable(kernel));
  if (isHugeZero(kernel, frame)) return false;
  addWholeMapping(kernel, frame, -1, mm.id);
  gather.folio(frame);
  return false;
}

function zapEntry(
  gather: Gather,
  vma: Vma,
  slot: number,
  page: number,
  dropMarkers: boolean,
): void {
  const { kernel } = gather;
  const { exports } = kernel.mmu;
  const flags = exports.entryFlags(slot);
  if (flags === 0) return;
  kernel.count(Event.zap_entry);
  const present = (flags & Pte.present) !== 0;
  if (!present && !dropMarkers && keepsMarker(kernel, vma, slot, flags)) return;
  if (!present) dropSlot(kernel, slot);
  const protectedBefore = isUffdWp(kernel, slot, flags);
  const frame = present && (flags & Pte.special) === 0 ? exports.entryFrame(slot, 0) : 0;
  if (frame !== 0 && vma.object !== null) keepDirty(kernel, flags, frame);
  exports.clearEntry(slot);
  if (protectedBefore && !dropMarkers && leavesMarker(vma)) setMarker(kernel, slot, MARKER_UFFD_WP);
  if (present) gather.changed(page, 1);
  if (frame !== 0) gather.page(frame);
}

/** free_swap_and_cache: the cached page goes, too, when no other entry holds the slot. */
export function dropSlot(kernel: Kernel, slot: number): void {
  const { exports } = kernel.mmu;
  if (exports.absentType(slot) !== SWAP_TYPE) return;
  const entry = exports.absentOffset(slot);
  freeSlot(kernel, entry);
  const cached = cachedIn(kernel, entry);
  if (cached !== 0 && folioMapsOf(kernel, headOf(kernel, cached)) === 0)
    freeSwap(kernel, headOf(kernel, cached));
}

/** Guard regions outlive DONTNEED; uffd-wp markers do where the content does (`zap_nonpresent_ptes`). */
function keepsMarker(kernel: Kernel, vma: Vma, slot: number, flags: number): boolean {
  const marker = markerIn(kernel, slot, flags);
  if ((marker & MARKER_GUARD) !== 0) return true;
  return (marker & MARKER_UFFD_WP) !== 0 && vma.object !== null;
}

/** `pte_install_uffd_wp_if_needed`: not for private anonymous memory. */
function leavesMarker(vma: Vma): boolean {
  return vma.object !== null && (vma.flags & VM_UFFD_WP) !== 0;
}

/** try_to_free_pte: tables whose whole range was zapped, and that hold nothing. */
export function reclaimTables(gather: Gather, start: number, end: number): void {
  const { kernel, mm } = gather;
  const { exports } = kernel.mmu;
  const size = entriesPerTable(kernel);
  for (let page = hugeStart(kernel, start + size - 1); page + size <= end; page += size) {
    const slot = exports.findEntry(mm.root, page, 0) >>> 0;
    if (slot === 0 || !isEmptyRun(kernel, slot, size)) continue;
    gather.table(page);
    freeTables(kernel, mm.root, [page, page + size], [page, page + size]);
  }
}
