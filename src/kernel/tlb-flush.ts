// TLB maintenance as the kernel asks for it (arch/x86/mm/tlb.c, arch/arm64/include/asm/tlbflush.h): by page,
// range and address space, performed by the architecture's own instructions.

import type { MmCore } from "../core/mm.js";
import type { CompiledLayout } from "../layout/compiled.js";
import { requestOf } from "../layout/invalidation.js";
import { Event } from "./events.js";
import type { Mm } from "./mm.js";
import type { Vma } from "./vma.js";

/** More pages than this are flushed as the whole context (x86: tlb_single_page_flush_ceiling). */
const CEILING = 33;

/** Flushes of one kernel. */
export class TlbFlush {
  private readonly pageFlags: number;
  private readonly spaceFlags: number;
  private readonly faultDropsTlb: boolean;

  constructor(
    private readonly mmu: MmCore,
    hardware: CompiledLayout,
    private readonly count: (event: number, times: number) => void,
  ) {
    const { page, space } = mmu.linux.flush;
    this.pageFlags = requestOf(hardware, page, { va: 0n, context: 0 }).flags;
    this.spaceFlags = requestOf(hardware, space, { context: 0 }).flags;
    this.faultDropsTlb = hardware.halves[0].faultDropsTlb;
  }

  /** flush_tlb_page. */
  page(mm: Mm, page: number): void {
    this.range(mm, page, page + 1);
  }

  /**
   * After an entry got more rights, on this CPU (ptep_set_access_flags, flush_tlb_fix_spurious_fault). x86-64
   * needs nothing: the fault itself dropped what the TLB held. arm64 invalidates, up to 6.12 everywhere.
   */
  local(mm: Mm, _vma: Vma, page: number): void {
    if (this.faultDropsTlb) return;
    this.count(Event.tlb_flush_local, 1);
    this.mmu.exports.invalidatePages(this.pageFlags, mm.context, page, page + 1);
  }

  /** flush_tlb_range: an instruction a page, all at once where there are many. */
  range(mm: Mm, start: number, end: number): void {
    if (end - start > CEILING) {
      this.space(mm);
      return;
    }
    this.count(Event.tlb_flush_page, end - start);
    this.mmu.exports.invalidatePages(this.pageFlags, mm.context, start, end);
  }

  /** flush_tlb_mm. */
  space(mm: Mm): void {
    this.count(Event.tlb_flush_mm, 1);
    this.mmu.exports.invalidatePages(this.spaceFlags, mm.context, 0, this.mmu.pages);
  }
}
