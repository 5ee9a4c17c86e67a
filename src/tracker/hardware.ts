// What hardware could do at best, as a bound: stores set the dirty state of their entries without any fault. A log
// (as Intel's PML, which exists for guests' memory alone) tells the pages; a sweep (as of arm64's DBM state) looks at
// every entry. Both make entries clean again and flush.

import { Event } from "../kernel/events.js";
import { syscall } from "../kernel/syscall.js";
import { forEachRun } from "../kernel/walk-entries.js";
import { Pte } from "../layout/linux-flags.js";
import { refuse } from "./refuse.js";
import { type Pages, runsOf, type Tracker, type Watched } from "./types.js";

/** Entries of the log (SDM 30.5, page-modification logging). */
const LOG_ENTRIES = 512;

/** Pages whose dirty state is set; where a huge page is dirty, or a contiguous group, all of its pages. */
function dirtyPages({ kernel, mm, start, end }: Watched): number[] {
  const { exports } = kernel.mmu;
  const pages: number[] = [];
  const dirty = Pte.present | Pte.dirty;
  forEachRun(
    kernel,
    mm.root,
    start,
    end,
    (slot, page, count) => {
      const entries = kernel.mmu.gather(slot, count);
      for (let i = 0; i < count; i++) {
        const flags = entries[2 * i] ?? 0;
        // Hardware may note a group's dirty state in any one of its entries.
        const joined = (flags & Pte.contiguous) === 0 ? flags : exports.entryFlags(slot + 8 * i);
        if ((joined & dirty) === dirty) pages.push(page + i);
      }
    },
    (slot, page, until) => {
      if ((exports.entryFlags(slot) & dirty) !== dirty) return false;
      for (let at = page; at < until; at++) pages.push(at);
      return false;
    },
  );
  return pages;
}

/** Makes every entry clean. */
function clean({ kernel, mm, start, end }: Watched): void {
  const { exports } = kernel.mmu;
  forEachRun(
    kernel,
    mm.root,
    start,
    end,
    (slot, _page, count) => {
      let done = 0;
      while (done < count) {
        done += exports.apply(kernel.programs.clean.address, slot + 8 * done, 0, count - done) + 1;
      }
    },
    (slot) => {
      exports.updateEntry(slot, Pte.dirty, 0);
      return false;
    },
  );
  kernel.tlb.range(mm, start, end);
}

function armed(watched: Watched): void {
  const { kernel, mm, start, end } = watched;
  refuse("dirty state of the hardware", kernel.config.hwDirty ? 0 : "EINVAL");
  syscall(kernel, mm, "read", () => {
    kernel.count(Event.dirty_sweep, end - start);
    clean(watched);
  });
}

function collectBy(told: (watched: Watched, pages: number) => void): Tracker["collect"] {
  return (watched): Pages =>
    syscall(watched.kernel, watched.mm, "read", () => {
      const pages = dirtyPages(watched);
      told(watched, pages.length);
      if (pages.length > 0) clean(watched);
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
