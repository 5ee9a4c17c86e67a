// Long-term pins (mm/gup.c pin_user_pages_fast, gup_fast, __gup_longterm_locked, try_grab_folio; io_uring/memmap.c
// io_pin_pages): FOLL_PIN | FOLL_LONGTERM, with FOLL_WRITE or without.
//
//   each page --as wanted, and no lock asked for?--> grabbed (gup_fast)
//             --else, from this one on-------------> faults, then grabbed

import { noMemory } from "./allocation.js";
import type { Errno } from "./errno.js";
import { Event } from "./events.js";
import { allows } from "./fault.js";
import { addPins, getPage, headOf, isLarge, putPage } from "./folio.js";
import { faultIn, followPage, type Wanted } from "./follow-page.js";
import { isHugeZero } from "./huge-zero.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { PIN_BIAS } from "./page-flags.js";
import { syscall } from "./syscall.js";
import type { Vma } from "./vma.js";

/** Pages that one call pinned; who unpins them says which. */
export type Pins = readonly number[];

/**
 * Pins the pages of [start, end), each after a fault if it needs one: for writing, or to be its mapping's alone.
 * @returns the frames, or EFAULT: a hole, or a mapping that does not allow it; ENOMEM: no memory for the first page
 * (a later one makes the call come back early, which its caller, io_pin_pages, takes for EFAULT). Nothing is
 * pinned then
 */
export function pinPages(
  kernel: Kernel,
  mm: Mm,
  start: number,
  end: number,
  write = true,
): { pins: Pins } | { errno: Errno } {
  const want: Wanted = { write, pin: true };
  return syscall(kernel, mm, "read", () => {
    const pins: number[] = [];
    // A buffer without bytes (io_buffer_validate).
    if (end <= start) return { errno: "EFAULT" };
    if (noMemory(kernel)) return { errno: "ENOMEM" };
    // Seen by fork and clear_refs from now on, whatever becomes of the pins (MMF_HAS_PINNED).
    mm.hasPinned = true;
    pinFast(kernel, mm, start, end, want, pins);
    for (let page = start + pins.length; page < end; page++) {
      const errno = pinSlow(kernel, mm, page, want, pins);
      if (errno === 0) continue;
      unpinPages(kernel, pins);
      return { errno: page === start ? errno : "EFAULT" };
    }
    return { pins };
  });
}

/** gup_fast: as far as every page is there as it is wanted; no locks, no faults. */
function pinFast(
  kernel: Kernel,
  mm: Mm,
  start: number,
  end: number,
  want: Wanted,
  pins: number[],
): void {
  for (let page = start; page < end; page++) {
    const vma = mm.vmas.at(page);
    if (vma === null || (want.write && isForbiddenFile(kernel, vma))) return;
    // gup_fast_pte_range looks at no entry without rights.
    const frame = followPage(kernel, mm, vma, page, { ...want, honorsNuma: true });
    // The zero page is special, and left to who knows its mapping.
    if (typeof frame !== "number" || isZero(kernel, frame)) return;
    kernel.count(Event.gup_fast);
    pins.push(grab(kernel, frame));
  }
}

function pinSlow(kernel: Kernel, mm: Mm, page: number, want: Wanted, pins: number[]): Errno {
  const vma = mm.vmas.at(page);
  if (vma === null || !allows(vma, want.write)) return "EFAULT";
  if (want.write && isForbiddenFile(kernel, vma)) return "EFAULT";
  const errno = faultIn(kernel, mm, page, want);
  if (errno !== 0) return errno;
  const frame = followPage(kernel, mm, mm.vmas.at(page) ?? vma, page, want);
  if (typeof frame !== "number") return "EFAULT";
  kernel.count(Event.gup_slow);
  pins.push(grab(kernel, frame));
  return 0;
}

/**
 * writable_file_mapping_allowed, gup_fast_folio_allowed: a long-term pin would go on writing to a file's page behind its
 * file system, which keeps entries read-only to be asked first.
 */
function isForbiddenFile(kernel: Kernel, vma: Vma): boolean {
  return kernel.has("noLongtermFileWrites") && vma.object !== null && vma.object.file !== null;
}

function isZero(kernel: Kernel, frame: number): boolean {
  return frame === kernel.zeroFrame || isHugeZero(kernel, headOf(kernel, frame));
}

/** try_grab_folio; nobody counts references to zero pages. */
function grab(kernel: Kernel, frame: number): number {
  if (isZero(kernel, frame)) return frame;
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
    if (isZero(kernel, frame)) continue;
    if (isLarge(kernel, frame)) {
      addPins(kernel, headOf(kernel, frame), -1);
      putPage(kernel, frame);
    } else {
      putPage(kernel, frame, PIN_BIAS);
    }
  }
}
