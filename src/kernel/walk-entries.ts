// Goes over the entries of a range, table by table, as the kernel's page walks do.
//
//   upper entry    none           -> passed over
//                  points to table -> a run of last-level entries
//                  maps a huge page (or stands for one) -> `huge`

import type { Kernel } from "./kernel.js";

/** Called for `count` last-level entries side by side: the first one's slot and page. */
export type VisitRun = (slot: number, page: number, count: number) => void;

/**
 * Called for an upper entry that is no table: its slot, and the part [page, end) of the range under it. True:
 * it has been split, and its last-level entries are to be visited.
 */
export type VisitHuge = (slot: number, page: number, end: number) => boolean;

/** Entries of a last-level table; base pages of a huge one. */
export function entriesPerTable(kernel: Kernel): number {
  return kernel.entriesPerTable;
}

/** First page of the huge page, or table, that a page lies in. */
export function hugeStart(kernel: Kernel, page: number): number {
  // Entries are a power of two, so this is exact; % of numbers beyond 2^31 is a call of fmod.
  const size = entriesPerTable(kernel);
  return Math.floor(page / size) * size;
}

/** End of the part of [page, end) that lies in the table of `page`. */
export function tableEnd(kernel: Kernel, page: number, end: number): number {
  return Math.min(end, hugeStart(kernel, page) + entriesPerTable(kernel));
}

/** Visits what [start, end) has, in order, each table's entries under its lock. */
export function forEachRun(
  kernel: Kernel,
  root: number,
  start: number,
  end: number,
  run: VisitRun,
  huge: VisitHuge,
): void {
  lookAtRuns(kernel, root, start, end, underLock(kernel, run), huge);
}

/**
 * The same under an mmap_lock that is held for reading: behind each table other CPUs go on, and may fault. What they do
 * there (`Kernel.meanwhile`) must leave mappings as they are.
 */
export function forEachRunShared(
  kernel: Kernel,
  root: number,
  start: number,
  end: number,
  run: VisitRun,
  huge: VisitHuge,
): void {
  const locked = underLock(kernel, run);
  const shared: VisitRun = (slot, page, count) => {
    locked(slot, page, count);
    kernel.meanwhile?.();
  };
  lookAtRuns(kernel, root, start, end, shared, huge);
}

/** Visits every last-level entry, none or not, and upper entries that are no tables; under the tables' locks. */
export function forEachEntry(
  kernel: Kernel,
  root: number,
  start: number,
  end: number,
  visit: (slot: number, page: number) => void,
  huge: VisitHuge,
): void {
  forEachRun(kernel, root, start, end, oneByOne(visit), huge);
}

/** The same for somebody who is not there: an observer takes no locks. */
export function lookAtEntries(
  kernel: Kernel,
  root: number,
  start: number,
  end: number,
  visit: (slot: number, page: number) => void,
  huge: VisitHuge,
): void {
  lookAtRuns(kernel, root, start, end, oneByOne(visit), huge);
}

function underLock(kernel: Kernel, run: VisitRun): VisitRun {
  return (slot, page, count) => kernel.locks.withTable(slot, () => run(slot, page, count));
}

function oneByOne(visit: (slot: number, page: number) => void): VisitRun {
  return (slot, page, count) => {
    for (let i = 0; i < count; i++) visit(slot + 8 * i, page + i);
  };
}

function lookAtRuns(
  kernel: Kernel,
  root: number,
  start: number,
  end: number,
  run: VisitRun,
  huge: VisitHuge,
): void {
  const { exports } = kernel.mmu;
  for (let page = start; page < end; ) {
    const next = tableEnd(kernel, page, end);
    let slot = exports.findEntry(root, page, 0) >>> 0;
    if (slot === 0) {
      const filled = exports.nextEntry(root, page, end, 0);
      if (filled !== page) {
        page = filled;
        continue;
      }
      const upper = exports.findEntry(root, page, 1) >>> 0;
      if (huge(upper, page, next)) slot = exports.findEntry(root, page, 0) >>> 0;
    }
    if (slot !== 0) run(slot, page, next - page);
    page = next;
  }
}

/**
 * Frees the tables of anonymous memory that lie wholly within [floor, ceiling) and meet [first, end); their entries
 * must be none. Returns how many.
 */
export function freeTables(
  kernel: Kernel,
  root: number,
  [first, end]: readonly [number, number],
  [floor, ceiling]: readonly [number, number],
): number {
  const { exports } = kernel.mmu;
  const free = (): number => exports.freeTables(root, first, end, floor, ceiling);
  return kernel.pae.tablesGo(root, first, end, free);
}

/** For trees that hold no huge pages. */
export const NO_HUGE: VisitHuge = () => false;

/** Slot of the upper entry of a page where it maps, or stands for, a huge page; 0 where it does not. */
export function hugeEntryAt(kernel: Kernel, root: number, page: number): number {
  const { exports } = kernel.mmu;
  const slot = exports.findEntry(root, page, 1) >>> 0;
  if (slot === 0 || exports.isTable(slot, 1)) return 0;
  return exports.entryFlags(slot) === 0 ? 0 : slot;
}

/** An entry that maps, or stands for, a page: its slot, its level, and the first page it is for. */
export interface Leaf {
  readonly slot: number;
  readonly level: number;
  readonly first: number;
}

/** The entry that decides about a page, at whatever level it is; null = there is no table for it. */
export function leafAt(kernel: Kernel, root: number, page: number): Leaf | null {
  const { exports } = kernel.mmu;
  const { hardware } = kernel;
  const [half] = hardware.halves;
  for (let level = Math.min(2, half.topLevel); level >= 0; level--) {
    const slot = exports.findEntry(root, page, level) >>> 0;
    if (slot === 0) return null;
    if (level > 0 && (exports.isTable(slot, level) || exports.entryFlags(slot) === 0)) continue;
    const span = 2 ** ((half.levels[level]?.shift ?? 0) - hardware.pageShift);
    return { slot, level, first: page - (page % span) };
  }
  return null;
}

/** pte_range_none: `count` last-level entries from a slot on are none. */
export function isEmptyRun(kernel: Kernel, slot: number, count: number): boolean {
  for (let i = 0; i < count; i++) {
    if (kernel.mmu.exports.entryFlags(slot + 8 * i) !== 0) return false;
  }
  return true;
}
