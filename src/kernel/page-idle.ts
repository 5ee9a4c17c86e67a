// Idle page tracking (mm/page_idle.c page_idle_bitmap_write, page_idle_clear_pte_refs_one): pages are marked idle, and one
// that is used afterwards is found young again. Entries become old without a flush, and secondary MMUs are asked too.

import { Event } from "./events.js";
import { foliosOf } from "./folios-in-range.js";
import type { Kernel } from "./kernel.js";
import { clearYoung, mappingsOfFolio } from "./mappings.js";
import type { Mm } from "./mm.js";

/** Marks what [start, end) maps. Returns how many folios had been used since they were marked last. */
export function markIdle(kernel: Kernel, mm: Mm, start: number, end: number): number {
  kernel.steps.needsAll();
  const heads = new Set(foliosOf(kernel, mm, start, end, false));
  return [...heads].filter((head) => clearReferences(kernel, head)).length;
}

function clearReferences(kernel: Kernel, head: number): boolean {
  const mappings = mappingsOfFolio(kernel, head);
  kernel.count(Event.clear_entry, mappings.length);
  return clearYoung(kernel, mappings, false);
}
