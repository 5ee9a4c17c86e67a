// Who maps a large folio: two slots of (address space, mappings), and a flag "mapped shared" (include/linux/
// rmap.h, folio_add_return_large_mapcount; from 6.15). It may say "shared" of a folio that is so no longer, but never
// "exclusive" of one that several address spaces map.

import { FRAME_INDEX, FRAME_OWNER, FRAME_SPARE } from "../../assembly/abi/frames.js";
import { frameWord, setFrameWord } from "./frame-words.js";
import type { Kernel } from "./kernel.js";

const SLOTS = [FRAME_OWNER, FRAME_INDEX] as const;

/** An address space maps the folio (or a page of it) once more, or once less. Ids begin at 1. */
export function trackMapping(kernel: Kernel, head: number, by: 1 | -1, mm: number): void {
  const ids = head + 1;
  const counts = head + 2;
  const total = frameWord(kernel, ids, FRAME_SPARE) + by;
  setFrameWord(kernel, ids, FRAME_SPARE, total);
  const known = SLOTS.find((slot) => frameWord(kernel, ids, slot) === mm);
  if (known !== undefined) {
    const count = frameWord(kernel, counts, known) + by;
    setFrameWord(kernel, counts, known, count);
    if (count === 0) setFrameWord(kernel, ids, known, 0);
  } else if (by > 0) {
    addUnknown(kernel, head, mm, total);
  }
  if (by > 0) return;
  const alone = SLOTS.some((slot) => frameWord(kernel, counts, slot) === total);
  if (alone) setFrameWord(kernel, counts, FRAME_SPARE, 0);
}

/** Takes a free slot; with none left, nobody knows of this address space. */
function addUnknown(kernel: Kernel, head: number, mm: number, total: number): void {
  const free = SLOTS.find((slot) => frameWord(kernel, head + 1, slot) === 0);
  if (free !== undefined) {
    setFrameWord(kernel, head + 1, free, mm);
    setFrameWord(kernel, head + 2, free, 1);
  }
  if (free === undefined || total !== 1) setFrameWord(kernel, head + 2, FRAME_SPARE, 1);
}

/** folio_maybe_mapped_shared, of a large folio. */
export function maybeMappedShared(kernel: Kernel, head: number): boolean {
  return frameWord(kernel, head + 2, FRAME_SPARE) !== 0;
}
