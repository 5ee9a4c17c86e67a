// Work on ranges of huge pages of a pool: entry by entry, each a whole page (mm/hugetlb.c __unmap_hugepage_range,
// hugetlb_change_protection, copy_hugetlb_page_range, move_hugetlb_page_tables).

import { Pte } from "../layout/linux-flags.js";
import { isUffdWp, MARKER_UFFD_WP, markerIn, setMarker } from "./absent.js";
import { Event } from "./events.js";
import { addWholeMapping, getPage, maybePinned, pageFlags, setPageFlags } from "./folio.js";
import { fileIndex, type HugeVma, hugePageStart, hugetlbSlot } from "./hugetlb.js";
import { dropHugetlb, newHugetlbFolio } from "./hugetlb-folio.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { PG_EXCLUSIVE, PG_RESTORE_RESERVE } from "./page-flags.js";
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
  for (let page = hugePageStart(huge, start); page < end; page += pages) kernel.tlb.page(mm, page);
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
  const { exports } = kernel.mmu;
  const freed: number[] = [];
  for (const [slot, page] of slotsOf(kernel, mm, vma, start, end)) {
    const flags = exports.entryFlags(slot);
    if (flags === 0) continue;
    kernel.count(Event.hugetlb_entry);
    const wp = isUffdWp(kernel, slot, flags) && !dropMarkers;
    if ((flags & Pte.present) !== 0) {
      const head = exports.entryFrame(slot, vma.huge.pool.level);
      restorePromise(kernel, vma, page, head);
      freed.push(head);
    }
    exports.clearEntry(slot);
    if (wp) setMarker(kernel, slot, MARKER_UFFD_WP);
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
 * whatever the userfaultfd was asked for (a mapping of huge pages counts as one of a file).
 */
export function protectHugetlb(
  kernel: Kernel,
  mm: Mm,
  vma: HugeVma,
  start: number,
  end: number,
  uffdWp: "on" | "off" | undefined,
): void {
  const { exports } = kernel.mmu;
  const { level, pages } = vma.huge.pool;
  for (let page = hugePageStart(vma.huge, start); page < end; page += pages) {
    const slot =
      uffdWp === "on"
        ? exports.makeEntry(mm.root, page, level) >>> 0
        : hugetlbSlot(kernel, mm, vma, page);
    if (slot === 0) continue;
    const flags = exports.entryFlags(slot);
    if ((flags & Pte.present) === 0) {
      if (uffdWp === undefined) continue;
      kernel.count(Event.hugetlb_entry);
      if (uffdWp === "on") setMarker(kernel, slot, MARKER_UFFD_WP);
      else exports.clearEntry(slot);
      continue;
    }
    kernel.count(Event.hugetlb_entry);
    exports.protectEntry(slot, pageProt(kernel, vma));
    if (uffdWp === "on") exports.updateEntry(slot, Pte.write, Pte.uffdWp);
    else if (uffdWp === "off") exports.updateEntry(slot, Pte.uffdWp, 0);
  }
  flush(kernel, mm, vma, start, end);
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
  const { level } = from.huge.pool;
  for (const [slot, page] of slotsOf(kernel, parent, from, from.start, from.end)) {
    const flags = exports.entryFlags(slot);
    const target = exports.makeEntry(child.root, page, level) >>> 0;
    if (target === 0) return false;
    if ((flags & Pte.present) === 0) continue;
    kernel.count(Event.hugetlb_entry);
    const head = exports.entryFrame(slot, level);
    const exclusive = (pageFlags(kernel, head) & PG_EXCLUSIVE) !== 0;
    if (exclusive && parent.hasPinned && maybePinned(kernel, head)) {
      const copy = newHugetlbFolio(kernel, child, to, page, { from: head });
      if (copy === 0) return false;
      const set = Pte.young | kernel.madeDirty | writeFlag(to);
      exports.makeLeaf(target, level, copy, pageProt(kernel, to), set);
      continue;
    }
    getPage(kernel, head);
    addWholeMapping(kernel, head, 1, child.id);
    setPageFlags(kernel, head, 0, PG_EXCLUSIVE);
    exports.updateEntry(slot, Pte.write, 0);
    exports.copyEntry(slot, target);
    exports.updateEntry(target, Pte.uffdWp, 0);
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

/** move_hugetlb_page_tables: entries go as they are; soft-dirty is not set. */
export function moveHugetlb(kernel: Kernel, mm: Mm, vma: HugeVma, move: HugeMove): void {
  const { exports } = kernel.mmu;
  const { level } = vma.huge.pool;
  const end = move.start + move.pages;
  for (const [slot, page] of slotsOf(kernel, mm, vma, move.start, end)) {
    const flags = exports.entryFlags(slot);
    if (flags === 0) continue;
    const target = exports.makeEntry(mm.root, move.to + (page - move.start), level) >>> 0;
    if (target === 0) continue;
    kernel.count(Event.hugetlb_entry);
    if (move.clearWp && (markerIn(kernel, slot, flags) & MARKER_UFFD_WP) !== 0) {
      exports.clearEntry(slot);
      continue;
    }
    exports.moveEntry(slot, target);
    if (move.clearWp) exports.updateEntry(target, Pte.uffdWp, 0);
  }
  flush(kernel, mm, vma, move.start, end);
}
