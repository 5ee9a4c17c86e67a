// What hardware could do at best, as a bound: stores set the dirty state of their entries without any fault. A log
// (as Intel's PML, which exists for guests' memory alone) tells the pages; a sweep (as of arm64's DBM state) looks at
// every entry. Both make entries clean again and flush.

import { Event } from "../kernel/events.js";
import type { Kernel } from "../kernel/kernel.js";
import { syscall } from "../kernel/syscall.js";
import { forEachRunShared } from "../kernel/walk-entries.js";
import { Pte } from "../layout/linux-flags.js";
import { refuse } from "./refuse.js";
import { type Pages, runsOf, type Tracker, type Watched } from "./types.js";

/** Entries of the log (SDM 30.5, page-modification logging). */
const LOG_ENTRIES = 512;

/** Makes the entries of a run clean. */
function cleanRun({ programs, mmu }: Kernel, slot: number, count: number): void {
  let done = 0;
  while (done < count) {
    const at = slot + 8 * done;
    done += mmu.exports.apply(programs.clean.address, at, 0, count - done) + 1;
  }
}

/**
 * Pages whose dirty state is set, and makes their entries clean; where a huge page is dirty, or a contiguous group, all
 * of its pages. An entry is read and made clean in one step; a store through a translation that is still dirty is one to
 * a page that is told.
 */
function takeDirty({ kernel, mm, start, end }: Watched): number[] {
  const { exports } = kernel.mmu;
  const pages: number[] = [];
  const dirty = Pte.present | Pte.dirty;
  forEachRunShared(
    kernel,
    mm.root,
    start,
    end,
    (slot, page, count) => {
      const entries = kernel.mmu.gather(slot, count);
      const before = pages.length;
      for (let i = 0; i < count; i++) {
        const flags = entries[2 * i] ?? 0;
        // Hardware may note a group's dirty state in any one of its entries.
        const joined = (flags & Pte.contiguous) === 0 ? flags : exports.entryFlags(slot + 8 * i);
        if ((joined & dirty) === dirty) pages.push(page + i);
      }
      if (pages.length > before) cleanRun(kernel, slot, count);
    },
    (slot, page, until) => {
      if ((exports.entryFlags(slot) & dirty) !== dirty) return false;
      for (let at = page; at < until; at++) pages.push(at);
      exports.updateEntry(slot, Pte.dirty, 0);
      return false;
    },
  );
  if (pages.length > 0) kernel.tlb.range(mm, start, end);
  return pages;
}

function armed(watched: Watched): void {
  const { kernel, mm, start, end } = watched;
  refuse("dirty state of the hardware", kernel.config.hwDirty ? 0 : "EINVAL");
  syscall(kernel, mm, "read", () => {
    kernel.count(Event.dirty_sweep, end - start);
    takeDirty(watched);
  });
}

function collectBy(told: (watched: Watched, pages: number) => void): Tracker["collect"] {
  return (watched): Pages =>
    syscall(watched.kernel, watched.mm, "read", () => {
      const pages = takeDirty(watched);
      told(watched, pages.length);
      return runsOf(pages);
    });
}

const BLIND_TO = {
  discard: "taking an entry down is no store",
  move: "moving an entry is no store",
};

export const hwLog: Tracker = {
  summary: "a log of the hardware, as PML has one for guests: the bound",
  bufferBytes: () => 8 * LOG_ENTRIES,
  seesNewMappings: true,
  blindTo: BLIND_TO,
  arm: armed,
  collect: collectBy(({ kernel }, pages) => {
    kernel.count(Event.dirty_log, pages);
    kernel.count(Event.dirty_log_full, Math.floor(pages / LOG_ENTRIES));
  }),
};

export const hwSweep: Tracker = {
  summary: "the hardware's dirty state, every entry looked at",
  bufferBytes: () => 0,
  seesNewMappings: true,
  blindTo: BLIND_TO,
  arm: armed,
  collect: collectBy(({ kernel, start, end }) => kernel.count(Event.dirty_sweep, end - start)),
};
