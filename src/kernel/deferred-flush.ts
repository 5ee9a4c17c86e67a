// What reclaim takes down is flushed for many pages at once (mm/rmap.c should_defer_flush, set_tlb_ubc_flush_pending,
// try_to_unmap_flush, try_to_unmap_flush_dirty; arch_tlbbatch_flush).
//
//   unmap | unmap | unmap, was dirty | flush | its page is written | unmap | unmap | flush | pages are freed
//
// Other CPUs may read the old page until then, which is still as it was; but none may write behind the back of the
// writing, so a dirty entry is flushed before that. With interrupts, one tells all CPUs of all address spaces to drop
// everything; by broadcast every page has its instruction at once, and what is put off is the wait for them.

import type { Mm } from "./mm.js";
import type { TlbFlush } from "./tlb-flush.js";

/** FOLIO_BATCH_SIZE: folios that reclaim frees together. */
const FREED_TOGETHER = 31;

/** The flushes that one kernel still owes (struct tlbflush_unmap_batch). */
export class DeferredFlush {
  private readonly owed = new Set<Mm>();
  private writable = false;
  private freed = 0;

  /**
   * @param defers this kernel puts flushes off at all
   * @param freesInBatches it frees so many folios together that flushes are due in the middle of a list
   */
  constructor(
    private readonly tlb: TlbFlush,
    private readonly defers: boolean,
    private readonly freesInBatches: boolean,
  ) {}

  /** An entry that mapped one page was cleared. `dirty`: it may still be written through. */
  page(mm: Mm, page: number, dirty: boolean): void {
    if (!this.defers || !this.tlb.defers(mm)) {
      this.tlb.page(mm, page);
      return;
    }
    this.tlb.later(mm, page);
    this.owed.add(mm);
    this.writable ||= dirty;
  }

  /** A page is about to be written to swap. */
  beforeWrite(): void {
    if (this.writable) this.settle();
  }

  /** A folio was freed; before 6.9 a whole list of them waits for the end. */
  folioFreed(): void {
    this.freed++;
    if (this.freed === FREED_TOGETHER && this.freesInBatches) this.settle();
  }

  /** Flushes what is owed: before anybody else gets one of the pages. */
  settle(): void {
    this.freed = 0;
    this.writable = false;
    if (this.owed.size === 0) return;
    this.tlb.together([...this.owed]);
    this.owed.clear();
  }
}
