// Changes the protection of present entries, and what userfaultfd-wp keeps in absent ones (mm/mprotect.c
// change_pte_range).
//
//   entry --pte_modify--> with the VMA's protection --uffd-wp on/off--> --may be writable?--> entry

import { PROTECTION_NUMBERS, Pte } from "../layout/linux-flags.js";
import { MARKER_GUARD, MARKER_UFFD_WP, markerIn, setMarker } from "./absent.js";
import { tryFold, unfoldEnds } from "./contpte.js";
import { Event } from "./events.js";
import { isHugetlb } from "./hugetlb.js";
import { protectHugetlb } from "./hugetlb-range.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import type { Gather } from "./mmu-gather.js";
import { invalidating } from "./notifier.js";
import { skipsHint } from "./numa-skip.js";
import { pageProt, tracksSoftDirty } from "./page-prot.js";
import { batchAt, joinBatch, separateBatch } from "./pte-batch.js";
import { weakenMigrating } from "./softleaf.js";
import { splitMapping } from "./split-mapping.js";
import { VM_ACCESS_FLAGS, VM_SHARED, VM_UFFD_WP, VM_WRITE } from "./vm-flags.js";
import type { Vma } from "./vma.js";
import { entriesPerTable, forEachEntry, hugeEntryAt, tableEnd } from "./walk-entries.js";

/** MM_CP_*: what to do beside pte_modify. */
export interface ProtectionChange {
  /** Entries that need no write fault become writable at once (MM_CP_TRY_CHANGE_WRITABLE). */
  readonly upgrade: boolean;
  /** MM_CP_UFFD_WP, MM_CP_UFFD_WP_RESOLVE; left out = neither. */
  readonly uffdWp?: "on" | "off";
  /** MM_CP_PROT_NUMA: no access, whatever the VMA allows (numa-hinting.ts). */
  readonly numa?: true;
}

/** Markers stand for protected absent pages (`userfaultfd_wp_use_markers`). */
export function usesMarkers(vma: Vma): boolean {
  if ((vma.flags & VM_UFFD_WP) === 0) return false;
  return vma.object !== null || isHugetlb(vma) || vma.uffd?.unpopulated === true;
}

/** Applies the protection of a VMA to [start, end) of it. False: no memory for a table of markers. */
export function changeProtection(
  gather: Gather,
  vma: Vma,
  start: number,
  end: number,
  change: ProtectionChange,
): boolean {
  const { kernel, mm } = gather;
  const { exports } = kernel.mmu;
  // Where there are no tables, change_pud_range does not come to its notifier.
  if (exports.nextEntry(mm.root, start, end, 0) >= end && !isHugetlb(vma)) {
    return changeEntries(gather, vma, start, end, change);
  }
  const none = (vma.flags & VM_ACCESS_FLAGS) === 0 || change.numa === true;
  const taken = none ? "page" : "write";
  return invalidating(kernel, { mm, start, end, event: "protection-vma", taken }, () =>
    changeEntries(gather, vma, start, end, change),
  );
}

function changeEntries(
  gather: Gather,
  vma: Vma,
  start: number,
  end: number,
  change: ProtectionChange,
): boolean {
  const { kernel, mm } = gather;
  if (isHugetlb(vma)) return protectHugetlb(kernel, mm, vma, start, end, change.uffdWp);
  const { exports } = kernel.mmu;
  let fits = true;
  let batchEnd = start;
  const visit = (slot: number, page: number): void => {
    if (change.numa && leaves(kernel, vma, slot, 0)) return;
    if (page >= batchEnd) batchEnd = page + startBatch(kernel, mm, slot, page, end, change);
    const flags = exports.entryFlags(slot);
    if ((flags & Pte.present) === 0) changeAbsent(kernel, vma, slot, flags, change);
    else if (modify(kernel, vma, slot, flags, change, 0)) gather.changed(page, 1);
    tryFold(kernel, mm, slot, page);
  };
  if (change.uffdWp === "on" && usesMarkers(vma)) {
    fits = protectWithMarkers(gather, vma, start, end, visit, change);
  } else {
    forEachEntry(kernel, mm.root, start, end, visit, (slot, page, until) => {
      const whole = until - page === entriesPerTable(kernel);
      if (!whole) splitMapping(kernel, mm, vma, slot, page);
      else if (changeHuge(kernel, vma, slot, change)) gather.changed(page, until - page);
      return !whole;
    });
  }
  return fits;
}

/** modify_prot_start_ptes: one entry, or from 6.17 on all that can be taken together. Returns how many. */
function startBatch(
  kernel: Kernel,
  mm: Mm,
  slot: number,
  page: number,
  end: number,
  { upgrade }: ProtectionChange,
): number {
  const left = tableEnd(kernel, page, end) - page;
  const count = kernel.has("batchedProtection") ? batchAt(kernel, slot, left) : 1;
  unfoldEnds(kernel, mm, slot, page, count);
  if (count > 1) joinBatch(kernel, slot, count);
  if (count > 1 && upgrade) separateBatch(kernel, slot, count);
  return count;
}

/**
 * Absent pages get markers, for which tables are made; a whole huge page is protected as such. False: no memory for
 * one (change_pmd_prepare).
 */
