// Work on ranges of huge pages of a pool: entry by entry, each a whole page (mm/hugetlb.c __unmap_hugepage_range,
// hugetlb_change_protection, copy_hugetlb_page_range, move_hugetlb_page_tables).

import { Pte } from "../layout/linux-flags.js";
import { isUffdWp, MARKER_UFFD_WP, markerIn } from "./absent.js";
import { Event } from "./events.js";
import { addWholeMapping, getPage, setPageFlags } from "./folio.js";
import { fileIndex, type HugeVma, hugePageStart, hugetlbSlot, makeHugetlbSlot } from "./hugetlb.js";
import {
  changeHuge,
  clearHuge,
  copyHuge,
  flushHuge,
  hugeEntry,
  hugeFlags,
  markHuge,
  protectHuge,
  writeNewHuge,
} from "./hugetlb-entry.js";
import { dropHugetlb, newHugetlbFolio } from "./hugetlb-folio.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { PG_RESTORE_RESERVE } from "./page-flags.js";
import { pageProt, writeFlag } from "./page-prot.js";

/** More entries than this are flushed as the whole context (x86: tlb_single_page_flush_ceiling, in huge pages). */
const CEILING = 33;

/** flush_hugetlb_tlb_range: its stride is the huge page. */
function flush(kernel: Kernel, mm: Mm, { huge }: HugeVma, start: number, end: number): void {
  const { pages } = huge.pool;
  if ((end - start) / pages > CEILING) {
    kernel.tlb.space(mm);
    return;
  }
  for (let page = hugePageStart(huge, start); page < end; page += pages) {
    flushHuge(kernel, mm, huge.pool, page);
  }
}

/** Slots of [start, end) that have a table, with their pages. */
function* slotsOf(
  kernel: Kernel,
  mm: Mm,
  vma: HugeVma,
  start: number,
  end: number,
): Generator<[slot: number, page: number]> {
  const { pages } = vma.huge.pool;
  for (let page = hugePageStart(vma.huge, start); page < end; page += pages) {
    const slot = hugetlbSlot(kernel, mm, vma, page);
    if (slot !== 0) yield [slot, page];
  }
}

/**
 * __unmap_hugepage_range. Protection by userfaultfd outlives the page, as a marker, unless the mapping itself goes.
 */
export function unmapHugetlb(
  kernel: Kernel,
  mm: Mm,
  vma: HugeVma,
  start: number,
  end: number,
  dropMarkers: boolean,
): void {
  const { pool } = vma.huge;
  const freed: number[] = [];
  for (const [slot, page] of slotsOf(kernel, mm, vma, start, end)) {
    const flags = hugeFlags(kernel, pool, slot);
    if (flags === 0) continue;
    kernel.count(Event.hugetlb_entry, pool.entries);
    const wp = isUffdWp(kernel, slot, flags) && !dropMarkers;
    if ((flags & Pte.present) !== 0) {
      const head = kernel.mmu.exports.entryFrame(slot, pool.level);
      restorePromise(kernel, vma, page, head);
      freed.push(head);
    }
    clearHuge(kernel, pool, slot);
    if (wp) markHuge(kernel, pool, slot);
  }
  if (freed.length > 0) flush(kernel, mm, vma, start, end);
  for (const head of freed) dropHugetlb(kernel, head, mm.id);
}

/** Whoever was promised the page is promised it again; the pool keeps it back once it is free. */
function restorePromise(kernel: Kernel, vma: HugeVma, page: number, head: number): void {
  const { had } = vma.huge;
  if (had === null || !kernel.has("hugetlbRestoresPromise")) return;
  had.delete(fileIndex(vma, page));
  setPageFlags(kernel, head, PG_RESTORE_RESERVE);
}

/**
 * hugetlb_change_protection. Nothing becomes writable here: the next write does it. Absent pages take markers
 * whatever the userfaultfd was asked for (a mapping of huge pages counts as one of a file). False: no memory for a
 * table of them.
 */
