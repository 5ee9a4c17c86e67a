// Moves entries from one place to another (mm/mremap.c move_page_tables, move_ptes, move_normal_pmd).

import { Pte } from "../layout/linux-flags.js";
import { MARKER_UFFD_WP, markerIn } from "./absent.js";
import { tryFold, unfold } from "./contpte.js";
import { Event } from "./events.js";
import { isHugetlb } from "./hugetlb.js";
import { moveHugetlb } from "./hugetlb-range.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { invalidating } from "./notifier.js";
import { splitMapping } from "./split-mapping.js";
import type { Vma } from "./vma.js";
import { entriesPerTable, hugeEntryAt } from "./walk-entries.js";

interface TableMove {
  readonly start: number;
  readonly pages: number;
  readonly to: number;
  /** uffd-wp of what is moved goes. */
  readonly clearWp: boolean;
}

/**
 * Moves all entries. Where source, target and what is left cover a whole aligned table, the table itself moves
 * and no entry is touched: clean pages stay clean.
 * @returns how many pages' entries have moved: fewer than asked for where there was no memory for a table
 */
export function movePageTables(kernel: Kernel, mm: Mm, vma: Vma, move: TableMove): number {
  const event = isHugetlb(vma) ? "clear" : "unmap";
  const range = { mm, start: move.start, end: move.start + move.pages, event } as const;
  return invalidating(kernel, range, () => moveNow(kernel, mm, vma, move));
}

function moveNow(kernel: Kernel, mm: Mm, vma: Vma, move: TableMove): number {
  if (isHugetlb(vma)) return moveHugetlb(kernel, mm, vma, move);
  const size = entriesPerTable(kernel);
  let done = 0;
  let moved = false;
  while (done < move.pages) {
    const start = move.start + done;
    const to = move.to + done;
    const pages = Math.min(size - (start % size), size - (to % size), move.pages - done);
    const result = moveExtent(kernel, mm, vma, { ...move, start, pages, to });
    if (result === "no memory") break;
    if (result === "moved") moved = true;
    done += pages;
  }
  if (moved) kernel.tlb.range(mm, move.start, move.start + move.pages);
  return done;
}

/** What lies under one table, or in a part of it. Only where there is something, tables are made for it. */
function moveExtent(
  kernel: Kernel,
  mm: Mm,
  vma: Vma,
  move: TableMove,
): "moved" | "nothing" | "no memory" {
  const { exports } = kernel.mmu;
  const { start, to, pages } = move;
  if (exports.nextEntry(mm.root, start, start + 1, 0) !== start) return "nothing";
  const upper = exports.makeEntry(mm.root, to, 1) >>> 0;
  const source = exports.findEntry(mm.root, start, 1) >>> 0;
  if (upper === 0 || !kernel.pae.reserve(upper, { from: source })) return "no memory";
  const whole = pages === entriesPerTable(kernel);
  if (moveHuge(kernel, mm, vma, start, to, whole, move)) return "moved";
  const slot = exports.findEntry(mm.root, start, 0) >>> 0;
  if (slot === 0) return "nothing";
  if (whole && !move.clearWp && moveTable(kernel, mm, start, to)) return "moved";
  const target = exports.makeEntry(mm.root, to, 0) >>> 0;
  if (target === 0 || !kernel.pae.reserve(target, { from: slot })) return "no memory";
  return moveEntries(kernel, mm, slot, target, move) ? "moved" : "nothing";
}

/**
 * move_huge_pmd: a moved huge page is soft-dirty. False: none here, or it must go in parts, and is split.
 */
function moveHuge(
  kernel: Kernel,
  mm: Mm,
  vma: Vma,
  from: number,
  to: number,
  whole: boolean,
  { clearWp }: TableMove,
): boolean {
  const { exports } = kernel.mmu;
  const slot = hugeEntryAt(kernel, mm.root, from);
  if (slot === 0) return false;
  const target = whole ? exports.makeEntry(mm.root, to, 1) >>> 0 : 0;
  if (target === 0 || exports.isTable(target, 1) || exports.entryFlags(target) !== 0) {
    splitMapping(kernel, mm, vma, slot, from);
    return false;
  }
  kernel.count(Event.move_entry);
  exports.moveEntry(slot, target);
  kernel.pae.moveEntry(slot, target);
  exports.updateEntry(target, clearWp ? Pte.uffdWp : 0, kernel.softDirty ? Pte.softDirty : 0);
  return true;
}

/** move_normal_pmd: the target must have no table of its own. */
function moveTable(kernel: Kernel, mm: Mm, from: number, to: number): boolean {
  const { exports } = kernel.mmu;
  const target = exports.makeEntry(mm.root, to, 1) >>> 0;
  const source = exports.findEntry(mm.root, from, 1) >>> 0;
  if (target === 0 || source === 0 || exports.isTable(target, 1)) return false;
  kernel.count(Event.move_table);
  exports.moveTable(source, target);
  return true;
}

function moveEntries(
  kernel: Kernel,
  mm: Mm,
  from: number,
  target: number,
  { start, pages: count, to, clearWp }: TableMove,
): boolean {
  const { exports } = kernel.mmu;
  let moved = false;
  for (let i = 0; i < count; i++) {
    const source = from + 8 * i;
    const flags = exports.entryFlags(source);
    if (flags === 0) continue;
    kernel.count(Event.move_entry);
    if ((flags & Pte.present) !== 0) moved = true;
    if (clearWp && (markerIn(kernel, source, flags) & MARKER_UFFD_WP) !== 0) {
      exports.clearEntry(source);
      continue;
    }
    unfold(kernel, mm, source, start + i);
    exports.moveEntry(source, target + 8 * i);
    kernel.pae.moveEntry(source, target + 8 * i);
    const softDirty = kernel.softDirty ? Pte.softDirty : 0;
    exports.updateEntry(target + 8 * i, clearWp ? Pte.uffdWp : 0, softDirty);
    tryFold(kernel, mm, target + 8 * i, to + i);
  }
  return moved;
}
