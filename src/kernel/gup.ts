// Long-term pins for writing (mm/gup.c pin_user_pages, try_grab_folio): FOLL_PIN | FOLL_LONGTERM | FOLL_WRITE.

import { noMemory } from "./allocation.js";
import type { Errno } from "./errno.js";
import { allows } from "./fault.js";
import { addPins, getPage, headOf, isLarge, putPage } from "./folio.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { PIN_BIAS } from "./page-flags.js";
import { faultIn } from "./populate.js";
import { syscall } from "./syscall.js";
import { hugeEntryAt, hugeStart } from "./walk-entries.js";

/** Pages that one call pinned; who unpins them says which. */
export type Pins = readonly number[];

/**
 * Pins the pages of [start, end), each after a write fault if it needs one.
 * @returns the frames, or EFAULT: a hole, or a mapping that is not writable; ENOMEM: no memory for the first page
 * (a later one makes the call come back early, which its caller, io_pin_pages, takes for EFAULT). Nothing is
 * pinned then
 */
export function pinPages(
  kernel: Kernel,
  mm: Mm,
  start: number,
  end: number,
): { pins: Pins } | { errno: Errno } {
  return syscall(kernel, mm, "read", () => {
    const pins: number[] = [];
    if (noMemory(kernel)) return { errno: "ENOMEM" };
    for (let page = start; page < end; page++) {
      const vma = mm.vmas.at(page);
      const allowed = vma !== null && allows(vma, true);
      const errno = allowed ? faultIn(kernel, mm, page, true) : "EFAULT";
      if (errno !== 0) {
        unpinPages(kernel, pins);
        return { errno: page === start ? errno : "EFAULT" };
      }
      // Seen by fork and clear_refs from now on, whatever becomes of the pins (MMF_HAS_PINNED).
      mm.hasPinned = true;
      pins.push(grab(kernel, mm, page));
    }
    return { pins };
  });
}

function grab(kernel: Kernel, mm: Mm, page: number): number {
  const { exports } = kernel.mmu;
  const huge = hugeEntryAt(kernel, mm.root, page);
  const frame =
    huge !== 0
      ? exports.entryFrame(huge, 1) + (page - hugeStart(kernel, page))
      : exports.entryFrame(exports.findEntry(mm.root, page, 0) >>> 0, 0);
  if (isLarge(kernel, frame)) {
    getPage(kernel, frame);
    addPins(kernel, headOf(kernel, frame), 1);
  } else {
    getPage(kernel, frame, PIN_BIAS);
  }
  return frame;
}

/** unpin_user_pages. */
export function unpinPages(kernel: Kernel, pins: Pins): void {
  for (const frame of pins) {
    if (isLarge(kernel, frame)) {
      addPins(kernel, headOf(kernel, frame), -1);
      putPage(kernel, frame);
    } else {
      putPage(kernel, frame, PIN_BIAS);
    }
  }
}
