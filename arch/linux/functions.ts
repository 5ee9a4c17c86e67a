// Where Linux does what the model counts as an event: names an explained run cites.
//
// Names are those of 6.12 to 7.0; a static function may be named otherwise elsewhere, hence "knowledge".
// `rule`: the function changes entries; what changes behind such an event, until the next one, is its doing.

import { z } from "zod";
import { freeze } from "../define.js";
import { citeSchema, confidenceSchema } from "../schema.js";

const functionSchema = z.strictObject({
  cite: citeSchema,
  confidence: confidenceSchema,
  rule: z.boolean(),
});

const fact = (cite: string, rule: boolean) => ({
  cite: `LINUX ${cite}`,
  confidence: "knowledge" as const,
  rule,
});
const does = (cite: string) => fact(cite, true);
const counts = (cite: string) => fact(cite, false);

const FUNCTIONS = {
  fault: counts("mm/memory.c handle_mm_fault, mm_account_fault"),
  fault_anon: does("mm/memory.c do_anonymous_page"),
  fault_zero: does("mm/memory.c do_anonymous_page (the zero page)"),
  fault_huge: does("mm/huge_memory.c do_huge_pmd_anonymous_page"),
  split_mapping: does("mm/huge_memory.c __split_huge_pmd_locked"),
  split_folio: does("mm/huge_memory.c split_huge_page_to_list_to_order, remap_page"),
  collapse: does("mm/khugepaged.c collapse_huge_page"),
  contpte_fold: does("arch/arm64/mm/contpte.c __contpte_try_fold"),
  contpte_unfold: does("arch/arm64/mm/contpte.c __contpte_try_unfold"),
  contpte_flush: counts("arch/arm64/mm/contpte.c contpte_convert"),
  ksm_merge: does("mm/ksm.c replace_page, write_protect_page"),
  swap_out: does("mm/rmap.c try_to_unmap_one"),
  swap_in: does("mm/memory.c do_swap_page"),
  fault_shared: does("mm/memory.c do_read_fault, do_shared_fault; mm/shmem.c shmem_fault"),
  fault_around: does("mm/memory.c do_fault_around; mm/filemap.c filemap_map_pages"),
  fault_reuse: does("mm/memory.c wp_page_reuse"),
  fault_copy: does("mm/memory.c wp_page_copy"),
  fault_spurious: counts("mm/memory.c handle_pte_fault (flush_tlb_fix_spurious_fault)"),
  fault_segv: counts("arch fault.c bad_area, access_error"),
  trap: counts("arch/x86/mm/fault.c exc_page_fault; arch/arm64/mm/fault.c do_mem_abort"),
  context_switch: counts("kernel/sched/core.c __schedule, context_switch"),
  wake: counts("kernel/sched/core.c try_to_wake_up"),
  idle_wake: counts("kernel/sched/idle.c do_idle"),
  scan_range: counts("fs/proc/task_mmu.c pagemap_scan_output, pagemap_scan_push_range"),
  pagemap_entry: counts("fs/proc/task_mmu.c pagemap_pmd_range, pte_to_pagemap_entry"),
  protect_change: counts("mm/mprotect.c change_pte_range"),
  far_line: counts("struct page, struct vm_area_struct, struct maple_node"),
  vma_adjust: counts("mm/vma.c commit_merge, vma_expand (the border between two VMAs moves)"),
  vma_visit: counts("mm/mprotect.c mprotect_fixup; mm/madvise.c madvise_walk_vmas"),
  uffd_message: counts("fs/userfaultfd.c handle_userfault"),
  uffd_async: does("mm/memory.c do_wp_page (userfaultfd_wp_async)"),
  page_alloc: counts("mm/page_alloc.c"),
  page_free: counts("mm/swap.c folio_put"),
  page_zero: counts("clear_user_highpage"),
  page_copy: counts("mm/memory.c __wp_page_copy_user"),
  fork_entry: does("mm/memory.c copy_pte_range, copy_present_ptes"),
  zap_entry: does("mm/memory.c zap_pte_range"),
  protect_entry: does("mm/mprotect.c change_pte_range"),
  move_entry: does("mm/mremap.c move_ptes"),
  move_table: does("mm/mremap.c move_normal_pmd"),
  scan_entry: counts("fs/proc/task_mmu.c pagemap_scan_pmd_entry"),
  dirty_log: counts("arch/x86/kvm/vmx/vmx.c vmx_flush_pml_buffer"),
  dirty_log_full: counts("arch/x86/kvm/vmx/vmx.c handle_pml_full"),
  dirty_sweep: does("mm/rmap.c page_vma_mkclean_one, as far as it makes entries clean"),
  beside_set: counts("no kernel has it: a table of soft-dirty bits beside the page table"),
  beside_line: counts("no kernel has it: a table of soft-dirty bits beside the page table"),
  clear_entry: does("fs/proc/task_mmu.c clear_soft_dirty"),
  vma_split: counts("mm/vma.c __split_vma"),
  vma_merge: counts("mm/vma.c vma_merge_existing_range, vma_merge_new_range"),
  tlb_flush_page: counts("flush_tlb_page, flush_tlb_range"),
  tlb_flush_mm: counts("flush_tlb_mm"),
  tlb_flush_range: counts("asm/tlbflush.h __flush_tlb_range_op (TLBI of a range)"),
  tlb_flush_late: counts("arch/x86/mm/tlb.c switch_mm_irqs_off (choose_new_asid)"),
  tlb_flush_issued: counts("arch_tlbbatch_add_pending (__flush_tlb_page_nosync)"),
  tlb_flush_waited: counts("arch_tlbbatch_flush (DSB)"),
  gather_full: counts("mm/mmu_gather.c tlb_next_batch, tlb_flush_mmu"),
  shootdown: counts("kernel/smp.c smp_call_function_many_cond"),
  ipi: counts(
    "arch/x86/mm/tlb.c flush_tlb_func; arch/riscv/mm/tlbflush.c __ipi_flush_tlb_range_asid",
  ),
  mm_switch: counts("switch_mm"),
  tlb_flush_local: counts("flush_tlb_fix_spurious_fault, __ptep_set_access_flags"),
  syscall: counts("system call entry"),
  fault_flags: does("mm/memory.c handle_pte_fault (ptep_set_access_flags)"),
  fault_marker: does("mm/memory.c pte_marker_clear"),
  free_entry: does("mm/madvise.c madvise_free_pte_range"),
  marker_entry: does("mm/mprotect.c change_pte_range; mm/madvise.c guard_install_set_pte"),
  hugetlb_touch: does("mm/hugetlb.c hugetlb_no_page"),
  hugetlb_reuse: does("mm/hugetlb.c hugetlb_wp, set_huge_ptep_maybe_writable"),
  hugetlb_copy: does("mm/hugetlb.c hugetlb_wp"),
  hugetlb_entry: does(
    "mm/hugetlb.c __unmap_hugepage_range, hugetlb_change_protection, copy_hugetlb_page_range, move_hugetlb_page_tables",
  ),
  scan_protect: does("fs/proc/task_mmu.c make_uffd_wp_pte"),
  fault_oom: counts("mm/oom_kill.c pagefault_out_of_memory"),
  gup_fast: counts("mm/gup.c gup_fast_pte_range"),
  gup_slow: counts("mm/gup.c __get_user_pages"),
  migrate: does("mm/rmap.c try_to_migrate_one; mm/migrate.c remove_migration_pte"),
  fault_numa: does("mm/memory.c do_numa_page; mm/huge_memory.c do_huge_pmd_numa_page"),
  file_read: does("mm/filemap.c filemap_fault, filemap_read_folio"),
  file_write: counts("mm/page-writeback.c folio_clear_dirty_for_io, do_writepages"),
  page_mkwrite: counts("mm/memory.c do_page_mkwrite, fault_dirty_shared_page"),
  mkclean_entry: does("mm/rmap.c page_vma_mkclean_one"),
  notifier_dirty: counts("none (a proposal: src/kvm/policies/mkclean.ts)"),
  spte_look: counts("none (the same)"),
  dirty_unasked: counts("virt/kvm/kvm_main.c kvm_set_page_dirty, without do_page_mkwrite"),
  oom_kill: counts("mm/oom_kill.c oom_kill_process"),
  kvm_exit: counts(
    "arch/x86/kvm/vmx/vmx.c handle_ept_violation; arch/arm64/kvm/mmu.c kvm_handle_guest_abort",
  ),
  kvm_retry: counts("include/linux/kvm_host.h mmu_invalidate_retry_gfn"),
  kvm_flush: counts("virt/kvm/kvm_main.c kvm_flush_remote_tlbs_range"),
  kvm_log: counts("virt/kvm/kvm_main.c mark_page_dirty_in_slot"),
  kvm_log_full: counts("arch/x86/kvm/vmx/vmx.c handle_pml_full"),
  kvm_ring_full: counts("virt/kvm/dirty_ring.c kvm_dirty_ring_check_request"),
  spte_map: counts("arch/x86/kvm/mmu/tdp_mmu.c kvm_tdp_mmu_map; spte.c make_spte"),
  spte_zap: counts("arch/x86/kvm/mmu/tdp_mmu.c kvm_tdp_mmu_unmap_gfn_range"),
  spte_protect: counts("arch/x86/kvm/mmu/tdp_mmu.c wrprot_gfn_range, clear_dirty_pt_masked"),
  spte_clean: counts("arch/x86/kvm/mmu/tdp_mmu.c clear_dirty_pt_masked"),
  spte_age: counts("arch/x86/kvm/mmu/tdp_mmu.c kvm_tdp_mmu_age_spte"),
  notifier_range: counts("mm/mmu_notifier.c __mmu_notifier_invalidate_range_start, _end"),
  notifier_age: counts(
    "mm/mmu_notifier.c __mmu_notifier_clear_flush_young, __mmu_notifier_clear_young, __mmu_notifier_test_young",
  ),
} as const satisfies Record<string, z.input<typeof functionSchema>>;

export type LinuxFunction = z.infer<typeof functionSchema>;

/** The function behind each event of the kernel model, by the event's name. */
export const LINUX_FUNCTIONS: ReadonlyMap<string, LinuxFunction> = new Map(
  Object.entries(FUNCTIONS).map(([name, fact]) => [name, freeze(functionSchema.parse(fact))]),
);
