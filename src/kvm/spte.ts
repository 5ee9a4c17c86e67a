// Shadow entries (SPTEs) of one memory slot, and what the virtual CPUs' TLBs hold of them: flat columns by page of the
// slot, no object a page.
//
//   gfn      0    1    2   ...            511   512
//   flags  [ RWAD R    -   ...            -   ][ RWADH ............ ]     H: one entry for a whole huge page, which
//   frames [ 9    12       ...                ][ 4096               ]     stands at its first page
//
// The bits of a real entry are the second stage's (arch/linux/kvm.ts says which of them the hardware keeps); KVM keeps
// its own beside them (arch/x86/kvm/mmu/spte.h SPTE_HOST_WRITABLE, SPTE_MMU_WRITABLE, access-tracked SPTEs).

/** The entry is there. */
export const SPTE_PRESENT = 1;
export const SPTE_WRITE = 1 << 1;
export const SPTE_DIRTY = 1 << 2;
export const SPTE_ACCESSED = 1 << 3;
/** It maps a huge page. */
export const SPTE_HUGE = 1 << 4;
/** The host allowed writes when it was made: dirty logging took the right, and may give it back without asking. */
export const SPTE_HOST_WRITABLE = 1 << 5;
/** Not present to the hardware until its next use, which makes it young. */
export const SPTE_TRACKED = 1 << 6;

/** A range of guest pages over a range of the VMM's address space (struct kvm_memory_slot). */
export class MemorySlot {
  /** SPTEs: flags, and frames of the host. */
  readonly flags: Uint8Array;
  readonly frames: Uint32Array;
  /** What TLBs hold: SPTE flags as they were then; 0 = nothing. No smaller than the slot, so nothing is forgotten. */
  readonly tlbFlags: Uint8Array;
  readonly tlbFrames: Uint32Array;
  /** Written since it was last asked; null = nobody logs. */
  dirty: Uint8Array | null = null;

  /**
   * @param gfn first guest page
   * @param page first page of the VMM's address space
   * @param span pages of a huge page
   */
  constructor(
    readonly gfn: number,
    readonly page: number,
    readonly pages: number,
    private readonly span: number,
  ) {
    this.flags = new Uint8Array(pages);
    this.frames = new Uint32Array(pages);
    this.tlbFlags = new Uint8Array(pages);
    this.tlbFrames = new Uint32Array(pages);
  }

  /** First page of the huge page of a page, where guest and VMM agree about its border and it fits; else -1. */
  hugeStart(at: number): number {
    if ((this.gfn - this.page) % this.span !== 0) return -1;
    const start = at - ((this.gfn + at) % this.span);
    return start >= 0 && start + this.span <= this.pages ? start : -1;
  }

  /** Pages that the entry at a place is for. */
  spanAt(entry: number): number {
    return ((this.flags[entry] ?? 0) & SPTE_HUGE) !== 0 ? this.span : 1;
  }

  /** Place of the entry that decides about a page of the slot. */
  entryOf(at: number): number {
    const start = this.hugeStart(at);
    return start >= 0 && ((this.flags[start] ?? 0) & SPTE_HUGE) !== 0 ? start : at;
  }

  flagsOf(entry: number): number {
    return this.flags[entry] ?? 0;
  }

  /** Frame of a page of the slot, by its entry. */
  frameOf(at: number): number {
    const entry = this.entryOf(at);
    return (this.frames[entry] ?? 0) + (at - entry);
  }

  set(entry: number, flags: number, frame: number): void {
    this.flags[entry] = flags;
    this.frames[entry] = frame;
  }

  /** Changes flags of an entry. */
  update(entry: number, clear: number, set = 0): void {
    this.flags[entry] = ((this.flags[entry] ?? 0) & ~clear) | set;
  }

  /** A huge entry becomes as many small ones. */
  split(entry: number): void {
    const flags = this.flagsOf(entry) & ~SPTE_HUGE;
    const frame = this.frames[entry] ?? 0;
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
