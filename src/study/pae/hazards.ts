// The hazards H1 to H21 of schemes of PageAnonExclusive: what goes wrong, for whom, and a script that shows it. A scheme is
// broken where the script breaks a rule of the oracle, or shows something else in its last `pagemap`, and is right under
// `page`.

/** Which schemes a hazard is about: the page's flag, the folio's, the bitmap, bits of the entry. */
export type Family = "page" | "folio" | "bitmap" | "entry";

export interface Hazard {
  readonly id: string;
  readonly what: string;
  readonly families: readonly Family[];
  /** What a scheme with guards does about it. */
  readonly guard: string;
  /** Left out: no script can show it here, and why. */
  readonly script?: readonly string[];
  readonly unseen?: string;
}

const ALL: readonly Family[] = ["page", "folio", "bitmap", "entry"];
/** A folio of 16 pages, each mapped by itself. */
const LARGE = ["mmap A 16 rw private align=512", "madvise A 0 16 hugepage", "write A 0 1"];
const ONE = ["mmap A 1 rw private", "write A 0 1"];
const ONE_STEP = "fork, migration and faults are single steps of the model: nothing comes between";

export const HAZARDS: readonly Hazard[] = [
  {
    id: "H1",
    what: "fork while entries of the folio are migration entries that say exclusive",
    families: ["folio"],
    guard: "fork waits for the folio's lock",
    script: [
      ...LARGE,
      "madvise A 8 8 dontfork",
      "migrate A 0 16 hold",
      "fork c",
      "migrate-end A 0 16",
      "write A 0 16",
      "in c read A 0 8",
    ],
  },
  {
    id: "H2",
    what: "migration begins between two entries of fork",
    families: ["folio"],
    guard: "fork and migration exclude each other by the folio's lock",
    unseen: ONE_STEP,
  },
  {
    id: "H3",
    what: "a part of the folio is DONTFORK",
    families: ["folio"],
    guard: "every mapping of the folio is write-protected before the first is shared",
    script: [...LARGE, "madvise A 8 8 dontfork", "fork c", "write A 0 16", "in c read A 0 8"],
  },
  {
    id: "H4",
    what: "the folio is mapped through two page tables",
    families: ["folio"],
    guard: "all mappings are found by rmap, whatever table they are in",
    script: [
      ...LARGE,
      "mremap A 8 8 B",
      "madvise B 0 8 dontfork",
      "fork c",
      "write A 0 8",
      "write B 0 8",
    ],
  },
  {
    id: "H5",
    what: "fork gives up midway for want of memory",
    families: ALL,
    guard:
      "what is no longer exclusive is proved so again by the next write; the flush is done all the same",
    script: [...LARGE, "fork c fail-after=5", "write A 0 16", "pagemap A"],
  },
  {
    id: "H6",
    what: "memory for a bitmap is wanted where nothing may fail",
    families: ["bitmap"],
    guard: "it is had before the lock is taken, or set aside with the page table",
    script: [...ONE, "fork c fail-after=7", "write A 0 1", "pagemap A"],
  },
  {
    id: "H7",
    what: "several page tables share one page",
    families: ["bitmap"],
    guard: "one bitmap for the page, indexed by the table's place, gone with the last table",
    unseen: "no architecture of the model has such tables",
  },
  {
    id: "H8",
    what: "a table is freed while a lock-less walker reads its bitmap",
    families: ["bitmap"],
    guard: "the bitmap is freed with the table, by the same grace period",
    unseen: ONE_STEP,
  },
  {
    id: "H9",
    what: "pinning without locks against clearing",
    families: ALL,
    guard:
      "the entry is cleared first (KSM, reclaim, migration), or write_protect_seq says that fork is at it",
    unseen: ONE_STEP,
  },
  {
    id: "H10",
    what: "the CPU makes a read-only entry dirty",
    families: ["entry"],
    guard: "of a read-only entry only the bit counts that no CPU sets, where there is one",
    script: [
      ...ONE,
      "fork c",
      "stray-dirty A 0 1",
      "mprotect A 0 1 r",
      "mprotect A 0 1 rw",
      "write A 0 1",
      "in c read A 0 1",
    ],
  },
  {
    id: "H11",
    what: "write-protecting an entry is no atomic operation",
    families: ["entry"],
    guard: "an atomic exchange in ptep_set_wrprotect",
    unseen: ONE_STEP,
  },
  {
    id: "H12",
    what: "a batch joins D of entries of which some are exclusive",
    families: ["entry"],
    guard: "read-only entries of one batch, or contiguous group, have the same D",
    script: [
      ...LARGE,
      "madvise A 8 8 dontfork",
      "fork c",
      "madvise A 8 8 dofork",
      "mprotect A 0 16 r",
      "mprotect A 0 16 rw",
      "write A 0 1",
      "in c read A 0 1",
    ],
  },
  {
    id: "H13",
    what: "D of a pinned read-only entry is cleared",
    families: ["entry"],
    guard: "MADV_FREE leaves D of read-only entries alone",
    script: [
      ...ONE,
      "mprotect A 0 1 r",
      "pin A 0 1 read",
      "madvise A 0 1 free",
      "mprotect A 0 1 rw",
      "write A 0 1",
    ],
  },
  {
    id: "H14",
    what: "setting D sets soft-dirty",
    families: ["entry"],
    guard: "a helper that sets D alone",
    script: [
      ...ONE,
      "clear_refs",
      "madvise A 0 1 pageout",
      "mprotect A 0 1 r",
      "read A 0 1",
      "pagemap A",
    ],
  },
  {
    id: "H15",
    what: "W = 0, D = 1 is a shadow-stack page",
    families: ["entry"],
    guard: "bit 58 in place of D",
    unseen: "shadow stacks are not modelled",
  },
  {
    id: "H16",
    what: "clean pages that are exclusive and read-only must be D",
    families: ["entry"],
    guard:
      "the folio, not D, says whether such a page is written to swap (loose: it is written once more)",
    script: [
      ...ONE,
      "madvise A 0 1 pageout",
      "mprotect A 0 1 r",
      "read A 0 1",
      "madvise A 0 1 pageout",
      "read A 0 1",
    ],
  },
  {
    id: "H17",
    what: "a page comes back from swap under writeback to a device that wants stable pages",
    families: ["page"],
    guard: "exclusivity is given up, which costs a copy",
    unseen: "writeback is done at once",
  },
  {
    id: "H18",
    what: "mprotect of a huge entry drops D",
    families: ["page", "entry"],
    guard: "what was exclusive before pmd_modify is made D again",
    script: [
      "mmap A 512 rw private align=512",
      "madvise A 0 512 hugepage",
      "write A 0 1",
      "pin A 0 1 read",
      "mprotect A 0 512 r",
      "mprotect A 0 512 rw",
      "write A 0 1",
    ],
  },
  {
    id: "H19",
    what: "write-protection of pinned pages by userfaultfd and clear_refs",
    families: ALL,
    guard: "an entry that loses W keeps what it was",
    script: [
      ...ONE,
      "pin A 0 1",
      "madvise A 0 1 free",
      "uffd-register A 0 1 wp-async",
      "uffd-wp A 0 1 on",
      "clear_refs",
      "write A 0 1",
    ],
  },
  {
    id: "H20",
    what: "a stale writable translation while fork goes on",
    families: ALL,
    guard: "one flush at the end of fork; pins look at write_protect_seq, not at TLBs",
    unseen: ONE_STEP,
  },
  {
    id: "H21",
    what: "huge pages of a pool are reused by their mappings alone",
    families: ["page", "folio"],
    guard: "only the mapping count decides, as today",
    script: [
      "mmap A 512 rw private huge=2m",
      "write A 0 1",
      "pin A 0 1 read",
      "fork c",
      "write A 0 1",
      "in c read A 0 1",
      "exit c",
      "write A 0 1",
    ],
  },
];

/** Kernel settings under which their scripts are played. */
export const HAZARD_KERNEL = "mthp=64k";
