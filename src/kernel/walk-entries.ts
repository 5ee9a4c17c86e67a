// Goes over the last-level entries of a range, table by table, as the kernel's page walks do.

import type { Kernel } from "./kernel.js";

/** Called for `count` entries side by side: the first one's slot and page. */
export type VisitRun = (slot: number, page: number, count: number) => void;

/** Entries of a last-level table. */
export function entriesPerTable(kernel: Kernel): number {
  return 2 ** (kernel.hardware.halves[0].levels[0]?.indexBits ?? 0);
}

/** Visits the runs of entries of [start, end) that have a table; holes are passed over. */
export function forEachRun(
  kernel: Kernel,
  root: number,
  start: number,
  end: number,
  visit: VisitRun,
): void {
  const { exports } = kernel.mmu;
  const size = entriesPerTable(kernel);
  let page = exports.nextEntry(root, start, end, 0);
  while (page < end) {
    const next = Math.min(end, page - (page % size) + size);
    const slot = exports.findEntry(root, page, 0) >>> 0;
    if (slot !== 0) visit(slot, page, next - page);
    page = exports.nextEntry(root, next, end, 0);
  }
}

/** Visits every entry of such runs, none or not. */
export function forEachEntry(
  kernel: Kernel,
  root: number,
  start: number,
  end: number,
  visit: (slot: number, page: number) => void,
): void {
  forEachRun(kernel, root, start, end, (slot, page, count) => {
    for (let i = 0; i < count; i++) visit(slot + 8 * i, page + i);
  });
}