export function protectHugetlb(
  kernel: Kernel,
  mm: Mm,
  vma: HugeVma,
  start: number,
  end: number,
  uffdWp: "on" | "off" | undefined,
): boolean {
  const { pool } = vma.huge;
  for (let page = hugePageStart(vma.huge, start); page < end; page += pool.pages) {
    const slot =
      uffdWp === "on" ? makeHugetlbSlot(kernel, mm, vma, page) : hugetlbSlot(kernel, mm, vma, page);
    if (slot === 0 && uffdWp === "on") return false;
    if (slot === 0) continue;
    const flags = hugeFlags(kernel, pool, slot);
    if ((flags & Pte.present) === 0) {
      if (uffdWp === undefined) continue;
      kernel.count(Event.hugetlb_entry, pool.entries);
      if (uffdWp === "on") markHuge(kernel, pool, slot);
      else clearHuge(kernel, pool, slot);
      continue;
    }
    kernel.count(Event.hugetlb_entry, pool.entries);
    changeHuge(kernel, pool, slot, 0, 0);
    protectHuge(kernel, pool, slot, pageProt(kernel, vma));
    if (uffdWp === "on") changeHuge(kernel, pool, slot, Pte.write, Pte.uffdWp);
    else if (uffdWp === "off") changeHuge(kernel, pool, slot, Pte.uffdWp, 0);
  }
  flush(kernel, mm, vma, start, end);
  return true;
}

/** Whose entries are copied, and whereto. */
export interface HugeCopy {
  readonly parent: Mm;
  readonly child: Mm;
  readonly from: HugeVma;
  readonly to: HugeVma;
}

/**
 * copy_hugetlb_page_range: both sides are write-protected; the child's entries lose uffd-wp, and markers stay
 * behind. False: no memory, or no page for the copy of a pinned one.
 */
export function forkHugetlb(kernel: Kernel, { parent, child, from, to }: HugeCopy): boolean {
  const { exports } = kernel.mmu;
  const { pool } = from.huge;
  for (const [slot, page] of slotsOf(kernel, parent, from, from.start, from.end)) {
    const flags = hugeFlags(kernel, pool, slot);
    const target = makeHugetlbSlot(kernel, child, to, page);
    if (target === 0) return false;
    if ((flags & Pte.present) === 0) continue;
    kernel.count(Event.hugetlb_entry, pool.entries);
    const head = exports.entryFrame(slot, pool.level);
    if (!kernel.pae.reserve(slot) || !kernel.pae.reserve(target)) return false;
    if (!kernel.pae.dup(hugeEntry(parent, pool, page, slot, head), target)) {
      const copy = newHugetlbFolio(kernel, child, to, page, { from: head });
      if (copy === 0) return false;
      const set = Pte.young | kernel.madeDirty | writeFlag(to);
      writeNewHuge(kernel, child, to, [target, page, copy], set);
      continue;
    }
    getPage(kernel, head);
    addWholeMapping(kernel, head, 1, child.id);
    changeHuge(kernel, pool, slot, Pte.write, 0);
    copyHuge(kernel, pool, slot, target);
    changeHuge(kernel, pool, target, Pte.uffdWp, 0);
  }
  return true;
}

/** Pages that move, and what does not go with them. */
interface HugeMove {
  readonly start: number;
  readonly pages: number;
  readonly to: number;
  /** uffd-wp stays behind. */
  readonly clearWp: boolean;
}

/**
 * move_hugetlb_page_tables: entries go as they are; soft-dirty is not set.
 * @returns how many pages have moved: fewer than asked for where there was no memory for a table
 */
export function moveHugetlb(kernel: Kernel, mm: Mm, vma: HugeVma, move: HugeMove): number {
  const { pool } = vma.huge;
  const end = move.start + move.pages;
  for (const [slot, page] of slotsOf(kernel, mm, vma, move.start, end)) {
    const flags = hugeFlags(kernel, pool, slot);
    if (flags === 0) continue;
    const target = makeHugetlbSlot(kernel, mm, vma, move.to + (page - move.start));
    if (target === 0 || !kernel.pae.reserve(target, { from: slot })) {
      flush(kernel, mm, vma, move.start, page);
      return page - move.start;
    }
    kernel.count(Event.hugetlb_entry, pool.entries);
    const marked = (markerIn(kernel, slot, flags) & MARKER_UFFD_WP) !== 0;
    if (!move.clearWp || !marked) copyHuge(kernel, pool, slot, target);
    clearHuge(kernel, pool, slot);
    for (let i = 0; i < pool.entries; i++) kernel.pae.moveEntry(slot + 8 * i, target + 8 * i);
    if (move.clearWp && !marked) changeHuge(kernel, pool, target, Pte.uffdWp, 0);
  }
  flush(kernel, mm, vma, move.start, end);
  return move.pages;
}
