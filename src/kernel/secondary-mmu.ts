// What a secondary MMU is told, and asked (include/linux/mmu_notifier.h struct mmu_notifier_ops, mmu_notifier_range);
// who tells and asks is in notifier.ts.

import type { Mm } from "./mm.js";

/**
 * enum mmu_notifier_event, with who raises each:
 * - unmap: munmap and exit (unmap_vmas), mremap (move_page_tables)
 * - clear: wp_page_copy, zap_page_range_single, madvise_free_single_vma, try_to_unmap_one, try_to_migrate_one,
 *   __split_huge_pmd, collapse_huge_page, write_protect_page and replace_page of KSM, do_huge_zero_wp_pmd, hugetlb
 * - protection-vma: change_protection (mprotect, userfaultfd-wp, NUMA balancing), do_pagemap_scan
 * - protection-page: copy_page_range (fork), page_vma_mkclean_one
 * - soft-dirty: clear_refs_write
 *
 * MMU_NOTIFY_MIGRATE (migrate_vma_setup) and _EXCLUSIVE (make_device_exclusive) are about devices' memory, which is not
 * modelled (docs/adr/0045); MMU_NOTIFY_RELEASE is `SecondaryMmu.release`.
 */
export type NotifierEvent = "unmap" | "clear" | "protection-vma" | "protection-page" | "soft-dirty";

/**
 * What a step takes from the entries of its range: the mapping or its page; the right to write alone; accessed and
 * dirty alone; or dirty for writeback, and with it the right to write, so that the next write is seen (folio_mkclean).
 * No kernel tells this: it is what a finer event would say (kvm/policies).
 */
export type Taken = "page" | "write" | "dirty" | "writeback";

/** struct mmu_notifier_range. Pages. */
export interface NotifierRange {
  readonly mm: Mm;
  readonly start: number;
  readonly end: number;
  readonly event: NotifierEvent;
  readonly taken: Taken;
}

/** struct mmu_notifier_ops: somebody who translates pages of an address space by himself. */
export interface SecondaryMmu {
  /** invalidate_range_start, invalidate_range_end: every start is followed by its end. */
  start(range: NotifierRange): void;
  end(range: NotifierRange): void;
  /** clear_young: pages [start, end) become old; whether one was young. `flush`: clear_flush_young. */
  clearYoung(start: number, end: number, flush: boolean): boolean;
  /** test_young. */
  testYoung(start: number, end: number): boolean;
  /** Not in any kernel: folios of pages [start, end) that it knows to be written become dirty (writeback.ts). */
  collectDirty(start: number, end: number): void;
  /** The address space goes. */
  release(): void;
}

/** Secondary MMUs by the address space that they translate. */
export type NotifierList = Map<Mm, readonly SecondaryMmu[]>;
