// TLB maintenance as the kernel asks for it (arch/x86/mm/tlb.c, arch/arm64/include/asm/tlbflush.h): by page,
// range and address space, performed by the architecture's own instructions.
//
//   broadcast   the instruction reaches every CPU
//   ipi         this CPU flushes if it runs the address space; others that do are interrupted, flush as well, and
//               this one waits for them; the rest catches up later (cpus.ts)

import type { MmCore } from "../core/mm.js";
import type { CompiledLayout } from "../layout/compiled.js";
import { requestOf } from "../layout/invalidation.js";
import type { FlushRange } from "../layout/linux-flush.js";
import type { Cpus } from "./cpus.js";
import { Event } from "./events.js";
import type { Mm } from "./mm.js";
import type { Clocks } from "./time.js";

/** What flushes work on. */
export interface FlushParts {
  readonly mmu: MmCore;
  readonly hardware: CompiledLayout;
  readonly clocks: Clocks;
  readonly cpus: Cpus;
  /** Counts an event of the CPU that works. */
  readonly count: (event: number, times: number) => void;
  /** Every CPU is told of a granted right, not only the one that faulted. */
  readonly everywhere: boolean;
  /** Its CPUs have operations on ranges. */
  readonly ranges: boolean;
}

/** Flushes of one kernel. */
export class TlbFlush {
  private readonly pageFlags: number;
  private readonly spaceFlags: number;
  private readonly grantedFlags: number;
  private readonly faultDropsTlb: boolean;
  private readonly broadcasts: boolean;
  private readonly byRange: FlushRange | null;

  constructor(private readonly parts: FlushParts) {
    const { hardware, mmu, everywhere, ranges } = parts;
    const { page, space, own, shootdown, range } = mmu.linux.flush;
    this.pageFlags = requestOf(hardware, page, { va: 0n, context: 0 }).flags;
    this.spaceFlags = requestOf(hardware, space, { context: 0 }).flags;
    const granted = everywhere ? page : own;
    this.grantedFlags = requestOf(hardware, granted, { va: 0n, context: 0 }).flags;
    this.faultDropsTlb = hardware.halves[0].faultDropsTlb;
    this.broadcasts = shootdown.by === "broadcast";
    this.byRange = ranges ? range : null;
  }

  /** flush_tlb_page. */
  page(mm: Mm, page: number): void {
    this.range(mm, page, page + 1);
  }

  /**
   * After an entry was granted a right (ptep_set_access_flags, flush_tlb_fix_spurious_fault). Where the fault
   * itself dropped what the TLB held, nothing is due (x86-64); else this CPU is told, or up to 6.18 every one.
   */
  granted(mm: Mm, page: number): void {
    if (this.faultDropsTlb) return;
    this.parts.count(Event.tlb_flush_local, 1);
    this.parts.mmu.exports.invalidatePages(this.grantedFlags, mm.context, page, page + 1);
  }

  /**
   * flush_tlb_range: an instruction a stride, fewer where they take ranges, or the whole context where there are many.
   * @param stride pages of the entries that were changed, where all are of one size (mmu_gather)
   * @param freedTables page tables of the range went, too
   */
  range(mm: Mm, start: number, end: number, stride = 1, freedTables = false): void {
    const strides = Math.ceil((end - start) / stride);
    const { ceiling, pageDropsTables } = this.parts.mmu.linux.flush;
    const many = this.byRange === null ? strides > ceiling : end - start > this.byRange.pages;
    if (many || (freedTables && !pageDropsTables)) {
      this.space(mm, freedTables);
      return;
    }
    this.everywhere(mm, freedTables, () => {
      this.countRange(end - start, strides);
      this.parts.mmu.exports.invalidatePages(this.pageFlags, mm.context, start, end);
    });
  }

  /** flush_tlb_mm. */
  space(mm: Mm, freedTables = false): void {
    this.everywhere(mm, freedTables, () => this.dropSpace(mm));
  }

  /** arch_tlbbatch_should_defer: whether waiting with a flush of a page gains anything. */
  defers({ cpus }: Mm): boolean {
    const { defers } = this.parts.mmu.linux.flush.shootdown;
    return defers === "always" || [...cpus].some((cpu) => cpu !== this.parts.cpus.current);
  }

  /** arch_tlbbatch_add_pending: a page that `together` will have flushed. */
  later(mm: Mm, page: number): void {
    if (!this.broadcasts) {
      mm.tlbGeneration++;
      return;
    }
    const { count, mmu } = this.parts;
    count(Event.tlb_flush_issued, 1);
    mmu.exports.invalidatePages(this.pageFlags, mm.context, page, page + 1);
  }

  /** arch_tlbbatch_flush: address spaces of which pages are to be flushed, each as a whole. */
  together(mms: readonly Mm[]): void {
    const { count, cpus } = this.parts;
    if (this.broadcasts) {
      count(Event.tlb_flush_waited, 1);
      return;
    }
    const flushLoaded = (): void => {
      for (const mm of mms) if (cpus.hasLoaded(mm) && cpus.flushed(mm)) this.dropSpace(mm);
    };
    const told = new Set(mms.flatMap((mm) => cpus.toTell(mm, false)));
    flushLoaded();
    if (told.size > 0) this.interrupt([...told], flushLoaded);
  }

  private dropSpace(mm: Mm): void {
    const { count, mmu } = this.parts;
    count(Event.tlb_flush_mm, 1);
    mmu.exports.invalidatePages(this.spaceFlags, mm.context, 0, mmu.pages);
  }

  /**
   * __flush_tlb_range_op: from the largest scale down, one operation each as far as it fits; a single page at the
   * end, or at once, by its own instruction.
   */
  private countRange(pages: number, strides: number): void {
    const { count } = this.parts;
    if (this.byRange === null) {
      count(Event.tlb_flush_page, strides);
      return;
    }
    let left = pages;
    for (const log2 of this.byRange.log2.toReversed()) {
      if (left <= 1) break;
      const whole = Math.min(Math.floor(left / 2 ** log2), this.byRange.counts);
      if (whole > 0) count(Event.tlb_flush_range, 1);
      left -= whole * 2 ** log2;
    }
    if (left > 0) count(Event.tlb_flush_page, left);
  }

  /** Performs a flush on every CPU that may hold what it drops. */
  private everywhere(mm: Mm, freedTables: boolean, perform: () => void): void {
    if (this.broadcasts) {
      perform();
      return;
    }
    const { cpus } = this.parts;
    mm.tlbGeneration++;
    if (cpus.hasLoaded(mm) && cpus.flushed(mm)) perform();
    const told = cpus.toTell(mm, freedTables);
    const flush = (): void => {
      if (cpus.flushed(mm)) perform();
    };
    if (told.length > 0) this.interrupt(told, flush);
  }

  /** smp_call_function_many_cond: all are interrupted at once, and waited for. */
  private interrupt(told: readonly number[], flush: () => void): void {
    const { count, clocks, cpus } = this.parts;
    count(Event.shootdown, 1);
    const sent = clocks.now;
    let longest = 0;
    for (const cpu of told) {
      const sender = cpus.moveTo(cpu);
      const begun = clocks.now;
      count(Event.ipi, 1);
      flush();
      longest = Math.max(longest, clocks.now - begun);
      cpus.moveTo(sender);
    }
    clocks.until(sent + longest);
  }
}
