// Idle page tracking (mm/page_idle.c page_idle_bitmap_write, page_idle_clear_pte_refs_one): pages are marked idle, and one
// that is used afterwards is found young again. Entries become old without a flush, and secondary MMUs are asked too.

import { Pte } from "../layout/linux-flags.js";
import { Event } from "./events.js";
import { orderOf, pageFlags } from "./folio.js";
import { foliosOf } from "./folios-in-range.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { clearYoungBySecondary } from "./notifier.js";
import { PG_ANON } from "./page-flags.js";
import { mappingsOf } from "./rmap.js";
import { mappingsOfShared } from "./shmem-swap.js";

/** Marks what [start, end) maps. Returns how many folios had been used since they were marked last. */
export function markIdle(kernel: Kernel, mm: Mm, start: number, end: number): number {
  const heads = new Set(foliosOf(kernel, mm, start, end, false));
  return [...heads].filter((head) => clearReferences(kernel, head)).length;
}

/** True: an entry of the folio, or a secondary MMU's, was young. */
function clearReferences(kernel: Kernel, head: number): boolean {
  const { exports } = kernel.mmu;
  const frames = Array.from({ length: 2 ** orderOf(kernel, head) }, (_, i) => head + i);
  const anon = (pageFlags(kernel, head) & PG_ANON) !== 0;
  let young = false;
  for (const frame of frames) {
    for (const { mm, page, slot, level } of anon
      ? mappingsOf(kernel, frame)
      : mappingsOfShared(kernel, frame)) {
      // A huge entry is asked about once, as a whole.
      if (level === 1 && frame !== head) continue;
      kernel.count(Event.clear_entry);
      if ((exports.entryFlags(slot) & Pte.young) !== 0) {
        exports.updateEntry(slot, Pte.young, 0);
        young = true;
      }
      const pages = level === 1 ? kernel.entriesPerTable : 1;
      if (clearYoungBySecondary(kernel, mm, page, page + pages, false)) young = true;
    }
  }
  return young;
}
