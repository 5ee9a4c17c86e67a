// /proc/PID/pagemap and what kpageflags says of the same pages (fs/proc/task_mmu.c pte_to_pagemap_entry,
// pagemap_pte_hole; fs/proc/page.c stable_page_flags).

import { FRAME_FLAGS, FRAME_MAPS } from "../../assembly/abi/frames.js";
import { Pte } from "../layout/linux-flags.js";
import { seesX } from "../pae/observe.js";
import { isUffdWp, MARKER_GUARD, markerIn } from "./absent.js";
import { Event } from "./events.js";
import { mapsOf } from "./folio.js";
import { isHugeZero } from "./huge-zero.js";
import { type HugeVma, hugetlbSlot, isHugetlb } from "./hugetlb.js";
import { hugeFlags } from "./hugetlb-entry.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { PG_ANON, PG_KSM, PG_LARGE } from "./page-flags.js";
import { isSoftDirty } from "./page-prot.js";
import { forEachRunShared, hugeStart, type VisitRun } from "./walk-entries.js";

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
/** In a huge page, mapped as such. */
export const PM_HUGE = 1 << 9;
/** Part of a folio of more than one page. */
export const KPF_LARGE = 1 << 10;
export const KPF_KSM = 1 << 11;

/** All flags of a page. One without any is not anonymous, and so never exclusive. */
const EVERY_FLAG = 0xffffffff;

/** Reads pagemap for [start, end): one sum a page. */
export function readPagemap(kernel: Kernel, mm: Mm, start: number, end: number): Uint16Array {
  const pages = new Uint16Array(end - start);
  for (const vma of mm.vmas.within(start, end)) {
    const softDirty = isSoftDirty(vma) ? PM_SOFT_DIRTY : 0;
    const from = Math.max(start, vma.start);
    const to = Math.min(end, vma.end);
    kernel.count(Event.pagemap_entry, to - from);
    kernel.touchPages(to - from);
    pages.fill(softDirty, from - start, to - start);
    if (isHugetlb(vma)) {
      for (let at = from; at < to; at++)
        pages[at - start] = softDirty | hugetlbPage(kernel, mm, vma, at);
      continue;
    }
    const run: VisitRun = (slot, page, count) => {
      const runs = 2 * kernel.mmu.gatherAlike(slot, count);
      const { alike } = kernel.mmu;
      let i = page - start;
      for (let at = 0; at < runs; at += 2) {
        const next = i + (alike[at + 1] ?? 0);
        const here = slot + 8 * (i - (page - start));
        showRun(kernel, here, alike[at] ?? 0, pages.subarray(i, next), softDirty);
        i = next;
      }
    };
    forEachRunShared(kernel, mm.root, from, to, run, (slot, page, until) => {
      for (let at = page; at < until; at++)
        pages[at - start] = softDirty | hugeEntry(kernel, slot, at);
      return false;
    });
  }
  return pages;
}

/** Entries that differ at most in the page they map. */
function showRun(
  kernel: Kernel,
  slot: number,
  flags: number,
  pages: Uint16Array,
  softDirty: number,
): void {
  if (flags === 0) return;
  const common = softDirty | entryOf(kernel, slot, flags);
  if ((flags & (Pte.present | Pte.special)) !== Pte.present) {
    pages.fill(common);
    return;
  }
  const { mmu } = kernel;
  const { words } = mmu;
  const told = mmu.gatherPages(slot, pages.length, kernel.pae.byFlags ? PG_LARGE : EVERY_FLAG);
  let i = 0;
  for (let run = 0; run < told.length; run += 2) {
    const frame = told[run] ?? 0;
    const next = i + (told[run + 1] ?? 0);
    const record = mmu.record(frame);
    const page = words[record + (FRAME_FLAGS >>> 2)] ?? 0;
    const large = (page & PG_LARGE) !== 0;
    const maps = large ? mapsOf(kernel, frame) : (words[record + (FRAME_MAPS >>> 2)] ?? 0);
    const once = maps === 1 ? PM_MMAP_EXCLUSIVE : 0;
    pages.fill(common | once | presentPage(kernel, slot + 8 * i, frame, page), i, next);
    i = next;
  }
}

