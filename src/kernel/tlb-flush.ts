// TLB maintenance as the kernel asks for it (arch/x86/mm/tlb.c, arch/arm64/include/asm/tlbflush.h): by page,
// range and address space, performed by the architecture's own instructions.

import type { MmCore } from "../core/mm.js";
import type { CompiledLayout } from "../layout/compiled.js";
import { requestOf } from "../layout/invalidation.js";
import { Event } from "./events.js";
import type { Mm } from "./mm.js";

/** Flushes of one kernel. */
export class TlbFlush {
  private readonly pageFlags: number;
  private readonly spaceFlags: number;
  private readonly grantedFlags: number;
  private readonly faultDropsTlb: boolean;

  /** @param everywhere every CPU is told of a granted right, not only the one that faulted */
  constructor(
    private readonly mmu: MmCore,
    hardware: CompiledLayout,
    private readonly count: (event: number, times: number) => void,
    everywhere: boolean,
  ) {
    const { page, space, own } = mmu.linux.flush;
    this.pageFlags = requestOf(hardware, page, { va: 0n, context: 0 }).flags;
    this.spaceFlags = requestOf(hardware, space, { context: 0 }).flags;
    const granted = everywhere ? page : own;
    this.grantedFlags = requestOf(hardware, granted, { va: 0n, context: 0 }).flags;
    this.faultDropsTlb = hardware.halves[0].faultDropsTlb;
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
    this.count(Event.tlb_flush_local, 1);
    this.mmu.exports.invalidatePages(this.grantedFlags, mm.context, page, page + 1);
  }

  /**
   * flush_tlb_range: an instruction a stride, or the whole context where there are many.
   * @param stride pages of the entries that were changed, where all are of one size (mmu_gather)
   */
  range(mm: Mm, start: number, end: number, stride = 1): void {
    const strides = Math.ceil((end - start) / stride);
    if (strides > this.mmu.linux.flushCeiling) {
      this.space(mm);
      return;
    }
    this.count(Event.tlb_flush_page, strides);
    this.mmu.exports.invalidatePages(this.pageFlags, mm.context, start, end);
  }

  /** flush_tlb_mm. */
  space(mm: Mm): void {
    this.count(Event.tlb_flush_mm, 1);
    this.mmu.exports.invalidatePages(this.spaceFlags, mm.context, 0, this.mmu.pages);
  }
}
