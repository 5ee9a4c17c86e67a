// What keeps "exclusive" right where two CPUs meet, by name. One at a time can be taken out of the model (kernel setting
// `without`), to show that it is needed: what breaks then, the oracle tells.

/** By name: what it is, and where Linux has it, or a proposal needs it. */
export const SAFEGUARDS: ReadonlyMap<string, string> = new Map([
  // include/linux/mm_types.h write_protect_seq; mm/memory.c copy_page_range; mm/gup.c gup_fast.
  ["fork-seqcount", "pins without locks give up while fork write-protects"],
  // kernel/fork.c dup_mmap: flush_tlb_mm(oldmm).
  ["fork-flush", "fork flushes the parent's translations before it returns"],
  // mm/rmap.c try_to_unmap_one, try_to_migrate_one; mm/ksm.c write_protect_page: "clear PTE first".
  ["clear-first", "KSM, reclaim and migration clear an entry before they look for pins"],
  // arch/arm64, arch/x86: compare and exchange; arch/riscv up to 6.19: atomic and.
  ["atomic-wrprotect", "fork takes W from an entry and leaves a D alone that a CPU sets meanwhile"],
  ["folio-lock", "fork waits for folios that migrate, and they for fork (folio)"],
  ["folio-first", "fork write-protects all entries of a folio before it shares one (folio)"],
  [
    "one-exchange",
    "fork takes W and D from an entry in one atomic exchange (pte-strict, pte-loose)",
  ],
  ["table-rcu", "a bitmap outlives its table until walkers without locks are done (bitmap)"],
  ["entry-again", "a pin without locks looks at the entry once more behind its bit (bitmap)"],
  ["fragment-index", "tables that share a page have bits, and lives, of their own (bitmap)"],
  // mm/memory.c do_swap_page: folio_test_writeback and SWP_STABLE_WRITES.
  ["stable-pages", "a page that a device is writing comes back from swap as not exclusive"],
]);
