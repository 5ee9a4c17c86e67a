// Writes to read-only entries (mm/memory.c do_wp_page): userfaultfd, shared memory (wp_page_shared), re-use or copy.

import { Pte } from "../layout/linux-flags.js";
import type { Entry } from "../pae/types.js";
import { prepareAnon } from "./anon-fault.js";
import { unfold } from "./contpte.js";
import { Event } from "./events.js";
import type { Fault, FaultResult } from "./fault-types.js";
import { askToWrite } from "./file.js";
import {
  folioMapsOf,
  headOf,
  mapsOf,
  newAnonPage,
  pageFlags,
  refsOf,
  stampOf,
  wholeMapsOf,
} from "./folio.js";
import { handleUserfault } from "./handle-userfault.js";
import type { Kernel } from "./kernel.js";
import { maybeMappedShared } from "./mm-ids.js";
import { invalidating } from "./notifier.js";
import { PG_ANON, PG_KSM, PG_LARGE, PG_SWAPCACHE } from "./page-flags.js";
import { pageProt, writeFlag } from "./page-prot.js";
import { setIndex } from "./rmap.js";
import { dropCached, freeSwap, slotOf, usersOf } from "./swap-device.js";
import { VM_UFFD_WP } from "./vm-flags.js";

/** Cache lines of the page and of its entry's table that a fault touches (cache-lines.ts). */
const FAULT_LINES = 2;

/** The entry is present, and not writable. */
export function writeFault(kernel: Kernel, fault: Fault, slot: number, flags: number): FaultResult {
  const { mm, vma, page } = fault;
  const { exports } = kernel.mmu;
  kernel.touchPages(FAULT_LINES);
  let foldedBefore = false;
  if ((flags & Pte.uffdWp) !== 0 && (vma.flags & VM_UFFD_WP) !== 0) {
    if (vma.uffd?.async !== true) {
      return handleUserfault(kernel, mm, page);
    }
    kernel.count(Event.uffd_async);
    foldedBefore = unfold(kernel, mm, slot, page);
    exports.updateEntry(slot, Pte.uffdWp, 0);
  }
  const special = (flags & Pte.special) !== 0;
  const frame = special ? 0 : exports.entryFrame(slot, 0);
  if (vma.object !== null) {
    askToWrite(kernel, vma.object, frame);
    return reuse(kernel, fault, slot);
  }
  if (!special && owns(kernel, { mm, page, slot, level: 0, frame })) {
    return reuse(kernel, fault, slot);
  }
  // The entry that the fault compares with still has the hint of the group, so it is taken for a changed one
  // (pte_same): nothing is done, and the access faults again.
  if (foldedBefore) return "done";
  return copy(kernel, fault, slot, frame);
}

/** The page is exclusive, or is now. */
function owns(kernel: Kernel, entry: Entry): boolean {
  const { slot, frame } = entry;
  if ((pageFlags(kernel, frame) & PG_ANON) === 0) return false;
  if (kernel.pae.isX(slot, 0, frame)) return true;
  if (!isAlone(kernel, frame)) return false;
  kernel.pae.proveX(entry);
  return true;
}

/** Nobody else has a reference (`wp_can_reuse_anon_folio`). */
function isAlone(kernel: Kernel, frame: number): boolean {
  const flags = pageFlags(kernel, frame);
  if ((flags & PG_KSM) !== 0) return false;
  if ((flags & PG_SWAPCACHE) !== 0 && (flags & PG_LARGE) === 0 && refsOf(kernel, frame) <= 2) {
    freeSwap(kernel, frame);
  }
  if ((flags & PG_LARGE) === 0) return refsOf(kernel, frame) === 1;
  if (kernel.has("reuseLarge")) return ownsLarge(kernel, headOf(kernel, frame));
  return kernel.has("reuseLastOfLarge") && refsOf(kernel, frame) === 1;
}

/**
 * __wp_can_reuse_large_anon_folio: one address space has all mappings and all references. A folio with a single
 * page left is given up instead.
 */
