// Guard regions (mm/madvise.c madvise_guard_install, madvise_guard_remove): markers that make any access end in
// SIGSEGV, without a VMA of their own.

import { MARKER_GUARD, markerIn, setMarker } from "./absent.js";
import { prepareAnon } from "./anon-fault.js";
import type { Errno } from "./errno.js";
import { Event } from "./events.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import type { Vma } from "./vma.js";
import { forEachEntry, NO_HUGE } from "./walk-entries.js";
import { zapRange } from "./zap.js";

/** What was there goes; every page of the range is a guard then. */
export function installGuards(kernel: Kernel, mm: Mm, vma: Vma, start: number, end: number): Errno {
  // fork must copy the markers, and it copies what has an anon_vma: so shared mappings get one, too.
  prepareAnon(mm, vma);
  zapRange(kernel, mm, vma, start, end, true);
  for (let page = start; page < end; page++) {
    const slot = kernel.mmu.exports.makeEntry(mm.root, page, 0) >>> 0;
    if (slot === 0) return "ENOMEM";
    kernel.count(Event.marker_entry);
    setMarker(kernel, slot, MARKER_GUARD);
  }
  return 0;
}

/** Guards go; all else stays. */
export function removeGuards(kernel: Kernel, mm: Mm, _vma: Vma, start: number, end: number): Errno {
  const { exports } = kernel.mmu;
  const remove = (slot: number): void => {
    const marker = markerIn(kernel, slot, exports.entryFlags(slot));
    if ((marker & MARKER_GUARD) === 0) return;
    kernel.count(Event.marker_entry);
    exports.clearEntry(slot);
  };
  forEachEntry(kernel, mm.root, start, end, remove, NO_HUGE);
  return 0;
}