/** What an entry says without a look at the page that it maps. */
function entryOf(kernel: Kernel, slot: number, flags: number): number {
  const common = softDirtyOf(kernel, flags) | (isUffdWp(kernel, slot, flags) ? PM_UFFD_WP : 0);
  const zero = (flags & Pte.special) !== 0 ? KPF_ZERO_PAGE : 0;
  if ((flags & Pte.present) !== 0) return common | PM_PRESENT | zero;
  const guard = (markerIn(kernel, slot, flags) & MARKER_GUARD) !== 0;
  return common | PM_SWAP | (guard && kernel.has("guardRegions") ? PM_GUARD : 0);
}

function softDirtyOf(kernel: Kernel, flags: number): number {
  return (flags & Pte.softDirty) !== 0 && kernel.softDirty ? PM_SOFT_DIRTY : 0;
}

/** pagemap_pmd_range. Whether a page is mapped once is told per page, or of the first page for all. */
function hugeEntry(kernel: Kernel, slot: number, page: number): number {
  const { exports } = kernel.mmu;
  const flags = exports.entryFlags(slot);
  const wp = (flags & Pte.uffdWp) !== 0 ? PM_UFFD_WP : 0;
  const either = PM_HUGE | softDirtyOf(kernel, flags) | wp;
  if ((flags & Pte.present) === 0) return either | PM_SWAP;
  const common = either | PM_PRESENT;
  const frame = exports.entryFrame(slot, 1);
  if (isHugeZero(kernel, frame)) return common | PM_FILE | KPF_ZERO_PAGE;
  const counted = kernel.has("mapcountPerPage") ? frame + (page - hugeStart(kernel, page)) : frame;
  return (
    common |
    KPF_LARGE |
    (mapsOf(kernel, counted) === 1 ? PM_MMAP_EXCLUSIVE : 0) |
    (seesX(kernel, slot, 1, frame) ? KPF_ANON_EXCLUSIVE : 0)
  );
}

/**
 * pagemap_hugetlb_range: soft-dirty is the VMA's alone; a marker shows its protection, and not that it stands for a
 * page.
 */
function hugetlbPage(kernel: Kernel, mm: Mm, vma: HugeVma, page: number): number {
  const { exports } = kernel.mmu;
  const slot = hugetlbSlot(kernel, mm, vma, page);
  const flags = slot === 0 ? 0 : hugeFlags(kernel, vma.huge.pool, slot);
  if (flags === 0) return 0;
  const wp = isUffdWp(kernel, slot, flags) ? PM_UFFD_WP : 0;
  if ((flags & Pte.present) === 0) return wp;
  const head = exports.entryFrame(slot, vma.huge.pool.level);
  return (
    wp |
    PM_PRESENT |
    PM_HUGE |
    KPF_LARGE |
    (mapsOf(kernel, head) === 1 ? PM_MMAP_EXCLUSIVE : 0) |
    (seesX(kernel, slot, vma.huge.pool.level, head) ? KPF_ANON_EXCLUSIVE : 0)
  );
}

/** What the flags of a page say. */
function presentPage(kernel: Kernel, slot: number, frame: number, page: number): number {
  const large = (page & PG_LARGE) !== 0;
  // kpageflags shows the first page's flags for every page of a folio: not this page's exclusivity.
  const shown = !large || kernel.has("kpageflagsPerPage");
  return (
    ((page & PG_ANON) === 0 ? PM_FILE : 0) |
    (large ? KPF_LARGE : 0) |
    (shown && seesX(kernel, slot, 0, frame) ? KPF_ANON_EXCLUSIVE : 0) |
    ((page & PG_KSM) !== 0 && !kernel.has("kpageflagsKsmBroken") ? KPF_KSM : 0)
  );
}
