// /proc/PID/clear_refs (fs/proc/task_mmu.c clear_refs_write, clear_soft_dirty).

import { Pte } from "../layout/linux-flags.js";
import type { Errno } from "./errno.js";
import { Event } from "./events.js";
import { maybePinned } from "./folio.js";
import { isHugetlb } from "./hugetlb.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { invalidating } from "./notifier.js";
import { syscall } from "./syscall.js";
import { isCow, VM_SOFTDIRTY } from "./vm-flags.js";
import type { Vma } from "./vma.js";
import { forEachEntry, forEachRun, type VisitRun } from "./walk-entries.js";

/**
 * Value 4: soft-dirty of all mappings and entries goes, and every entry is write-protected, so that the next
 * write faults. Without soft-dirty nothing happens (`clear_soft_dirty` is empty). EBUSY where a userfaultfd has the
 * bit, as a proposal wanted it (userfaultfd-context.ts).
 */
export function clearSoftDirty(kernel: Kernel, mm: Mm): Errno {
  return syscall(kernel, mm, "write", () => {
    if (!kernel.softDirty) return 0;
    if (mm.vmas.all.some(({ uffd }) => uffd?.softDirty === true)) return "EBUSY";
    mm.clearedRefs = true;
    for (const vma of mm.vmas.all) vma.flags &= ~VM_SOFTDIRTY;
    const all = { mm, start: 0, end: mm.limit, event: "soft-dirty", taken: "write" } as const;
    invalidating(kernel, all, () => {
      for (const vma of mm.vmas.all) {
        // clear_refs_walk_ops.walk_lock is PGWALK_WRLOCK (6.5): faults wait until the call is over.
        kernel.locks.startWrite(vma);
        // The walk has no function for huge pages of a pool.
        if (isHugetlb(vma)) continue;
        if (mm.hasPinned && isCow(vma.flags)) clearOneByOne(kernel, mm, vma);
        else clearRuns(kernel, mm, vma);
      }
      kernel.tlb.space(mm);
    });
    return 0;
  });
}

/** Whose young bits go: all, private mappings' (CLEAR_REFS_ANON), those with a file behind them (CLEAR_REFS_MAPPED). */
const REFERENCED: ReadonlyMap<number, (vma: Vma) => boolean> = new Map([
  [1, () => true],
  [2, ({ object }: Vma) => object === null],
  [3, ({ object }: Vma) => object !== null],
]);
const SOFT_DIRTY = 4;
const PEAK_RSS = 5;

/**
 * What writing a number to clear_refs does: 1 to 3 make entries old, and no TLB is told; 4 clears soft-dirty; 5 resets
 * a statistic. EINVAL for any other.
 */
export function clearRefs(kernel: Kernel, mm: Mm, type: number): Errno {
  const wanted = REFERENCED.get(type);
  if (wanted !== undefined) {
    syscall(kernel, mm, "write", () => {
      for (const vma of mm.vmas.all) {
        kernel.locks.startWrite(vma);
        if (wanted(vma)) makeOld(kernel, mm, vma);
      }
    });
    return 0;
  }
  if (type === SOFT_DIRTY) return clearSoftDirty(kernel, mm);
  return type === PEAK_RSS ? 0 : "EINVAL";
}

/** clear_refs_pte_range; zero pages are no one's. */
function makeOld(kernel: Kernel, mm: Mm, vma: Vma): void {
  const { exports } = kernel.mmu;
  const visit = (slot: number): void => {
    kernel.count(Event.clear_entry);
    const flags = exports.entryFlags(slot);
    if ((flags & (Pte.present | Pte.special)) !== Pte.present) return;
    exports.updateEntry(slot, Pte.young, 0);
  };
  forEachEntry(kernel, mm.root, vma.start, vma.end, visit, (slot) => {
    visit(slot);
    return false;
  });
}

function clearRuns(kernel: Kernel, mm: Mm, vma: Vma): void {
  const { clearRefs: plain, clearPrivate } = kernel.programs;
  const { address } = isCow(vma.flags) ? clearPrivate : plain;
  const run: VisitRun = (slot, _page, count) => {
    kernel.count(Event.clear_entry, count);
    let done = 0;
    while (done < count) {
      done += kernel.mmu.exports.apply(address, slot + 8 * done, 0, count - done);
      if (done < count) clearEntry(kernel, slot + 8 * done++, 0);
    }
  };
  forEachRun(kernel, mm.root, vma.start, vma.end, run, (slot) => clearHuge(kernel, slot));
}

/** clear_soft_dirty_pmd; false: nothing is split. */
function clearHuge(kernel: Kernel, slot: number): boolean {
  kernel.count(Event.clear_entry);
  clearEntry(kernel, slot, 1);
  return false;
}

/** An entry by itself: absent, or present and none that a program can do. */
function clearEntry(kernel: Kernel, slot: number, level: number): void {
  const { exports } = kernel.mmu;
  const flags = exports.entryFlags(slot);
  if ((flags & Pte.present) === 0) {
    clearAbsent(kernel, slot);
    return;
  }
  const kept = kernel.pae.keep(slot, level, flags);
  exports.updateEntry(slot, Pte.write | Pte.softDirty, 0);
  kernel.pae.kept(slot, level, kept);
}

/** pte_swp_clear_soft_dirty. */
function clearAbsent(kernel: Kernel, slot: number): void {
  kernel.mmu.exports.updateEntry(slot, Pte.softDirty, 0);
}

/** pte_is_pinned: a writable page that may be pinned stays as it is: whoever pinned it may still write. */
function clearOneByOne(kernel: Kernel, mm: Mm, vma: Vma): void {
  const { exports } = kernel.mmu;
  const visit = (slot: number): void => {
    const flags = exports.entryFlags(slot);
    kernel.count(Event.clear_entry);
    if (flags === 0) return;
    const pinned =
      (flags & (Pte.present | Pte.special | Pte.write)) === (Pte.present | Pte.write) &&
      maybePinned(kernel, exports.entryFrame(slot, 0));
    if (!pinned) clearEntry(kernel, slot, 0);
  };
  forEachEntry(kernel, mm.root, vma.start, vma.end, visit, (slot) => clearHuge(kernel, slot));
}