function ownsLarge(kernel: Kernel, head: number): boolean {
  const maps = folioMapsOf(kernel, head);
  if (maps <= 1 || maybeMappedShared(kernel, head)) return false;
  if ((pageFlags(kernel, head) & PG_SWAPCACHE) !== 0) freeSwap(kernel, head);
  return maps === refsOf(kernel, head);
}

/** wp_page_reuse. A right is only added, so no other CPU need be told. */
function reuse(kernel: Kernel, { mm, vma, page }: Fault, slot: number): FaultResult {
  kernel.count(Event.fault_reuse);
  unfold(kernel, mm, slot, page);
  const writable = writeFlag(vma);
  kernel.mmu.exports.updateEntry(slot, 0, Pte.young | kernel.written | writable);
  kernel.tlb.granted(mm, page);
  return "done";
}

/**
 * FAULT_FLAG_UNSHARE: a page that nobody shares is exclusive from now on, and its entry stays as it is; else a copy,
 * still read-only; soft-dirty and uffd-wp are kept.
 */
export function unshare(kernel: Kernel, fault: Fault, slot: number): FaultResult {
  const { exports } = kernel.mmu;
  const { mm, page } = fault;
  const flags = exports.entryFlags(slot);
  const frame = (flags & Pte.special) !== 0 ? 0 : exports.entryFrame(slot, 0);
  if (frame !== 0 && owns(kernel, { mm, page, slot, level: 0, frame })) return "done";
  return copy(kernel, fault, slot, frame, flags & (Pte.softDirty | Pte.uffdWp));
}

/**
 * wp_page_copy: the old translation is flushed before the new page can be seen.
 * @param kept flags of the new entry where it is not for a write
 */
function copy(kernel: Kernel, fault: Fault, slot: number, old: number, kept?: number): FaultResult {
  const { mm, vma, page } = fault;
  if (!prepareAnon(kernel, mm, vma)) return "oom";
  const frame = newAnonPage(kernel, old === 0 ? 0 : stampOf(kernel, old));
  if (frame === 0) return "oom";
  kernel.count(Event.fault_copy);
  kernel.count(old === 0 ? Event.page_zero : Event.page_copy);
  if (old !== 0 && nobodyElseHas(kernel, old)) kernel.pae.costs.add("copies_unneeded");
  const flags = Pte.young | (kept ?? kernel.written | writeFlag(vma));
  invalidating(kernel, { mm, start: page, end: page + 1, event: "clear" }, () =>
    replace(kernel, fault, slot, frame, flags),
  );
  if (old !== 0) dropCached(kernel, old, mm.id);
  return "done";
}

/** No other entry maps the page, and none holds its place in swap: a proof that looked at entries would have spared it. */
function nobodyElseHas(kernel: Kernel, frame: number): boolean {
  const flags = pageFlags(kernel, frame);
  if ((flags & PG_ANON) === 0 || mapsOf(kernel, frame) !== 1) return false;
  const head = headOf(kernel, frame);
  if ((flags & PG_LARGE) !== 0 && wholeMapsOf(kernel, head) > 0) return false;
  const headFlags = pageFlags(kernel, head);
  if ((headFlags & PG_KSM) !== 0) return false;
  if ((headFlags & PG_SWAPCACHE) === 0) return true;
  return usersOf(kernel, slotOf(kernel, head) + (frame - head)) === 0;
}

function replace(
  kernel: Kernel,
  { mm, vma, page }: Fault,
  slot: number,
  frame: number,
  flags: number,
): void {
  const { exports } = kernel.mmu;
  unfold(kernel, mm, slot, page);
  exports.clearEntry(slot);
  kernel.tlb.page(mm, page);
  exports.makeLeaf(slot, 0, frame, pageProt(kernel, vma), flags);
  kernel.pae.newX({ mm, page, slot, level: 0, frame }, 1);
  setIndex(kernel, frame, vma, page);
}