function protectWithMarkers(
  gather: Gather,
  vma: Vma,
  start: number,
  end: number,
  visit: (slot: number, page: number) => void,
  change: ProtectionChange,
): boolean {
  const { kernel, mm } = gather;
  const size = entriesPerTable(kernel);
  for (let page = start, next = start; page < end; page = next) {
    next = tableEnd(kernel, page, end);
    const huge = hugeEntryAt(kernel, mm.root, page);
    if (huge !== 0 && next - page === size) {
      if (changeHuge(kernel, vma, huge, change)) gather.changed(page, size);
    } else {
      if (huge !== 0) splitMapping(kernel, mm, vma, huge, page);
      const slot = kernel.mmu.exports.makeEntry(mm.root, page, 0) >>> 0;
      if (slot === 0) return false;
      kernel.locks.withTable(slot, () => {
        for (let at = page; at < next; at++) visit(slot + 8 * (at - page), at);
      });
    }
  }
  return true;
}

/** What NUMA balancing does not look at: a present entry. */
function leaves(kernel: Kernel, vma: Vma, slot: number, level: 0 | 1): boolean {
  const flags = kernel.mmu.exports.entryFlags(slot);
  return (flags & Pte.present) !== 0 && skipsHint(kernel, vma, slot, flags, level);
}

/** change_huge_pmd. On x86-64 from 6.6 on, a writable huge entry comes out clean (pmd_modify). */
function changeHuge(kernel: Kernel, vma: Vma, slot: number, change: ProtectionChange): boolean {
  const { exports } = kernel.mmu;
  const before = exports.entryFlags(slot);
  if ((before & Pte.present) === 0) {
    changeAbsent(kernel, vma, slot, before, change);
    return false;
  }
  if (change.numa && leaves(kernel, vma, slot, 1)) return false;
  if (kernel.has("hugeModifyDropsDirty") && (before & Pte.write) !== 0) {
    exports.updateEntry(slot, Pte.dirty, 0);
  }
  const upgrade = change.upgrade && kernel.has("hugeUpgrade");
  return modify(kernel, vma, slot, before, { ...change, upgrade }, 1);
}

/** True: the TLB may hold the entry with rights it no longer has. */
function modify(
  kernel: Kernel,
  vma: Vma,
  slot: number,
  before: number,
  { upgrade, uffdWp, numa }: ProtectionChange,
  level: number,
): boolean {
  const { exports } = kernel.mmu;
  kernel.count(Event.protect_entry);
  const kept = kernel.pae.keep(slot, level, before);
  const protection = numa === true ? PROTECTION_NUMBERS.none : pageProt(kernel, vma);
  let flags = exports.protectEntry(slot, protection);
  if (uffdWp === "on") {
    const cleared = vma.uffd?.softDirty === true ? Pte.softDirty : 0;
    flags = exports.updateEntry(slot, Pte.write | cleared, Pte.uffdWp);
  } else if (uffdWp === "off") {
    flags = exports.updateEntry(slot, Pte.uffdWp, 0);
  }
  kernel.pae.kept(slot, level, kept);
  if (upgrade && (flags & Pte.write) === 0 && mayBeWritable(kernel, vma, slot, flags, level)) {
    flags = exports.updateEntry(slot, 0, Pte.write);
    kernel.pae.madeWritable(slot, level);
  }
  // From 6.17 on every entry's folio is looked up, to take a folio's entries together.
  if (upgrade || kernel.has("batchedProtection")) kernel.touchPages(1);
  if (flags !== before) kernel.count(Event.protect_change);
  return flushNeeded(kernel, before, flags);
}

/**
 * pte_needs_flush, in flags: a change of rights in either direction, as the kernel tests it; not from an
 * entry that the CPU could not have cached. Architectures without a test of their own flush always.
 */
function flushNeeded(kernel: Kernel, before: number, after: number): boolean {
  if (!kernel.has("skipsNeedlessFlush") && !kernel.has("skipsNeedlessFlushLater")) return true;
  if ((before & Pte.protnone) !== 0) return false;
  return ((before ^ after) & (Pte.write | Pte.protnone)) !== 0;
}

/** can_change_pte_writable: nothing wants to see the next write. */
export function mayBeWritable(
  kernel: Kernel,
  vma: Vma,
  slot: number,
  flags: number,
  level: number,
): boolean {
  if ((vma.flags & VM_WRITE) === 0 || (flags & Pte.protnone) !== 0) return false;
  if (tracksSoftDirty(kernel, vma) && (flags & Pte.softDirty) === 0) return false;
  if ((vma.flags & VM_UFFD_WP) !== 0 && (flags & Pte.uffdWp) !== 0) return false;
  if ((vma.flags & VM_SHARED) !== 0) return (flags & Pte.dirty) !== 0;
  if ((flags & Pte.special) !== 0) return false;
  const frame = kernel.mmu.exports.entryFrame(slot, level);
  if (kernel.has("upgradeNeedsDirty") && !kernel.pae.isDirty(flags, frame)) return false;
  return kernel.pae.isX(slot, level, frame);
}

function changeAbsent(
  kernel: Kernel,
  vma: Vma,
  slot: number,
  flags: number,
  { uffdWp }: ProtectionChange,
): void {
  weakenMigrating(kernel, slot, flags, vma.object === null);
  if (uffdWp === undefined) return;
  kernel.count(Event.marker_entry, flags === 0 && uffdWp === "off" ? 0 : 1);
  if (flags === 0) {
    if (uffdWp === "on" && usesMarkers(vma)) setMarker(kernel, slot, MARKER_UFFD_WP);
    return;
  }
  const marker = markerIn(kernel, slot, flags);
  if (marker !== 0) {
    if ((marker & MARKER_GUARD) === 0 && uffdWp === "off") kernel.mmu.exports.clearEntry(slot);
    return;
  }
  if (uffdWp === "on") kernel.mmu.exports.updateEntry(slot, 0, Pte.uffdWp);
  else kernel.mmu.exports.updateEntry(slot, Pte.uffdWp, 0);
}
