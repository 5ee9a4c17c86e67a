// Long-term pins (mm/gup.c pin_user_pages_fast, gup_fast, __gup_longterm_locked, try_grab_folio; io_uring/memmap.c
// io_pin_pages): FOLL_PIN | FOLL_LONGTERM, with FOLL_WRITE or without.
//
//   each page --as wanted, and no lock asked for?--> grabbed (gup_fast)
//             --else, from this one on-------------> faults, then grabbed

import { Pte } from "../layout/linux-flags.js";
import { noMemory } from "./allocation.js";
import type { Errno } from "./errno.js";
import { Event } from "./events.js";
import { allows } from "./fault.js";
import { addPins, getPage, headOf, isLarge, putPage } from "./folio.js";
import { type Followed, faultIn, followPage, type Wanted } from "./follow-page.js";
import { isHugeZero } from "./huge-zero.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { PIN_BIAS } from "./page-flags.js";
import { Waits } from "./steps.js";
import { syscall } from "./syscall.js";
import type { Vma } from "./vma.js";
import { leafAt } from "./walk-entries.js";

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
  if (kernel.steps.held !== null) return pinMeanwhile(kernel, mm, start, end, want);
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

/**
 * While another CPU is in the middle of a call: what needs no lock goes on, the rest waits. A fork of the address space
 * is seen by its write_protect_seq, unless the scheme thinks that the second look at the entry is enough.
 * @throws Waits
 */
function pinMeanwhile(
  kernel: Kernel,
  mm: Mm,
  start: number,
  end: number,
  want: Wanted,
): { pins: Pins } {
  mm.hasPinned = true;
  const forking = kernel.steps.held?.call === "fork" && kernel.steps.held.mm === mm;
  if (forking && kernel.pae.trustsEntry !== true && !kernel.lacks("fork-seqcount"))
    throw new Waits();
  const pins: number[] = [];
  pinFast(kernel, mm, start, end, want, pins);
  if (pins.length === end - start) return { pins };
  unpinPages(kernel, pins);
  throw new Waits();
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
  kernel.steps.walking = kernel.steps.armed;
  for (let page = start; page < end; page++) {
    const held = holdEarly(kernel, mm, page);
    const vma = mm.vmas.at(page);
    const frame = followFast(kernel, mm, vma, page, want);
    // The zero page is special, and left to who knows its mapping.
    if (typeof frame !== "number" || isZero(kernel, frame)) {
      if (held !== 0) unpinPages(kernel, [held]);
      break;
    }
    kernel.count(Event.gup_fast);
    pins.push(held !== 0 ? held : grab(kernel, frame));
  }
  kernel.steps.walking = false;
}

/** What a pin finds without locks; gup_fast_pte_range looks at no entry without rights. */
function followFast(kernel: Kernel, mm: Mm, vma: Vma | null, page: number, want: Wanted): Followed {
  if (vma === null || (want.write && isForbiddenFile(kernel, vma))) return "fault";
  return followPage(kernel, mm, vma, page, { ...want, honorsNuma: true });
}

/**
 * try_grab_folio comes before the second look at the entry. That matters only where somebody comes between. Returns the
 * page that is pinned, or 0.
 */
function holdEarly(kernel: Kernel, mm: Mm, page: number): number {
  if (!kernel.steps.armed) return 0;
  const leaf = leafAt(kernel, mm.root, page);
  const { exports } = kernel.mmu;
  const flags = leaf === null ? 0 : exports.entryFlags(leaf.slot);
  if (leaf === null || (flags & (Pte.present | Pte.special)) !== Pte.present) return 0;
  const frame = exports.entryFrame(leaf.slot, leaf.level) + (page - leaf.first);
  return isZero(kernel, frame) ? 0 : grab(kernel, frame);
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
