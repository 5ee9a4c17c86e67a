// Entries that map nothing but say something: types of the swap space that are no swap (include/linux/swap.h,
// swapops.h; 7.0: leafops.h). The first numbers are swap devices.

import { Pte } from "../layout/linux-flags.js";
import type { Kernel } from "./kernel.js";

/** 2^5 types: migration 3, devices 4, hwpoison 1, marker 1, the rest swap devices. */
export const SWP_PTE_MARKER = 31;

/** Offsets of a marker: PTE_MARKER_UFFD_WP, PTE_MARKER_POISONED, PTE_MARKER_GUARD. */
export const MARKER_UFFD_WP = 1;
export const MARKER_POISONED = 2;
export const MARKER_GUARD = 4;

/** Bits of the marker in a slot; 0 when it holds none. */
export function markerIn(kernel: Kernel, slot: number, flags: number): number {
  if ((flags & Pte.filled) === 0 || (flags & Pte.present) !== 0) return 0;
  const { exports } = kernel.mmu;
  return exports.absentType(slot) === SWP_PTE_MARKER ? exports.absentOffset(slot) : 0;
}

/** Writes a marker. */
export function setMarker(kernel: Kernel, slot: number, marker: number): void {
  kernel.mmu.exports.makeAbsent(slot, SWP_PTE_MARKER, marker, 0);
}

/** pte_swp_uffd_wp_any, pte_uffd_wp: whether an entry, of whatever kind, is uffd-write-protected. */
export function isUffdWp(kernel: Kernel, slot: number, flags: number): boolean {
  return (flags & Pte.uffdWp) !== 0 || (markerIn(kernel, slot, flags) & MARKER_UFFD_WP) !== 0;
}
