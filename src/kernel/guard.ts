// Guard regions (mm/madvise.c madvise_guard_install, madvise_guard_remove): markers that make any access end in
// SIGSEGV, without a VMA of their own.

import { MARKER_GUARD, markerIn, setMarker } from "./absent.js";
import { prepareAnon } from "./anon-fault.js";
import type { Errno } from "./errno.js";
import { Event } from "./events.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { gathering } from "./mmu-gather.js";
import type { Vma } from "./vma.js";
import { forEachEntry, hugeEntryAt, NO_HUGE } from "./walk-entries.js";
import { zapSingle } from "./zap.js";

/** Every page of the range is a guard then. What is there goes, all of it, once the first of it is met. */
export function installGuards(kernel: Kernel, mm: Mm, vma: Vma, start: number, end: number): Errno {
  // fork must copy the markers, and it copies what has an anon_vma: so shared mappings get one, too.
  if (!prepareAnon(kernel, mm, vma)) return "ENOMEM";
  let result = placeGuards(kernel, mm, start, end);
  if (result === "filled") {
    gathering(kernel, mm, (gather) => zapSingle(gather, vma, start, end, true));
    result = placeGuards(kernel, mm, start, end);
  }
  return result === "no memory" ? "ENOMEM" : 0;
}

function placeGuards(
  kernel: Kernel,
  mm: Mm,
  start: number,
  end: number,
): "done" | "filled" | "no memory" {
  const { exports } = kernel.mmu;
  for (let page = start; page < end; page++) {
    if (hugeEntryAt(kernel, mm.root, page) !== 0) return "filled";
    const slot = exports.makeEntry(mm.root, page, 0) >>> 0;
    if (slot === 0) return "no memory";
    const flags = exports.entryFlags(slot);
    if ((markerIn(kernel, slot, flags) & MARKER_GUARD) !== 0) continue;
    if (flags !== 0) return "filled";
    kernel.count(Event.marker_entry);
    setMarker(kernel, slot, MARKER_GUARD);
  }
  return "done";
}

/** Whether a page is a guard. */
export function isGuard(kernel: Kernel, mm: Mm, page: number): boolean {
  const { exports } = kernel.mmu;
  const slot = exports.findEntry(mm.root, page, 0) >>> 0;
  return slot !== 0 && (markerIn(kernel, slot, exports.entryFlags(slot)) & MARKER_GUARD) !== 0;
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
