// Allocations of the kernel's own: what is no page and no page table, but may fail all the same. Pages, tables and
// these count alike where one is made to fail (`oom-after N`, CONFIG_FAULT_INJECTION's fail_page_alloc and failslab).
//
//   site                                  who asks                          what a failure becomes
//   vm_area_struct                        mmap, split, mremap, fork         ENOMEM
//   anon_vma, anon_vma_chain              first touch, split, merge, fork   VM_FAULT_OOM, ENOMEM
//   page table                            faults, fork, mremap, uffd-wp     VM_FAULT_OOM, ENOMEM
//   page table deposited for a split      huge faults, fork                 VM_FAULT_OOM, ENOMEM
//   folio                                 faults, fork of pinned pages      a smaller one, VM_FAULT_OOM, ENOMEM
//   swap slot                             reclaim                           the folio is split, or stays
//   mm_struct, shmem inode, userfaultfd,  fork, mmap, uffd-register,        ENOMEM
//   arrays of pin and PAGEMAP_SCAN        pin, scan
//   stable node of KSM                    ksmd                              both pages are copied back
//
// Objects of the slab take no room here: a machine runs out of pages and tables.

import type { Kernel } from "./kernel.js";

/** The kernel allocates an object. True: there is no memory for it. */
export function noMemory(kernel: Kernel): boolean {
  return Boolean(kernel.mmu.exports.allocationFails());
}

/**
 * Sets a page table aside for when a huge mapping is split (pgtable_trans_huge_deposit), so that this never fails
 * for memory (`withDeposit`). True: there is none.
 */
export function noDeposit(kernel: Kernel): boolean {
  return noMemory(kernel);
}

/** Makes tables of what was set aside for them. */
export function withDeposit<T>(kernel: Kernel, make: () => T): T {
  const { exports } = kernel.mmu;
  exports.promise(true);
  const made = make();
  exports.promise(false);
  return made;
}
