// Changes the protection of present entries, and what userfaultfd-wp keeps in absent ones (mm/mprotect.c
// change_pte_range).
//
//   entry --pte_modify--> with the VMA's protection --uffd-wp on/off--> --may be writable?--> entry

import { Pte } from "../layout/linux-flags.js";
import { MARKER_GUARD, MARKER_UFFD_WP, markerIn, setMarker } from "./absent.js";
import { Event } from "./events.js";
import { pageFlags } from "./folio.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { PG_ANON, PG_EXCLUSIVE } from "./page-flags.js";
import { pageProt, tracksSoftDirty } from "./page-prot.js";
import { VM_SHARED, VM_UFFD_WP, VM_WRITE } from "./vm-flags.js";
import type { Vma } from "./vma.js";
import { forEachEntry } from "./walk-entries.js";

/** MM_CP_*: what to do beside pte_modify. */
export interface ProtectionChange {
  /** Entries that need no write fault become writable at once (MM_CP_TRY_CHANGE_WRITABLE). */
  readonly upgrade: boolean;
  /** MM_CP_UFFD_WP, MM_CP_UFFD_WP_RESOLVE; left out = neither. */
  readonly uffdWp?: "on" | "off";
}

/** Markers stand for protected absent pages (`userfaultfd_wp_use_markers`). */
export function usesMarkers(vma: Vma): boolean {
  if ((vma.flags & VM_UFFD_WP) === 0) return false;
  return vma.object !== null || vma.uffd?.unpopulated === true;
}

/** Applies the protection of a VMA to [start, end) of it. */
export function changeProtection(
  kernel: Kernel,
  mm: Mm,
  vma: Vma,
  start: number,
  end: number,
  change: ProtectionChange,
): void {
  const { exports } = kernel.mmu;
  let flush = false;
  const visit = (slot: number): void => {
    const flags = exports.entryFlags(slot);
    if ((flags & Pte.present) === 0) changeAbsent(kernel, vma, slot, flags, change);
    else if (changePresent(kernel, vma, slot, flags, change)) flush = true;
  };
  if (change.uffdWp === "on" && usesMarkers(vma)) {
    for (let page = start; page < end; page++) visit(exports.makeEntry(mm.root, page, 0) >>> 0);
  } else {
    forEachEntry(kernel, mm.root, start, end, visit);
  }
  if (flush) kernel.tlb.range(mm, start, end);
}

/** True: the TLB may hold the entry with rights it no longer has. */
function changePresent(
  kernel: Kernel,
  vma: Vma,
  slot: number,
  before: number,
  { upgrade, uffdWp }: ProtectionChange,
): boolean {
  const { exports } = kernel.mmu;
  kernel.count(Event.protect_entry);
  let flags = exports.protectEntry(slot, pageProt(kernel, vma));
  if (uffdWp === "on") {
    exports.updateEntry(slot, Pte.write, 0);
    flags = exports.updateEntry(slot, 0, Pte.uffdWp);
  } else if (uffdWp === "off") {
    flags = exports.updateEntry(slot, Pte.uffdWp, 0);
  }
  if (upgrade && (flags & Pte.write) === 0 && mayBeWritable(kernel, vma, slot, flags)) {
    flags = exports.updateEntry(slot, 0, Pte.write);
  }
  return flushNeeded(before, flags);
}

/**
 * pte_needs_flush, in flags: a change of rights in either direction, as the kernel tests it; not from an
 * entry that the CPU could not have cached.
 */
function flushNeeded(before: number, after: number): boolean {
  if ((before & Pte.protnone) !== 0) return false;
  return ((before ^ after) & (Pte.write | Pte.protnone)) !== 0;
}

/** can_change_pte_writable: nothing wants to see the next write. */
export function mayBeWritable(kernel: Kernel, vma: Vma, slot: number, flags: number): boolean {
  if ((vma.flags & VM_WRITE) === 0 || (flags & Pte.protnone) !== 0) return false;
  if (kernel.has("upgradeNeedsDirty") && (flags & Pte.dirty) === 0) return false;
  if (tracksSoftDirty(kernel, vma) && (flags & Pte.softDirty) === 0) return false;
  if ((vma.flags & VM_UFFD_WP) !== 0 && (flags & Pte.uffdWp) !== 0) return false;
  if ((vma.flags & VM_SHARED) !== 0) return (flags & Pte.dirty) !== 0;
  if ((flags & Pte.special) !== 0) return false;
  const page = pageFlags(kernel, kernel.mmu.exports.entryFrame(slot, 0));
  return (page & (PG_ANON | PG_EXCLUSIVE)) === (PG_ANON | PG_EXCLUSIVE);
}

function changeAbsent(
  kernel: Kernel,
  vma: Vma,
  slot: number,
  flags: number,
  { uffdWp }: ProtectionChange,
): void {
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
