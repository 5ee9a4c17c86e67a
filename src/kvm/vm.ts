// A virtual machine's second translation, as KVM keeps it (virt/kvm/kvm_main.c, arch/x86/kvm/mmu/tdp_mmu.c): memory
// slots over the VMM's address space, shadow entries made by faults (fault.ts), and taken when the host says so.
//
//   host:  start(range) ---- entries change ---- end(range)
//   here:  in progress + 1, SPTEs of the range react, TLBs forget them
//                                                sequence + 1, in progress - 1
//   fault: sequence read -- page looked up -- range in progress, or sequence moved? then again -- SPTE made
//
// So an SPTE that is made is of a page that was the host's after the last range that met it (mmu_invalidate_retry_gfn).

import type { SecondStage } from "../../arch/linux/kvm.js";
import { Event } from "../kernel/events.js";
import { isDirtyFolio, isFilePage } from "../kernel/file.js";
import { headOf, setPageFlags } from "../kernel/folio.js";
import type { Kernel } from "../kernel/kernel.js";
import type { Mm } from "../kernel/mm.js";
import { registerNotifier } from "../kernel/notifier.js";
import { PG_DIRTY } from "../kernel/page-flags.js";
import type { NotifierRange, SecondaryMmu } from "../kernel/secondary-mmu.js";
import { ageRange, isYoungRange } from "./aging.js";
import type { MmuPolicy, Reaction } from "./policies/types.js";
import { MemorySlot } from "./spte.js";
import { SPTE_ACCESSED, SPTE_DIRTY, SPTE_HOST_WRITABLE, SPTE_WRITE } from "./spte-flags.js";
import { spteFormat } from "./spte-format.js";

/** How written pages are logged: by taking the right to write, by the hardware's log, or into a ring. */
export type LogMode = "off" | "protect" | "buffer" | "ring";

/** What a machine is made of. */
export interface VmParts {
  readonly kernel: Kernel;
  readonly mm: Mm;
  readonly policy: MmuPolicy;
  readonly stage: SecondStage;
  /** Pages are looked up with FOLL_TOUCH. */
  readonly touch: boolean;
}

/** One virtual machine. */
export class Vm implements SecondaryMmu {
  readonly kernel: Kernel;
  readonly mm: Mm;
  readonly policy: MmuPolicy;
  readonly stage: SecondStage;
  readonly touch: boolean;
  readonly slots: MemorySlot[] = [];
  /** mmu_invalidate_seq, mmu_invalidate_in_progress, and the range of all that are in progress. */
  sequence = 0;
  private inProgress = 0;
  private rangeStart = 0;
  private rangeEnd = 0;
  /** The VMM is gone. */
  released = false;
  logMode: LogMode = "off";
  /** Guest pages in the hardware's log, not yet in the bitmap (page-modification logging). */
  readonly log: number[] = [];
  /** Guest pages in the dirty ring, in the order in which they were written. */
  readonly ring: number[] = [];

  constructor({ kernel, mm, policy, stage, touch }: VmParts) {
    this.kernel = kernel;
    this.mm = mm;
    this.policy = policy;
    this.stage = stage;
    this.touch = touch;
    registerNotifier(kernel, mm, this);
  }

  /** KVM_SET_USER_MEMORY_REGION. */
  addSlot(gfn: number, page: number, pages: number): void {
    const { kernel, stage } = this;
    const span = kernel.entriesPerTable;
    const slot = new MemorySlot(gfn, page, pages, span, spteFormat(stage, kernel));
    if (this.logMode !== "off") slot.dirty = new Uint8Array(pages);
    this.slots.push(slot);
  }

  /** The slot of a guest page; null = there is none. */
  slotOf(gfn: number): MemorySlot | null {
    return this.slots.find((slot) => gfn >= slot.gfn && gfn < slot.gfn + slot.pages) ?? null;
  }

  /** kvm_mmu_notifier_invalidate_range_start. */
  start({ start, end, taken }: NotifierRange): void {
    const first = this.inProgress === 0;
    this.rangeStart = first ? start : Math.min(this.rangeStart, start);
    this.rangeEnd = first ? end : Math.max(this.rangeEnd, end);
    this.inProgress++;
    this.react(start, end, this.policy.reaction(taken, this.stage));
  }

