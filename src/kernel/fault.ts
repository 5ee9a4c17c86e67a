// Page faults of user code: from the CPU's trap to the entry (arch/x86/mm/fault.c do_user_addr_fault,
// arch/arm64/mm/fault.c do_page_fault; mm/memory.c handle_mm_fault, handle_pte_fault), and how they count.
//
//   VMA? rights?  --no--> SIGSEGV, nothing counted
//   entry none    --> first touch: anon-fault.ts, shared-fault.ts
//   marker        --> marker-fault.ts
//   hinted        --> numa-hinting.ts
//   write, entry read-only --> write-fault.ts
//   else          --> dirty and young by software

import { Pte } from "../layout/linux-flags.js";
import { setAccess } from "./contpte.js";
import { Event } from "./events.js";
import type { Fault, FaultResult } from "./fault-types.js";
import { missing } from "./first-touch.js";
import { hugeFirstTouch, hugePresentFault } from "./huge-fault.js";
import { isHugetlb } from "./hugetlb.js";
import { hugetlbFault } from "./hugetlb-fault.js";
import type { Kernel } from "./kernel.js";
import { markerFault } from "./marker-fault.js";
import type { Mm } from "./mm.js";
import { isHinted, numaFault } from "./numa-hinting.js";
import { outOfMemory } from "./oom.js";
import { makeRoom } from "./reclaim.js";
import { VM_ACCESS_FLAGS, VM_WRITE } from "./vm-flags.js";
import type { Vma } from "./vma.js";
import { unshare, writeFault } from "./write-fault.js";

/**
 * A fault of user code. Counts it to the address space.
 * @returns "done" when the access can go on, else how it ended
 */
export function userFault(kernel: Kernel, mm: Mm, page: number, write: boolean): FaultResult {
  kernel.steps.needsMmap(mm);
  kernel.count(Event.trap);
  makeRoom(kernel);
  let tried = false;
  let underVmaLock = kernel.has("perVmaLocks");
  for (;;) {
    const vma = mm.vmas.at(page);
    if (vma === null || !allows(vma, write)) {
      kernel.count(Event.fault_segv);
      return "segv";
    }
    kernel.locks.lockFault(mm, vma);
    const result = handleMmFault(kernel, { mm, vma, page, write });
    kernel.locks.unlockFault();
    if (result === "retry" || result === "major-retry") {
      // A retry that comes out of the per-VMA lock is not yet "tried" (FAULT_FLAG_TRIED), unless it was major.
      const locked = underVmaLock && (!isHugetlb(vma) || kernel.has("hugetlbVmaLocks"));
      if (!locked || result === "major-retry") tried = true;
      underVmaLock = false;
      continue;
    }
    // It is not counted, and the access tries again.
    if (result === "oom") return outOfMemory(kernel, mm) ? "done" : "killed";
    return settle(kernel, mm, result, tried);
  }
}

/** access_error: the VMA's rights, whatever the entry says. */
export function allows(vma: Vma, write: boolean): boolean {
  return (vma.flags & (write ? VM_WRITE : VM_ACCESS_FLAGS)) !== 0;
}

/** mm_account_fault: a retried fault counts as major, one that failed not at all. */
function settle(kernel: Kernel, mm: Mm, result: FaultResult, tried: boolean): FaultResult {
  if (result !== "done" && result !== "major") return result;
  kernel.count(Event.fault);
  if (result === "major" || tried) mm.majorFaults++;
  else mm.minorFaults++;
  return "done";
}

/** Flags of a fault that the kernel takes itself. */
export interface KernelFault {
  readonly write: boolean;
  /** FOLL_FORCE: whatever the VMA allows. */
  readonly force?: boolean;
  /** FAULT_FLAG_UNSHARE. */
  readonly unshare?: boolean;
}

/**
 * A fault of the kernel on a process's behalf (get_user_pages, populate). Counts like a user's, but has no
 * lock of the VMA to try first, and looks before it tries again.
 * @param isThere the page is already as it is wanted
 */
export function kernelFault(
  kernel: Kernel,
  mm: Mm,
  page: number,
  { write, force = false, unshare: unshares = false }: KernelFault,
  isThere: () => boolean,
): FaultResult {
  makeRoom(kernel);
  const { failures } = kernel.mmu.exports;
  const failed = failures.valueOf();
  let tried = false;
  for (;;) {
    const vma = mm.vmas.at(page);
    if (vma === null || !(force || allows(vma, write))) return "segv";
    const result = handleMmFault(kernel, { mm, vma, page, write, unshare: unshares });
    // Where memory really ran out, the allocation itself would have waited for more.
    const ranOut = result === "oom" && failures.valueOf() === failed;
    if (ranOut && outOfMemory(kernel, mm)) continue;
    if (result !== "retry" && result !== "major-retry") return settle(kernel, mm, result, tried);
    if (isThere()) return "done";
    tried = true;
  }
}

/** A fault that only unshares a present page, on the kernel's behalf; counts like any. */
export function unshareFault(kernel: Kernel, mm: Mm, page: number): FaultResult {
  const vma = mm.vmas.at(page);
  const slot = kernel.mmu.exports.findEntry(mm.root, page, 0) >>> 0;
  if (vma === null || slot === 0) return "segv";
  return settle(kernel, mm, unshare(kernel, { mm, vma, page, write: false }, slot), false);
}

/** __handle_mm_fault, the part about upper entries. Null: go on with the last level. */
function hugeFault(kernel: Kernel, fault: Fault): FaultResult | null {
  const { exports } = kernel.mmu;
  const slot = exports.makeEntry(fault.mm.root, fault.page, 1) >>> 0;
  if (slot === 0) return "oom";
  if (exports.isTable(slot, 1)) return null;
  return exports.entryFlags(slot) === 0
    ? hugeFirstTouch(kernel, fault, slot)
    : hugePresentFault(kernel, fault, slot);
}

/** handle_pte_fault, with the tables made on the way. */
function handleMmFault(kernel: Kernel, fault: Fault): FaultResult {
  const { mm, vma, page, write } = fault;
  if (isHugetlb(vma)) return hugetlbFault(kernel, { ...fault, vma });
  const { exports } = kernel.mmu;
  const huge = hugeFault(kernel, fault);
  if (huge !== null) return huge;
  const slot = exports.makeEntry(mm.root, page, 0) >>> 0;
  if (slot === 0) return "oom";
  kernel.locks.waitForTable(slot);
  const flags = exports.entryFlags(slot);
  if (flags === 0) return missing(kernel, fault, slot);
  if ((flags & Pte.present) === 0) return markerFault(kernel, fault, slot, flags);
  if (isHinted(vma, flags)) return numaFault(kernel, fault, slot);
  if (write && (flags & Pte.write) === 0) return writeFault(kernel, fault, slot, flags);
  if (fault.unshare === true && (flags & Pte.write) === 0) return unshare(kernel, fault, slot);
  const set = Pte.young | (write ? kernel.written : 0);
  const enough = (flags & set) === set;
  kernel.count(enough ? Event.fault_spurious : Event.fault_flags);
  if (!enough) setAccess(kernel, slot, page, set);
  kernel.tlb.granted(mm, page);
  return "done";
}
