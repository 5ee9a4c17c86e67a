// /proc/PID/pagemap and what kpageflags says of the same pages (fs/proc/task_mmu.c pte_to_pagemap_entry,
// pagemap_pte_hole; fs/proc/page.c stable_page_flags).

import { Pte } from "../layout/linux-flags.js";
import { isUffdWp, MARKER_GUARD, markerIn } from "./absent.js";
import { Event } from "./events.js";
import { mapsOf, pageFlags } from "./folio.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { PG_ANON, PG_EXCLUSIVE } from "./page-flags.js";
import { VM_SOFTDIRTY } from "./vm-flags.js";

/** What pagemap (and kpageflags) tell of a page: a sum of these. */
export const PM_PRESENT = 1;
export const PM_SWAP = 1 << 1;
export const PM_SOFT_DIRTY = 1 << 2;
export const PM_UFFD_WP = 1 << 3;
/** Mapped once; not PageAnonExclusive. */
export const PM_MMAP_EXCLUSIVE = 1 << 4;
export const PM_FILE = 1 << 5;
export const PM_GUARD = 1 << 6;
export const KPF_ZERO_PAGE = 1 << 7;
export const KPF_ANON_EXCLUSIVE = 1 << 8;

/** Reads pagemap for [start, end): one sum a page. */
export function readPagemap(kernel: Kernel, mm: Mm, start: number, end: number): Uint16Array {
  const pages = new Uint16Array(end - start);
  for (const vma of mm.vmas.within(start, end)) {
    const softDirty = (vma.flags & VM_SOFTDIRTY) !== 0 ? PM_SOFT_DIRTY : 0;
    const from = Math.max(start, vma.start);
    const to = Math.min(end, vma.end);
    kernel.count(Event.scan_entry, to - from);
    for (let page = from; page < to; page++) {
      pages[page - start] = softDirty | entryOf(kernel, mm, page);
    }
  }
  return pages;
}

function entryOf(kernel: Kernel, mm: Mm, page: number): number {
  const { exports } = kernel.mmu;
  const slot = exports.findEntry(mm.root, page, 0) >>> 0;
  if (slot === 0) return 0;
  const flags = exports.entryFlags(slot);
  if (flags === 0) return 0;
  const common =
    ((flags & Pte.softDirty) !== 0 && kernel.softDirty ? PM_SOFT_DIRTY : 0) |
    (isUffdWp(kernel, slot, flags) ? PM_UFFD_WP : 0);
  if ((flags & Pte.present) !== 0) return common | PM_PRESENT | presentPage(kernel, slot, flags);
  const guard = (markerIn(kernel, slot, flags) & MARKER_GUARD) !== 0;
  return common | PM_SWAP | (guard && kernel.has("guardRegions") ? PM_GUARD : 0);
}

function presentPage(kernel: Kernel, slot: number, flags: number): number {
  if ((flags & Pte.special) !== 0) return KPF_ZERO_PAGE;
  const frame = kernel.mmu.exports.entryFrame(slot, 0);
  const page = pageFlags(kernel, frame);
  return (
    ((page & PG_ANON) === 0 ? PM_FILE : 0) |
    (mapsOf(kernel, frame) === 1 ? PM_MMAP_EXCLUSIVE : 0) |
    ((page & PG_EXCLUSIVE) !== 0 ? KPF_ANON_EXCLUSIVE : 0)
  );
}
