// Shadow entries (SPTEs) of one memory slot, and what the virtual CPUs' TLBs hold of them: flat columns by page of the
// slot, no object a page.
//
//   gfn      0    1    2   ...            511   512
//   entries [ RWAD R    -   ...           -   ][ RWAD .............. ]    one entry for a whole huge page stands at its
//   huge    [ 0    0    0                     ][ 1                   ]    first page; it is of the table above
//
// Entries are the second stage's own bits (spte-format.ts); what is read and changed of them here are KVM's flags, which
// are in them.

import { SPTE_HUGE } from "./spte-flags.js";
import type { SpteFormat } from "./spte-format.js";

/** A range of guest pages over a range of the VMM's address space (struct kvm_memory_slot). */
export class MemorySlot {
  /** SPTEs: low word, high word, ... */
  private readonly entries: Uint32Array;
  private readonly huge: Uint8Array;
  /** What TLBs hold: SPTE flags as they were then; 0 = nothing. No smaller than the slot, so nothing is forgotten. */
  readonly tlbFlags: Uint8Array;
  readonly tlbFrames: Uint32Array;
  /** Written since it was last asked; null = nobody logs. */
  dirty: Uint8Array | null = null;

  /**
   * @param gfn first guest page
   * @param page first page of the VMM's address space
   * @param span pages of a huge page
   * @param format of its entries
   */
  constructor(
    readonly gfn: number,
    readonly page: number,
    readonly pages: number,
    private readonly span: number,
    private readonly format: SpteFormat,
  ) {
    this.entries = new Uint32Array(2 * pages);
    this.huge = new Uint8Array(pages);
    this.tlbFlags = new Uint8Array(pages);
    this.tlbFrames = new Uint32Array(pages);
  }

  /** First page of the huge page of a page, where guest and VMM agree about its border and it fits; else -1. */
  hugeStart(at: number): number {
    if ((this.gfn - this.page) % this.span !== 0) return -1;
    const start = at - ((this.gfn + at) % this.span);
    return start >= 0 && start + this.span <= this.pages ? start : -1;
  }

  private isHuge(entry: number): boolean {
    return (this.huge[entry] ?? 0) !== 0;
  }

  /** Pages that the entry at a place is for. */
  spanAt(entry: number): number {
    return this.isHuge(entry) ? this.span : 1;
  }

  /** Place of the entry that decides about a page of the slot. */
  entryOf(at: number): number {
    const start = this.hugeStart(at);
    return start >= 0 && this.isHuge(start) ? start : at;
  }

  flagsOf(entry: number): number {
    const flags = this.format.flags(this.entries, entry);
    return this.isHuge(entry) ? flags | SPTE_HUGE : flags;
  }

  /** The entry as the hardware finds it. */
  bitsOf(entry: number): bigint {
    const [low = 0, high = 0] = this.entries.subarray(2 * entry);
    return (BigInt(high) << 32n) | BigInt(low);
  }

  /** Frame of a page of the slot, by its entry. */
  frameOf(at: number): number {
    const entry = this.entryOf(at);
    return this.format.frame(this.entries, entry) + (at - entry);
  }

  set(entry: number, flags: number, frame: number): void {
    const huge = (flags & SPTE_HUGE) !== 0;
    this.huge[entry] = huge ? 1 : 0;
    this.format.write(this.entries, entry, flags & ~SPTE_HUGE, frame, huge);
  }

  /** Changes flags of an entry. */
  update(entry: number, clear: number, set = 0): void {
    const frame = this.format.frame(this.entries, entry);
    this.set(entry, (this.flagsOf(entry) & ~clear) | set, frame);
  }

  /** A huge entry becomes as many small ones. */
  split(entry: number): void {
    const flags = this.flagsOf(entry) & ~SPTE_HUGE;
    const frame = this.frameOf(entry);
    for (let i = 0; i < this.span; i++) this.set(entry + i, flags, frame + i);
  }

  /** Entries that meet the VMM's pages [start, end), each once: their places. */
  *entriesIn(start: number, end: number): Generator<number> {
    const last = Math.min(end - this.page, this.pages);
    let at = this.entryOf(Math.max(0, start - this.page));
    while (at < last) {
      const next = at + this.spanAt(at);
      if (this.flagsOf(at) !== 0) yield at;
      at = next;
    }
  }

  /** The TLBs forget pages [from, to) of the slot. */
  flush(from: number, to: number): void {
    this.tlbFlags.fill(0, Math.max(0, from), Math.min(to, this.pages));
  }
}
