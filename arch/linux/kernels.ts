// What changed between kernel versions, as data: the model asks a feature, never a version.
//
// A feature holds from `since` on, or before `until`. Exact minor releases that were not read again carry
// confidence "knowledge"; "witnessed" means that recordings on both sides of the change show it.

import { z } from "zod";
import { freeze } from "../define.js";
import { citeSchema } from "../schema.js";

const version = z.string().regex(/^\d+\.\d+$/, "a version such as 6.12");

const featureSchema = z
  .strictObject({
    since: version.optional(),
    /** On these architectures since another version. */
    sinceOn: z.record(z.string(), version).optional(),
    until: version.optional(),
    /** Older versions whose stable releases have it, too (from the recorded point release on). */
    backported: z.array(version).optional(),
    /** Only there. */
    architecture: z.string().optional(),
    means: z.string(),
    cite: citeSchema,
    confidence: z.enum(["manual", "witnessed", "knowledge"]),
  })
  .refine(({ since, until }) => since !== undefined || until !== undefined, {
    error: "a feature has a since, an until, or both",
  });

const FEATURES = {
  perVmaLocks: {
    since: "6.4",
    means:
      "a fault first tries under the lock of its VMA; a retry from there is not yet FAULT_FLAG_TRIED, so a userfault answered in time is a minor fault",
    cite: "LINUX arch/x86/mm/fault.c do_user_addr_fault, mm/memory.c lock_vma_under_rcu",
    confidence: "witnessed",
  },
  wpUnpopulated: {
    since: "6.4",
    means: "UFFD_FEATURE_WP_UNPOPULATED: absent anonymous pages take a marker",
    cite: "LINUX 6.4 include/uapi/linux/userfaultfd.h",
    confidence: "witnessed",
  },
  wpAsync: {
    since: "6.7",
    means: "UFFD_FEATURE_WP_ASYNC and PAGEMAP_SCAN",
    cite: "LINUX 6.7 fs/userfaultfd.c, fs/proc/task_mmu.c",
    confidence: "witnessed",
  },
  wpRangeOverVmas: {
    since: "6.4",
    means: "UFFDIO_WRITEPROTECT goes from VMA to VMA; before, the range must lie in one",
    cite: "LINUX 6.12 mm/userfaultfd.c mwriteprotect_range; 6.1 find_dst_vma",
    confidence: "witnessed",
  },
  wpTellsNoMemory: {
    since: "6.3",
    means: "UFFDIO_WRITEPROTECT returns ENOMEM where there is no memory for a table of markers",
    cite: "LINUX 6.3 mm/mprotect.c change_pmd_prepare, mm/userfaultfd.c uffd_wp_range",
    confidence: "knowledge",
  },
  mergeNeedsMemory: {
    since: "6.12",
    means:
      "a change of VMAs fails where merging them finds no memory; before, they were split instead",
    cite: "LINUX 6.12 mm/vma.c vma_modify: vmg_nomem",
    confidence: "knowledge",
  },
  wpOffUpgrades: {
    since: "6.2",
    means: "taking uffd-wp off makes an entry writable at once where it may be",
    cite: "LINUX mm/userfaultfd.c uffd_wp_range: MM_CP_TRY_CHANGE_WRITABLE",
    confidence: "witnessed",
  },
  longtermUnshares: {
    since: "6.2",
    means: "a long-term pin for reading in a private mapping replaces what is no anonymous page",
    cite: "LINUX 6.2 mm/gup.c gup_must_unshare: FOLL_LONGTERM",
    confidence: "knowledge",
  },
  noLongtermFileWrites: {
    since: "6.5",
    means:
      "a long-term pin for writing is refused in a shared mapping of a file whose file system tracks dirty pages",
    cite: "LINUX 6.5 mm/gup.c writable_file_mapping_allowed, folio_fast_pin_allowed",
    confidence: "knowledge",
  },
  gupFollowsHinted: {
    since: "6.6",
    means:
      "get_user_pages follows entries that NUMA balancing made inaccessible, unless it is told not to (KVM is one that says so)",
    cite: "LINUX 6.6 include/linux/mm.h gup_can_follow_protnone, virt/kvm/kvm_main.c hva_to_pfn_slow: FOLL_HONOR_NUMA_FAULT",
    confidence: "knowledge",
  },
  numaUpgrades: {
    since: "6.2",
    means:
      "a NUMA hinting fault makes an entry writable by the test that mprotect has; before, the entry itself said whether it had been",
    cite: "LINUX 6.2 mm/memory.c do_numa_page: can_change_pte_writable; 6.1 pte_savedwrite",
    confidence: "knowledge",
  },
  numaRebuildsFolio: {
    since: "6.10",
    means: "a NUMA hinting fault gives all entries of a large folio their rights back",
    cite: "LINUX 6.10 mm/memory.c numa_rebuild_large_mapping",
    confidence: "knowledge",
  },
  ksmZeroIsDirty: {
    since: "6.6",
    means:
      "entries that KSM mapped to the zero page are dirty, and are copied back by MADV_UNMERGEABLE",
    cite: "LINUX 6.6 mm/ksm.c replace_page, is_ksm_zero_pte",
    confidence: "knowledge",
  },
  upgradeNeedsDirty: {
    until: "6.2",
    means: "mprotect makes only dirty entries writable at once",
    cite: "LINUX 6.1 mm/mprotect.c can_change_pte_writable",
    confidence: "knowledge",
  },
  mremapClearsWp: {
    since: "6.12",
    means: "mremap clears uffd-wp of what it moves, unless EVENT_REMAP is asked for",
    cite: "LINUX 6.12.y mm/mremap.c move_ptes: vma_has_uffd_without_event_remap",
    confidence: "witnessed",
  },
  mremapManyVmas: {
    since: "6.17",
    means: "a move of equal size may span several VMAs and holes",
    cite: "LINUX 6.17 mm/mremap.c remap_move",
    confidence: "witnessed",
  },
  anonVmaOneSided: {
    since: "6.16",
    means: "VMAs merge also where only the one that changes has an anon_vma",
    cite: "LINUX 6.16 mm/vma.c is_mergeable_anon_vma",
    confidence: "witnessed",
  },
  stickySoftDirty: {
    since: "6.19",
    means: "a merged VMA is soft-dirty if one of its parts was",
    cite: "LINUX 7.0 mm/vma.c VM_STICKY",
    confidence: "witnessed",
  },
  kvmDirtiesAtInstall: {
    since: "6.13",
    means:
      "KVM marks a page dirty when it maps it writable into a guest; before, when a dirty SPTE goes",
    cite: "LINUX 6.13 virt/kvm/kvm_main.c kvm_release_faultin_page; 6.12 arch/x86/kvm/mmu/tdp_mmu.c handle_changed_spte",
    confidence: "knowledge",
  },
  guardRegions: {
    since: "6.13",
    means: "MADV_GUARD_INSTALL, PAGE_IS_GUARD, bit 58 of pagemap",
    cite: "LINUX 6.13 mm/madvise.c madvise_guard_install",
    confidence: "witnessed",
  },
  batchedProtection: {
    since: "6.17",
    means: "mprotect and mremap take the entries of one folio together",
    cite: "LINUX 7.0 mm/mprotect.c change_pte_range, mm/mremap.c move_ptes",
    confidence: "witnessed",
  },
  scanHolesWritten: {
    since: "7.2",
    backported: ["6.12", "6.18"],
    means:
      "PAGEMAP_SCAN counts absent pages of a VMA registered for write-protection as written, also where there is no page table",
    cite: "LINUX fs/proc/task_mmu.c pagemap_scan_pte_hole, patch of 8 July 2026 (stable: 6.12.107, 7.2.13)",
    confidence: "witnessed",
  },
  splitKeepsDirty: {
    since: "6.2",
    means: "splitting a dirty huge mapping makes its entries dirty (and soft-dirty)",
    cite: "LINUX mm/huge_memory.c __split_huge_pmd_locked",
    confidence: "witnessed",
  },
  hugeUpgrade: {
    since: "6.2",
    means: "mprotect and uffd-wp off make a huge entry writable at once where it may be",
    cite: "LINUX mm/huge_memory.c change_huge_pmd, can_change_pmd_writable",
    confidence: "knowledge",
  },
  hugeModifyDropsDirty: {
    since: "6.6",
    architecture: "x86-64",
    means: "pmd_modify of a writable dirty huge entry loses the dirty bit",
    cite: "LINUX 7.0 arch/x86/include/asm/pgtable.h pmd_modify",
    confidence: "manual",
  },
  hugeZeroWriteIsHuge: {
    since: "6.13",
    means: "a write to the huge zero page takes a huge page; before, its mapping was split",
    cite: "LINUX 7.0 mm/huge_memory.c do_huge_zero_wp_pmd",
    confidence: "witnessed",
  },
  reuseLarge: {
    since: "6.15",
    means: "a page of a large folio is re-used where one address space has all of the folio",
    cite: "LINUX 7.0 mm/memory.c __wp_can_reuse_large_anon_folio",
    confidence: "witnessed",
  },
  reuseLastOfLarge: {
    until: "6.7",
    means: "the last mapped page of a large folio is re-used",
    cite: "LINUX 6.1 mm/memory.c do_wp_page",
    confidence: "knowledge",
  },
  estimatedSharers: {
    since: "6.6",
    means:
      "whether a large folio is shared is guessed by its first page; before, any second mapping counted",
    cite: "LINUX 6.8 include/linux/mm.h folio_estimated_sharers, mm/madvise.c",
    confidence: "knowledge",
  },
  likelyShared: {
    since: "6.10",
    means: "that guess also counts all mappings of the folio",
    cite: "LINUX 6.12 include/linux/mm.h folio_likely_mapped_shared",
    confidence: "knowledge",
  },
  splitMapsZeroPage: {
    since: "6.12",
    means: "splitting a folio maps pages of zeroes to the zero page",
    cite: "LINUX 6.12 mm/migrate.c try_to_map_unused_to_zeropage",
    confidence: "witnessed",
  },
  zeroRemapKeepsBits: {
    since: "6.18",
    backported: ["6.12"],
    means: "entries mapped to the zero page then keep soft-dirty and uffd-wp",
    cite: "LINUX 6.18 (stable: 6.12.107) mm/migrate.c try_to_map_unused_to_zeropage",
    confidence: "witnessed",
  },
  swapsWholeFolios: {
    since: "6.10",
    means: "large folios without huge mapping go to swap whole; before, they were split first",
    cite: "LINUX 6.12 mm/vmscan.c shrink_folio_list",
    confidence: "witnessed",
  },
  swapsInFolios: {
    since: "6.12",
    means: "a folio that went to swap whole comes back whole",
    cite: "LINUX 6.12 mm/memory.c alloc_swap_folio, can_swapin_thp",
    confidence: "witnessed",
  },
  swapInWritable: {
    since: "6.2",
    means: "a read of a swapped exclusive page maps it writable",
    cite: "LINUX 6.12 mm/memory.c do_swap_page",
    confidence: "knowledge",
  },
  swapCacheFreedEarly: {
    since: "7.0",
    means: "a page from a synchronous device leaves the swap cache as soon as it is mapped",
    cite: "LINUX 7.0 mm/memory.c should_try_to_free_swap",
    confidence: "manual",
  },
  ptReclaimEarly: {
    since: "6.14",
    architecture: "x86-64",
    means: "MADV_DONTNEED of all that a page table maps frees the table (CONFIG_PT_RECLAIM)",
    cite: "LINUX 6.14 mm/pt_reclaim.c try_to_free_pte, mm/memory.c reclaim_pt_is_enabled",
    confidence: "witnessed",
  },
  ptReclaim: {
    since: "7.0",
    means: "the same on every architecture",
    cite: "LINUX 7.0 mm/Kconfig PT_RECLAIM",
    confidence: "witnessed",
  },
  populateStopsAtHoles: {
    since: "6.9",
    means: "MADV_POPULATE_* ends at the first hole; before, it passed over holes",
    cite: "LINUX 6.12 mm/madvise.c madvise_populate; 6.1 madvise_vma_behavior",
    confidence: "witnessed",
  },
  adviceStopsAtSharedLarge: {
    until: "6.10",
    means:
      "MADV_PAGEOUT and MADV_FREE split every large folio they meet, and end at one that is mapped elsewhere",
    cite: "LINUX 6.1 mm/madvise.c madvise_cold_or_pageout_pte_range, madvise_free_pte_range",
    confidence: "witnessed",
  },
  remapDirties: {
    until: "6.2",
    means: "entries of a split folio that were dirty come back soft-dirty",
    cite: "LINUX 6.1 mm/migrate.c remove_migration_pte",
    confidence: "witnessed",
  },
  skipsNeedlessFlush: {
    since: "5.19",
    architecture: "x86-64",
    means:
      "a change of protection flushes only entries whose rights changed (pte_needs_flush); else any",
    cite: "LINUX 6.1 arch/x86/include/asm/tlbflush.h pte_flags_need_flush",
    confidence: "knowledge",
  },
  skipsNeedlessFlushLater: {
    since: "6.19",
    architecture: "arm64",
    means: "the same",
    cite: "LINUX 7.0 arch/arm64/include/asm/tlbflush.h __pte_flags_need_flush; the patch is based on 6.18-rc1",
    confidence: "knowledge",
  },
  defersReclaimFlush: {
    since: "4.3",
    sinceOn: { arm64: "6.6", riscv64: "6.9" },
    means: "reclaim flushes for many pages at once (ARCH_WANT_BATCHED_UNMAP_TLB_FLUSH)",
    cite: "LINUX 7.0 mm/rmap.c should_defer_flush; arch/*/include/asm/tlbflush.h, asm/tlbbatch.h",
    confidence: "knowledge",
  },
  discardsHugeWhole: {
    since: "6.11",
    means:
      "reclaim drops a huge page after MADV_FREE with its entry; before, it splits the mapping",
    cite: "LINUX commit 735ecdfaf4e8 mm/rmap.c try_to_unmap_one, mm/huge_memory.c __discard_anon_folio_pmd_locked (unmap_huge_pmd_locked)",
    confidence: "knowledge",
  },
  splitFlushesOnce: {
    since: "6.8",
    means: "a split of a folio that is mapped by small entries flushes for all of them at once",
    cite: 'LINUX commit "mm: huge_memory: batch tlb flush when splitting a pte-mapped THP" (measured on 6.5), mm/huge_memory.c unmap_folio, TTU_BATCH_FLUSH',
    confidence: "knowledge",
  },
  wrprotectStores: {
    since: "7.0",
    architecture: "riscv64",
    means:
      "fork takes the right to write from an entry by reading and storing it: what a CPU sets in between is lost (with Svadu: A and D)",
    cite: 'LINUX 7.0 arch/riscv/include/asm/pgtable.h ptep_set_wrprotect; before the commit "riscv/mm: update write protect to work on shadow stacks", atomic_long_and; not read again after 7.0',
    confidence: "knowledge",
  },
  reclaimFreesInBatches: {
    since: "6.9",
    means: "reclaim flushes and frees 31 folios at a time; before, those of a whole list",
    cite: "LINUX 6.9 mm/vmscan.c shrink_folio_list (free_folios), include/linux/pagevec.h PAGEVEC_SIZE",
    confidence: "knowledge",
  },
  batchedZap: {
    since: "6.9",
    means: "pages of a folio that are unmapped side by side are gathered as one",
    cite: "LINUX 6.9 mm/mmu_gather.c __tlb_remove_folio_pages_size",
    confidence: "knowledge",
  },
  adviceFlushesOnce: {
    since: "6.16",
    means: "MADV_DONTNEED and MADV_FREE flush once a call; before, once a VMA",
    cite: "LINUX 6.16 mm/madvise.c madvise_init_tlb, madvise_finish_tlb",
    confidence: "knowledge",
  },
  collapseNeedsWritable: {
    until: "6.18",
    means: "MADV_COLLAPSE refuses a range none of whose entries is writable",
    cite: "LINUX 6.12 mm/khugepaged.c hpage_collapse_scan_pmd: SCAN_PAGE_RO",
    confidence: "witnessed",
  },
  contpte: {
    since: "6.9",
    architecture: "arm64",
    means: "entries of large folios are folded into contiguous groups",
    cite: "LINUX 6.9 arch/arm64/mm/contpte.c",
    confidence: "witnessed",
  },
  foldsWithoutBreak: {
    since: "6.17",
    architecture: "arm64",
    means:
      "folding and unfolding a group flushes nothing on a CPU with FEAT_BBM level 2 that raises no conflict aborts",
    cite: "LINUX 6.17 arch/arm64/mm/contpte.c contpte_convert: system_supports_bbml2_noabort",
    confidence: "knowledge",
  },
  mapcountPerPage: {
    since: "6.11",
    until: "6.15",
    means:
      "pagemap tells of each page of a huge mapping whether it is mapped once; else of the first for all",
    cite: "LINUX 6.12 fs/proc/task_mmu.c pagemap_pmd_range",
    confidence: "witnessed",
  },
  kpageflagsPerPage: {
    until: "6.10",
    means: "kpageflags shows each page's own flags; later the first page's for all of a folio",
    cite: "LINUX fs/proc/page.c stable_page_flags",
    confidence: "witnessed",
  },
  kpageflagsKsmBroken: {
    since: "6.10",
    until: "6.18",
    means: "kpageflags says KSM of every anonymous page, so that it tells nothing",
    cite: "LINUX fs/proc/page.c stable_page_flags",
    confidence: "witnessed",
  },
  collapsePassesHoles: {
    since: "7.0",
    means: "MADV_COLLAPSE goes on behind a huge page's worth of nothing; before, it ended there",
    cite: "LINUX 7.0 mm/khugepaged.c madvise_collapse: SCAN_NO_PTE_TABLE; 6.12: SCAN_PMD_NONE",
    confidence: "knowledge",
  },
  collapseBusyIfNone: {
    since: "6.4",
    means:
      "MADV_COLLAPSE says EBUSY where a userfaultfd wants to see missing pages; before, EINVAL",
    cite: "LINUX 6.1, 6.12 mm/khugepaged.c madvise_collapse_errno: SCAN_EXCEED_NONE_PTE",
    confidence: "knowledge",
  },
  khugepagedSkipsLazyfree: {
    since: "7.1",
    means: "khugepaged leaves pages alone that MADV_FREE gave up and nobody wrote since",
    cite: "LINUX 7.1 mm/khugepaged.c collapse_scan_pmd: SCAN_PAGE_LAZYFREE",
    confidence: "knowledge",
  },
  hugetlbVmaLocks: {
    since: "6.10",
    means: "faults on huge pages of a pool are handled under the lock of the VMA, too",
    cite: "LINUX 6.10 mm/hugetlb.c hugetlb_fault, vmf_anon_prepare",
    confidence: "knowledge",
  },
  hugetlbRestoresPromise: {
    since: "6.9",
    means: "a private mapping of huge pages is promised again what MADV_DONTNEED took from it",
    cite: "LINUX 6.9 mm/hugetlb.c __unmap_hugepage_range (folio_set_hugetlb_restore_reserve)",
    confidence: "knowledge",
  },
  mmapOverKeepsErrno: {
    since: "6.12",
    means: "mmap over a mapping that cannot be cut there returns why; before, ENOMEM",
    cite: "LINUX 6.12 mm/mmap.c mmap_region, mm/vma.c vms_gather_munmap_vmas; 6.8 mmap_region",
    confidence: "knowledge",
  },
  broadcastUpgrade: {
    until: "7.0",
    architecture: "arm64",
    means: "granting a right to an entry invalidates it on every CPU, not only on this one",
    cite: "LINUX 6.12 arch/arm64/mm/fault.c __ptep_set_access_flags",
    confidence: "manual",
  },
} as const satisfies Record<string, z.input<typeof featureSchema>>;