  /** kvm_mmu_notifier_invalidate_range_end. */
  end(_range: NotifierRange): void {
    this.sequence++;
    this.inProgress--;
  }

  /** mmu_invalidate_retry_gfn: whether what a fault found at a sequence may be out of date. */
  mustRetry(sequence: number, page: number): boolean {
    const met = this.inProgress > 0 && page >= this.rangeStart && page < this.rangeEnd;
    return met || this.sequence !== sequence;
  }

  /** SPTEs of the VMM's pages [start, end) react, and TLBs forget them. */
  react(start: number, end: number, reaction: Reaction): void {
    for (const slot of this.slots) {
      let from = Number.POSITIVE_INFINITY;
      let to = 0;
      for (const entry of slot.entriesIn(start, end)) {
        const span = slot.spanAt(entry);
        if (!this.reactAt(slot, entry, reaction)) continue;
        from = Math.min(from, entry);
        to = entry + span;
      }
      if (to > 0) this.flush(slot, from, to);
    }
  }

  /** True: a right was taken, which TLBs may still hold. */
  private reactAt(slot: MemorySlot, entry: number, reaction: Reaction): boolean {
    const flags = slot.flagsOf(entry);
    const gone = GONE[reaction];
    if (reaction !== "zap" && (flags & gone) === 0) return false;
    if ((flags & SPTE_DIRTY) !== 0 && this.policy.dirty === "zap") this.dirtyPage(slot, entry);
    this.kernel.count(COUNTED[reaction], 1);
    if (reaction === "zap") slot.set(entry, 0, 0);
    else slot.update(entry, gone);
    return true;
  }

  /** kvm_set_pfn_dirty. */
  dirtyPage(slot: MemorySlot, entry: number): void {
    const { kernel } = this;
    const frame = slot.frameOf(entry);
    if (isFilePage(kernel, frame) && !isDirtyFolio(kernel, frame))
      kernel.count(Event.dirty_unasked);
    setPageFlags(kernel, headOf(kernel, frame), PG_DIRTY);
  }

  /** kvm_flush_remote_tlbs_range: every virtual CPU forgets pages [from, to) of a slot. */
  flush(slot: MemorySlot, from: number, to: number): void {
    this.kernel.count(Event.kvm_flush);
    slot.flush(from, to);
  }

  /** kvm_mmu_notifier_clear_flush_young, kvm_mmu_notifier_clear_young. */
  clearYoung(start: number, end: number, flush: boolean): boolean {
    return ageRange(this, start, end, flush);
  }

  /** kvm_mmu_notifier_test_young. */
  testYoung(start: number, end: number): boolean {
    return isYoungRange(this, start, end);
  }

  /** Not in KVM: a policy whose SPTEs stay writable behind mkclean tells writeback what they know (`SecondaryMmu`). */
  collectDirty(start: number, end: number): void {
    if (!this.policy.tellsWriteback) return;
    this.kernel.count(Event.notifier_dirty);
    for (const slot of this.slots) {
      for (const entry of slot.entriesIn(start, end)) {
        this.kernel.count(Event.spte_look);
        if ((slot.flagsOf(entry) & SPTE_DIRTY) !== 0) this.dirtyPage(slot, entry);
      }
    }
  }

  /** kvm_mmu_notifier_release: kvm_flush_shadow_all. */
  release(): void {
    for (const { page, pages } of this.slots) this.react(page, page + pages, "zap");
    this.released = true;
  }
}

/** What write-protection takes: the right, and the host's word for it, so that the next write asks again. */
const RIGHT_TO_WRITE = SPTE_WRITE | SPTE_HOST_WRITABLE | SPTE_DIRTY;

/** What goes of an SPTE, where it does not go as a whole. */
const GONE: Readonly<Record<Reaction, number>> = {
  zap: 0,
  "write-protect": RIGHT_TO_WRITE,
  free: SPTE_DIRTY | SPTE_ACCESSED,
  mkclean: SPTE_DIRTY,
};

const COUNTED: Readonly<Record<Reaction, number>> = {
  zap: Event.spte_zap,
  "write-protect": Event.spte_protect,
  free: Event.spte_clean,
  mkclean: Event.spte_clean,
};
