// Takes entries down: munmap, MADV_DONTNEED, exit (mm/memory.c zap_pte_range, mm/mmu_gather.c). The TLB is
// flushed before pages are freed.

import { Pte } from "../layout/linux-flags.js";
import { isUffdWp, MARKER_GUARD, MARKER_UFFD_WP, markerIn, setMarker } from "./absent.js";
import { Event } from "./events.js";
import { dropMapping } from "./folio.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { VM_UFFD_WP } from "./vm-flags.js";
import type { Vma } from "./vma.js";
import { forEachEntry } from "./walk-entries.js";

/**
 * Zaps [start, end) of a VMA.
 * @param dropMarkers markers go, too: the mapping itself does (ZAP_FLAG_DROP_MARKER)
 */
export function zapRange(
  kernel: Kernel,
  mm: Mm,
  vma: Vma,
  start: number,
  end: number,
  dropMarkers: boolean,
): void {
  const freed: number[] = [];
  const from = Math.max(start, vma.start);
  const to = Math.min(end, vma.end);
  let flush = false;
  forEachEntry(kernel, mm.root, from, to, (slot) => {
    if (zapEntry(kernel, vma, slot, dropMarkers, freed)) flush = true;
  });
  // The zero page is not freed, but a TLB may hold it all the same (tlb_remove_tlb_entry).
  if (flush) kernel.tlb.range(mm, from, to);
  for (const frame of freed) dropMapping(kernel, frame);
}

/** True: the entry was present, so that a TLB may hold it. */
function zapEntry(
  kernel: Kernel,
  vma: Vma,
  slot: number,
  dropMarkers: boolean,
  freed: number[],
): boolean {
  const { exports } = kernel.mmu;
  const flags = exports.entryFlags(slot);
  if (flags === 0) return false;
  kernel.count(Event.zap_entry);
  const present = (flags & Pte.present) !== 0;
  if (!present && !dropMarkers && keepsMarker(kernel, vma, slot, flags)) return false;
  const protectedBefore = isUffdWp(kernel, slot, flags);
  if ((flags & (Pte.present | Pte.special)) === Pte.present)
    freed.push(exports.entryFrame(slot, 0));
  exports.clearEntry(slot);
  if (protectedBefore && !dropMarkers && leavesMarker(vma)) setMarker(kernel, slot, MARKER_UFFD_WP);
  return present;
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