export type Feature = keyof typeof FEATURES;
export type FeatureFact = z.infer<typeof featureSchema>;

/** Every feature by name. */
export const KERNEL_FEATURES: ReadonlyMap<Feature, FeatureFact> = new Map(
  Object.entries(FEATURES).map(([name, fact]) => [
    name as Feature,
    freeze(featureSchema.parse(fact)),
  ]),
);

const layoutRow = z.strictObject({
  architecture: z.string(),
  since: version,
  layout: z.string(),
  cite: citeSchema,
});

/** Which layout a kernel has: the last row of its architecture that is not newer than it. */
export const KERNEL_LAYOUTS = z.array(layoutRow).parse([
  {
    architecture: "x86-64",
    since: "5.7",
    layout: "x86-64-6.1",
    cite: "LINUX 5.7: uffd-wp in bit 10",
  },
  {
    architecture: "x86-64",
    since: "6.6",
    layout: "x86-64-6.12",
    cite: "LINUX 6.6: SAVED_DIRTY in bit 58",
  },
  {
    architecture: "x86-64",
    since: "6.17",
    layout: "x86-64-7.0",
    cite: "LINUX 6.17: DEVMAP gone",
  },
  { architecture: "arm64", since: "6.8", layout: "arm64-6.8", cite: "LINUX 6.8: PTE_PROT_NONE" },
  {
    architecture: "arm64",
    since: "6.11",
    layout: "arm64-6.12",
    cite: "LINUX 6.11: PTE_PRESENT_INVALID, PTE_UFFD_WP",
  },
  { architecture: "arm64", since: "6.17", layout: "arm64-7.0", cite: "LINUX 6.17: DEVMAP gone" },
  {
    architecture: "riscv64",
    since: "5.14",
    layout: "riscv64-6.1",
    cite: "LINUX 5.14: transparent huge pages",
  },
  {
    architecture: "riscv64",
    since: "6.3",
    layout: "riscv64-6.8",
    cite: "LINUX 6.3: _PAGE_SWP_EXCLUSIVE",
  },
  {
    architecture: "riscv64",
    since: "6.11",
    layout: "riscv64-6.12",
    cite: "LINUX 6.11: _PAGE_DEVMAP in bit 9",
  },
  {
    architecture: "riscv64",
    since: "6.17",
    layout: "riscv64-6.8",
    cite: "LINUX 6.17: DEVMAP gone",
  },
  {
    architecture: "riscv64",
    since: "6.19",
    layout: "riscv64-7.0",
    cite: "LINUX 6.19: _PAGE_SOFT_DIRTY and _PAGE_UFFD_WP with Svrsw60t59b",
  },
]);

/** Versions that the model knows the features of. */
export const KERNEL_VERSIONS = ["6.1", "6.8", "6.12", "6.18", "7.0", "7.2"] as const;
