// Who maps a large folio: two slots of (address space, mappings), and a flag "mapped shared" (include/linux/
// rmap.h, folio_add_return_large_mapcount; from 6.15). It may say "shared" of a folio that is so no longer, but never
// "exclusive" of one that several address spaces map.

import { FRAME_INDEX, FRAME_OWNER, FRAME_SPARE } from "../../assembly/abi/frames.js";
import type { Kernel } from "./kernel.js";

const SLOTS = [FRAME_OWNER, FRAME_INDEX] as const;

function word(kernel: Kernel, frame: number, offset: number): number {
  return kernel.mmu.words[kernel.mmu.record(frame) + (offset >>> 2)] ?? 0;
}

function setWord(kernel: Kernel, frame: number, offset: number, value: number): void {
  kernel.mmu.words[kernel.mmu.record(frame) + (offset >>> 2)] = value;
}

/** An address space maps the folio (or a page of it) once more, or once less. Ids begin at 1. */
export function trackMapping(kernel: Kernel, head: number, by: 1 | -1, mm: number): void {
  const ids = head + 1;
  const counts = head + 2;
  const total = word(kernel, ids, FRAME_SPARE) + by;
  setWord(kernel, ids, FRAME_SPARE, total);
  const known = SLOTS.find((slot) => word(kernel, ids, slot) === mm);
  if (known !== undefined) {
    const count = word(kernel, counts, known) + by;
    setWord(kernel, counts, known, count);
    if (count === 0) setWord(kernel, ids, known, 0);
  } else if (by > 0) {
    addUnknown(kernel, head, mm, total);
  }
  if (by > 0) return;
  const alone = SLOTS.some((slot) => word(kernel, counts, slot) === total);
  if (alone) setWord(kernel, counts, FRAME_SPARE, 0);
}

/** Takes a free slot; with none left, nobody knows of this address space. */
function addUnknown(kernel: Kernel, head: number, mm: number, total: number): void {
  const free = SLOTS.find((slot) => word(kernel, head + 1, slot) === 0);
  if (free !== undefined) {
    setWord(kernel, head + 1, free, mm);
    setWord(kernel, head + 2, free, 1);
  }
  if (free === undefined || total !== 1) setWord(kernel, head + 2, FRAME_SPARE, 1);
}

/** folio_maybe_mapped_shared, of a large folio. */
export function maybeMappedShared(kernel: Kernel, head: number): boolean {
  return word(kernel, head + 2, FRAME_SPARE) !== 0;
}
