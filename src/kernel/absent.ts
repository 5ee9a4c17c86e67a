// Entries that map nothing but say something: markers (arch/linux/softleaf.ts has the types and their bits).

import { PTE_MARKERS, SOFTLEAF_TYPES } from "../../arch/linux/softleaf.js";
import { Pte } from "../layout/linux-flags.js";
import type { Kernel } from "./kernel.js";

/** Type of a marker. */
export const SWP_PTE_MARKER = SOFTLEAF_TYPES.marker.type;

/** Offsets of a marker. */
export const MARKER_UFFD_WP = 1 << PTE_MARKERS.uffdWp.bit;
export const MARKER_POISONED = 1 << PTE_MARKERS.poisoned.bit;
export const MARKER_GUARD = 1 << PTE_MARKERS.guard.bit;

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
