// Entries that map a page or a folio, whatever kind of memory it is (mm/rmap.c rmap_walk).

import { Pte } from "../layout/linux-flags.js";
import { orderOf, pageFlags } from "./folio.js";
import type { Kernel } from "./kernel.js";
import { clearYoungBySecondary } from "./notifier.js";
import { PG_ANON } from "./page-flags.js";
import { type Mapping, mappingsOf } from "./rmap.js";
import { mappingsOfShared } from "./shmem-swap.js";

/** Every entry that maps a page. */
export function mappingsOfPage(kernel: Kernel, frame: number): Mapping[] {
  return (pageFlags(kernel, frame) & PG_ANON) !== 0
    ? mappingsOf(kernel, frame)
    : mappingsOfShared(kernel, frame);
}

/** Frames of a folio, from its head on. */
export function framesOf(kernel: Kernel, head: number): number[] {
  return Array.from({ length: 2 ** orderOf(kernel, head) }, (_, i) => head + i);
}

/** Every entry that maps a page of a folio; a huge one once, by its first page. */
export function mappingsOfFolio(kernel: Kernel, head: number): Mapping[] {
  return framesOf(kernel, head).flatMap((frame) =>
    mappingsOfPage(kernel, frame).filter(({ level }) => level === 0 || frame === head),
  );
}

/**
 * Entries of a folio become old, and secondary MMUs are asked for theirs (folio_referenced, page_idle_clear_pte_refs).
 * The TLB is not told.
 * @param flush secondary MMUs drop what they hold
 * @returns whether one was young
 */
export function clearYoung(kernel: Kernel, mappings: readonly Mapping[], flush: boolean): boolean {
  const { exports } = kernel.mmu;
  let young = false;
  for (const { mm, page, slot, level } of mappings) {
    const pages = level === 0 ? 1 : kernel.entriesPerTable;
    if (clearYoungBySecondary(kernel, mm, page, page + pages, flush)) young = true;
    if ((exports.entryFlags(slot) & Pte.young) === 0) continue;
    exports.updateEntry(slot, Pte.young, 0);
    young = true;
  }
  return young;
}
