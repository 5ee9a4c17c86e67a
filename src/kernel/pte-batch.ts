// Entries side by side that map side by side pages of one folio (mm/internal.h folio_pte_batch_flags), and what
// taking them together does to them.

import { Pte } from "../layout/linux-flags.js";
import { headOf, isLarge, orderOf } from "./folio.js";
import type { Kernel } from "./kernel.js";

/** What is joined. */
const JOINED = Pte.dirty | Pte.young;

/**
 * Length of the batch that begins with the entry in a slot: the same flags but dirty and young (as far as these say nothing else), the next pages
 * of the same folio. 1 for what is no page of a large folio.
 * @param left entries up to the end of the range
 */
export function batchAt(kernel: Kernel, slot: number, left: number): number {
  const { exports } = kernel.mmu;
  const flags = exports.entryFlags(slot);
  if ((flags & (Pte.present | Pte.special)) !== Pte.present) return 1;
  const frame = exports.entryFrame(slot, 0);
  if (!isLarge(kernel, frame)) return 1;
  const head = headOf(kernel, frame);
  const most = Math.min(left, head + 2 ** orderOf(kernel, head) - frame);
  const mayDiffer = kernel.pae.mayDiffer(flags);
  let count = 1;
  while (count < most) {
    const next = exports.entryFlags(slot + 8 * count);
    if (((next ^ flags) & ~mayDiffer) !== 0) break;
    if (exports.entryFrame(slot + 8 * count, 0) !== frame + count) break;
    count++;
  }
  return count;
}

/**
 * get_and_clear_full_ptes, and set_ptes of the result: dirty and young of all are joined. Dirtiness of any but the
 * first comes in by pte_mkdirty, which makes them all soft-dirty, too, where that is so.
 */
export function joinBatch(kernel: Kernel, slot: number, count: number): void {
  const { exports } = kernel.mmu;
  const frame = exports.entryFrame(slot, 0);
  let join = exports.entryFlags(slot) & JOINED;
  // Dirtiness that says something else of each entry is left as it is.
  const joined = kernel.pae.mayDiffer(exports.entryFlags(slot)) | Pte.softDirty;
  for (let i = 1; i < count; i++) {
    const flags = exports.entryFlags(slot + 8 * i);
    const dirty = kernel.pae.isDirty(flags, frame + i) ? kernel.madeDirty & joined : 0;
    join |= (flags & Pte.young) | dirty;
  }
  for (let i = 0; i < count; i++) exports.updateEntry(slot + 8 * i, 0, join);
}
