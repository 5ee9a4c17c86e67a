// Whoever takes away that a page is exclusive asks first whether it is pinned (include/linux/rmap.h
// __folio_try_share_anon_rmap). Pins come without locks, so the order decides:
//
//   KSM, reclaim, migration             a pin without locks (mm/gup.c gup_fast_pte_range)
//   the entry is cleared                a reference is taken
//   full barrier                        the entry is looked at again: as it was?
//   pinned? then it is put back         exclusive?
//
// One of the two sees the other. Were the question asked before the entry is cleared, a pin could come between that
// nobody sees: it would hold a page that its process does not write to any more.

import type { Entry } from "../pae/types.js";
import { maybePinned } from "./folio.js";
import type { Kernel } from "./kernel.js";

/** The entry is about to lose "exclusive", for good or until it comes back. False: its page may be pinned. */
export function tryShare(kernel: Kernel, entry: Entry): boolean {
  const { slot, level, frame } = entry;
  if (!kernel.pae.isX(slot, level, frame)) return true;
  if (maybePinned(kernel, frame)) return false;
  if (kernel.steps.armed) passTested(kernel, slot);
  return true;
}

/** The model clears entries where they change; whoever comes between must find them cleared already. */
function passTested(kernel: Kernel, slot: number): void {
  const { mmu, steps } = kernel;
  const at = slot >>> 2;
  const words = mmu.words.slice(at, at + 2);
  if (!kernel.lacks("clear-first")) mmu.words.fill(0, at, at + 2);
  steps.pass("share-tested", { call: "unmap", mm: null, table: true, folio: true });
  mmu.words.set(words, at);
}
