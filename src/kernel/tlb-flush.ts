// TLB maintenance as the kernel asks for it (arch/x86/mm/tlb.c, arch/arm64/include/asm/tlbflush.h): by page,
// range and address space, performed by the architecture's own instructions.

import type { MmCore } from "../core/mm.js";
import type { CompiledLayout } from "../layout/compiled.js";
import type { InvalidationOperands } from "../layout/invalidation.js";
import { requestOf } from "../layout/invalidation.js";
import { Event } from "./events.js";
import type { Mm } from "./mm.js";
import type { Vma } from "./vma.js";

/** Names of the instructions: a page of a context, and a whole context, on every CPU that may hold it. */
interface Instructions {
  readonly page: string;
  readonly space: string;
}

const INSTRUCTIONS: ReadonlyMap<string, Instructions> = new Map([
  ["x86-64", { page: "INVPCID address", space: "INVPCID context" }],
  ["arm64", { page: "VAE1IS", space: "ASIDE1IS" }],
]);

/** More pages than this are flushed as the whole context (x86: tlb_single_page_flush_ceiling). */
const CEILING = 33;

/** Flushes of one kernel. */
export class TlbFlush {
  private readonly instructions: Instructions;

  constructor(
    private readonly mmu: MmCore,
    private readonly hardware: CompiledLayout,
    private readonly count: (event: number) => void,
  ) {
    const { architecture } = hardware;
    this.instructions = INSTRUCTIONS.get(architecture) ?? { page: "", space: "" };
  }

  private perform(name: string, operands: InvalidationOperands): void {
    const { flags, context, first, last } = requestOf(this.hardware, name, operands);
    this.mmu.exports.invalidate(flags, context, first, last);
  }

  /** flush_tlb_page. */
  page(mm: Mm, page: number): void {
    this.count(Event.tlb_flush_page);
    this.perform(this.instructions.page, { va: this.address(page), context: mm.context });
  }

  /**
   * After an entry got more rights, on this CPU (ptep_set_access_flags, flush_tlb_fix_spurious_fault). x86-64
   * needs nothing: the fault itself dropped what the TLB held. arm64 invalidates, up to 6.12 everywhere.
   */
  local(mm: Mm, _vma: Vma, page: number): void {
    if (this.hardware.halves[0].faultDropsTlb) return;
    this.count(Event.tlb_flush_local);
    this.perform(this.instructions.page, { va: this.address(page), context: mm.context });
  }

  private address(page: number): bigint {
    return BigInt(page) << BigInt(this.hardware.pageShift);
  }

  /** flush_tlb_range. */
  range(mm: Mm, start: number, end: number): void {
    if (end - start > CEILING) {
      this.space(mm);
      return;
    }
    for (let page = start; page < end; page++) this.page(mm, page);
  }

  /** flush_tlb_mm. */
  space(mm: Mm): void {
    this.count(Event.tlb_flush_mm);
    this.perform(this.instructions.space, { context: mm.context });
  }
}
