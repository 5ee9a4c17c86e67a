// Faults on huge pages of a pool (mm/hugetlb.c hugetlb_fault, hugetlb_no_page, hugetlb_wp).
//
//   none or marker --> a page of the pool, read-only (with the marker's protection)  --write--> as below
//   uffd-wp, write --> message, or the protection goes                                      |
//   write, read-only --> mapped once? writable : copied                            <--------'
//   else           --> young, and dirty for a write

import { Pte } from "../layout/linux-flags.js";
import { isUffdWp } from "./absent.js";
import { prepareAnon } from "./anon-fault.js";
import { Event } from "./events.js";
import type { Fault, FaultResult } from "./fault-types.js";
import {
  fileIndex,
  type HugeVma,
  hugePageStart,
  hugetlbSlot,
  isHugetlb,
  makeHugetlbSlot,
} from "./hugetlb.js";
import {
  changeHuge,
  clearHuge,
  flushHuge,
  hugeEntry,
  hugeFlags,
  writeNewHuge,
} from "./hugetlb-entry.js";
import { dropHugetlb, isMappedOnce, newHugetlbFolio } from "./hugetlb-folio.js";
import type { Kernel } from "./kernel.js";
import { invalidating } from "./notifier.js";
import { writeFlag } from "./page-prot.js";
import { VM_UFFD_WP } from "./vm-flags.js";

/** A fault in a VMA of huge pages. */
export type HugeFault = Fault & { readonly vma: HugeVma };

/** hugetlb_fault. */
export function hugetlbFault(kernel: Kernel, fault: HugeFault): FaultResult {
  const { mm, vma, page, write, unshare = false } = fault;
  const { pool } = vma.huge;
  const slot = makeHugetlbSlot(kernel, mm, vma, page);
  if (slot === 0) return "oom";
  const flags = hugeFlags(kernel, pool, slot);
  if ((flags & Pte.present) === 0) return firstTouch(kernel, fault, slot, flags);
  if ((write || unshare) && (flags & Pte.write) === 0) {
    if (write && (flags & Pte.uffdWp) !== 0 && (vma.flags & VM_UFFD_WP) !== 0) {
      if (vma.uffd?.async !== true) {
        kernel.count(Event.uffd_message);
        kernel.monitor(mm, hugePageStart(vma.huge, page));
        return "retry";
      }
      kernel.count(Event.uffd_async);
      changeHuge(kernel, pool, slot, Pte.uffdWp, 0);
    }
    return writeFault(kernel, fault, slot);
  }
  kernel.count(Event.fault_flags);
  changeHuge(kernel, pool, slot, 0, Pte.young | (write ? kernel.written : 0));
  kernel.tlb.granted(mm, page);
  return "done";
}

/**
 * hugetlb_no_page. Also a read takes a page of its own. It is mapped read-only, and a write goes on from there
 * without a second fault; but not where the marker said to protect it: then the access faults again.
 */
function firstTouch(kernel: Kernel, fault: HugeFault, slot: number, flags: number): FaultResult {
  const { mm, vma, page, write } = fault;
  if (vma.huge.robbed) return "sigbus";
  if (!prepareAnon(kernel, mm, vma)) return "oom";
  const wp = isUffdWp(kernel, slot, flags) ? Pte.uffdWp : 0;
  const head = newHugetlbFolio(kernel, mm, vma, page);
  if (head === 0) return "sigbus";
  kernel.count(Event.hugetlb_touch);
  writeNewHuge(kernel, mm, vma, [slot, page, head], Pte.young | wp);
  return write ? writeFault(kernel, fault, slot) : "done";
}

/**
 * hugetlb_wp, for a write or to unshare: then the entry stays as it is, or the copy is read-only as well. The only mapping
 * makes the page its own, whatever references it has: reads that come by hold some for a while, and a copy may not be had.
 *
 * Where a mapping lost its registration by mremap, but not the bit (mremapClearsWp), the kernel would fault for ever;
 * here the write goes on.
 */
function writeFault(kernel: Kernel, fault: HugeFault, slot: number): FaultResult {
  const { mm, vma, page, unshare = false } = fault;
  const { pool } = vma.huge;
  const flags = hugeFlags(kernel, pool, slot);
  const wp = (flags & Pte.uffdWp) !== 0 && (vma.flags & VM_UFFD_WP) !== 0;
  if (wp && !unshare) return "done";
  const old = kernel.mmu.exports.entryFrame(slot, pool.level);
  if (isMappedOnce(kernel, old)) return reuse(kernel, fault, slot, old);
  const owner = vma.huge.had !== null;
  const head = newHugetlbFolio(kernel, mm, vma, page, { from: old, avoidPromise: owner });
  if (head === 0) {
    if (!owner) return "sigbus";
    rob(kernel, fault, old);
    return isMappedOnce(kernel, old) ? reuse(kernel, fault, slot, old) : "sigbus";
  }
  kernel.count(Event.hugetlb_copy);
  const start = hugePageStart(vma.huge, page);
  invalidating(kernel, { mm, start, end: start + pool.pages, event: "clear" }, () => {
    clearHuge(kernel, pool, slot);
    flushHuge(kernel, mm, pool, start);
    const set = unshare ? flags & Pte.uffdWp : kernel.written | writeFlag(vma);
    writeNewHuge(kernel, mm, vma, [slot, page, head], Pte.young | set);
  });
  dropHugetlb(kernel, old, mm.id);
  return "done";
}

/** set_huge_ptep_writable. */
function reuse(kernel: Kernel, fault: HugeFault, slot: number, head: number): "done" {
  const { mm, vma, page, unshare = false } = fault;
  kernel.count(Event.hugetlb_reuse);
  const { pool } = vma.huge;
  if (!kernel.pae.isX(slot, pool.level, head)) {
    kernel.pae.proveX(hugeEntry(mm, pool, hugePageStart(vma.huge, page), slot, head));
  }
  if (unshare) return "done";
  changeHuge(kernel, pool, slot, 0, kernel.written | writeFlag(vma));
  // A contiguous group changes break-before-make, so every CPU is told.
  if (pool.entries === 1) kernel.tlb.granted(mm, page);
  else flushHuge(kernel, mm, pool, hugePageStart(vma.huge, page));
  return "done";
}

/**
 * unmap_ref_private: who was promised the page gets it; all who were not lose it, and find out by SIGBUS when they
 * come back to it.
 */
function rob(kernel: Kernel, fault: HugeFault, head: number): void {
  const { exports } = kernel.mmu;
  const { file, pool } = fault.vma.huge;
  const index = fileIndex(fault.vma, fault.page);
  for (const mm of kernel.mms) {
    for (const vma of mm.vmas.all) {
      if (vma === fault.vma || !isHugetlb(vma) || vma.huge.file !== file || vma.huge.had !== null)
        continue;
      const page = vma.start + index * pool.pages - vma.pgoff;
      if (page < vma.start || page >= vma.end) continue;
      const slot = hugetlbSlot(kernel, mm, vma, page);
      const present = slot !== 0 && (hugeFlags(kernel, pool, slot) & Pte.present) !== 0;
      if (!present || exports.entryFrame(slot, pool.level) !== head) continue;
      kernel.count(Event.hugetlb_entry);
      invalidating(kernel, { mm, start: page, end: page + pool.pages, event: "clear" }, () => {
        clearHuge(kernel, pool, slot);
        flushHuge(kernel, mm, pool, page);
      });
      dropHugetlb(kernel, head, mm.id);
      (vma as { huge: HugeVma["huge"] }).huge = { ...vma.huge, robbed: true };
    }
  }
}
