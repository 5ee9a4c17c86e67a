// MADV_COLLAPSE (mm/khugepaged.c madvise_collapse, collapse_huge_page): base pages are copied into a new huge page, as
// the daemon does by itself (khugepaged.ts).
//
//   scan each entry --> swapped ones come in --> copy --> huge entry, writable, dirty and exclusive

import { Pte } from "../layout/linux-flags.js";
import { noMemory } from "./allocation.js";
import { COLLAPSE_ANY, type CollapseControl, scanTable } from "./collapse-scan.js";
import type { Errno } from "./errno.js";
import { Event } from "./events.js";
import {
  addWholeMapping,
  dropMapping,
  headOf,
  newAnonFolio,
  pageFlags,
  putPage,
  setStamp,
  stampOf,
} from "./folio.js";
import type { Kernel } from "./kernel.js";
import { waitForMigration } from "./migrate.js";
import type { Mm } from "./mm.js";
import { invalidating } from "./notifier.js";
import { PG_SWAPCACHE } from "./page-flags.js";
import { pageProt, writeFlag } from "./page-prot.js";
import { setIndex } from "./rmap.js";
import { freeSwap, SWAP_TYPE } from "./swap-device.js";
import { swapFault } from "./swap-in.js";
import { hugeOrder } from "./thp.js";
import { VM_NOHUGEPAGE } from "./vm-flags.js";
import type { Vma } from "./vma.js";
import { entriesPerTable, freeTables, hugeEntryAt, hugeStart } from "./walk-entries.js";

/** Why a huge page could not be made (enum scan_result), as madvise returns it; 0 = it is there. */
type ScanResult = Errno;

/** Collapses every aligned huge page of a part of a VMA. The last failure is returned. */
export function collapse(kernel: Kernel, mm: Mm, vma: Vma, start: number, end: number): Errno {
  if (!mayCollapse(kernel, vma)) return "EINVAL";
  // The collapse_control.
  if (noMemory(kernel)) return "ENOMEM";
  const size = entriesPerTable(kernel);
  let failed: Errno = 0;
  for (let page = hugeStart(kernel, start + size - 1); page + size <= end; page += size) {
    const result = collapseOne(kernel, mm, vma, page, COLLAPSE_ANY);
    if (result === "made" || result === 0) continue;
    failed = result;
    // These say that nothing else will work either.
    if (result === "ENOMEM" || stopsAtHole(kernel, mm, page)) return result;
    if (result === "EBUSY") return kernel.has("collapseBusyIfNone") ? result : "EINVAL";
  }
  return failed;
}

/** A hole in a table that is there ends the call; one for which there is not even that does not (SCAN_PMD_NONE, _NULL). */
function stopsAtHole(kernel: Kernel, mm: Mm, page: number): boolean {
  if (kernel.has("collapsePassesHoles")) return false;
  const upper = kernel.mmu.exports.findEntry(mm.root, page, 1) >>> 0;
  return upper !== 0 && kernel.mmu.exports.entryFlags(upper) === 0;
}

/** thp_vma_allowable_order, whatever sysfs says; a VMA without pages is not worth it. */
function mayCollapse(kernel: Kernel, vma: Vma): boolean {
  if (vma.object !== null || vma.anonVma === null) return false;
  if ((vma.flags & VM_NOHUGEPAGE) !== 0) return false;
  const size = entriesPerTable(kernel);
  return hugeStart(kernel, vma.start + size - 1) + size <= vma.end;
}

/** Collapses the pages that would lie in one huge page: 0 = it was one before. */
export function collapseOne(
  kernel: Kernel,
  mm: Mm,
  vma: Vma,
  page: number,
  control: CollapseControl,
): ScanResult | "made" {
  const { exports } = kernel.mmu;
  const huge = hugeEntryAt(kernel, mm.root, page);
  // A huge page in migration counts as none.
  if (huge !== 0) return (exports.entryFlags(huge) & Pte.present) !== 0 ? 0 : "EINVAL";
  const table = exports.findEntry(mm.root, page, 0) >>> 0;
  if (table === 0) return "EINVAL";
  const scanned = scanTable(kernel, { mm, vma, page, table }, control);
  if (scanned !== 0) return scanned;
  const head = newAnonFolio(kernel, hugeOrder(kernel));
  if (head === 0) return "ENOMEM";
  const brought = bringIn(kernel, mm, vma, table, page);
  if (brought !== 0) {
    putPage(kernel, head);
    return brought;
  }
  copyInto(kernel, mm, vma, table, page, head);
  return "made";
}

/** __collapse_huge_page_swapin; these faults are not counted. */
function bringIn(kernel: Kernel, mm: Mm, vma: Vma, table: number, page: number): ScanResult {
  const { exports } = kernel.mmu;
  for (let i = 0; i < entriesPerTable(kernel); i++) {
    const slot = table + 8 * i;
    const flags = exports.entryFlags(slot);
    if (flags === 0 || (flags & Pte.present) !== 0) continue;
    if (waitForMigration(kernel, slot, flags)) continue;
    if (exports.absentType(slot) !== SWAP_TYPE) return "EINVAL";
    const result = swapFault(kernel, { mm, vma, page: page + i, write: false }, slot, flags);
    // SCAN_FAIL, whatever went wrong.
    if (result === "oom") return "EINVAL";
  }
  return 0;
}

/** collapse_huge_page, when all pages are there. */
function copyInto(
  kernel: Kernel,
  mm: Mm,
  vma: Vma,
  table: number,
  page: number,
  head: number,
): void {
  const { exports } = kernel.mmu;
  const size = entriesPerTable(kernel);
  kernel.count(Event.collapse);
  invalidating(kernel, { mm, start: page, end: page + size, event: "clear" }, () => {
    for (let i = 0; i < size; i++) takePage(kernel, mm, table + 8 * i, head + i);
    freeTables(kernel, mm.root, [page, page + size], [page, page + size]);
    kernel.tlb.range(mm, page, page + size);
  });
  addWholeMapping(kernel, head, 1, mm.id);
  setIndex(kernel, head, vma, page);
  const slot = exports.makeEntry(mm.root, page, 1) >>> 0;
  const writable = writeFlag(vma);
  exports.makeLeaf(slot, 1, head, pageProt(kernel, vma), Pte.young | kernel.madeDirty | writable);
  kernel.pae.newX({ mm, page, slot, level: 1, frame: head }, 1);
}

/** Copies what an entry maps, and drops the entry. */
function takePage(kernel: Kernel, mm: Mm, slot: number, to: number): void {
  const { exports } = kernel.mmu;
  const flags = exports.entryFlags(slot);
  if ((flags & (Pte.present | Pte.special)) === Pte.present) {
    const frame = exports.entryFrame(slot, 0);
    setStamp(kernel, to, stampOf(kernel, frame));
    kernel.count(Event.page_copy);
    if ((pageFlags(kernel, headOf(kernel, frame)) & PG_SWAPCACHE) !== 0) {
      freeSwap(kernel, headOf(kernel, frame));
    }
    dropMapping(kernel, frame, mm.id);
  } else {
    kernel.count(Event.page_zero);
  }
  if (flags !== 0) exports.clearEntry(slot);
}
