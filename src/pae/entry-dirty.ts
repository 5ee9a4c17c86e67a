// Schemes that keep "exclusive" in the writable and dirty bits of the entry:
//
//   W D   exclusive
//   1 .   yes
//   0 1   yes
//   0 0   no
//
// So on a read-only entry D is no longer (only) "written to". Where it was, the folio is marked dirty when the entry
// loses the right to write. D of a read-only entry is where the layout keeps it then: bit 58 of x86-64, which no CPU
// sets, DIRTY of arm64, D of riscv64. Helpers that set D here do not set soft-dirty (pte_mkdirty would).

import { headOf, pageFlags, setPageFlags } from "../kernel/folio.js";
import type { Kernel } from "../kernel/kernel.js";
import { PG_DIRTY } from "../kernel/page-flags.js";
import { Pte } from "../layout/linux-flags.js";
import { PaeCosts } from "./costs.js";
import { INDIFFERENT } from "./indifferent.js";
import { isAnon, needsCopy } from "./pinned.js";
import type { Entry, PaeHooks } from "./types.js";
import { unfoldFor } from "./unfold-for.js";

/** How a scheme of this kind reads D. */
export interface DirtyReading {
  /** D of a read-only entry also says that the page is dirty; else that says the folio alone. */
  readonly loose: boolean;
  /** D is set by pte_mkdirty, which may set soft-dirty, too; left out = by a helper that does not. */
  readonly mkdirty?: boolean;
  /** D of a read-only entry is the CPU's own bit, where that is free to be set. */
  readonly raw?: boolean;
  /** fork takes D and W one after the other; left out = both in one exchange. */
  readonly twoSteps?: boolean;
}

const BIT_WORD = 32n;

/** What is kept while an entry is changed: it maps an anonymous page, that is exclusive, and was written. */
const ANON = 1;
const EXCLUSIVE = 2;
const WRITTEN = 4;

/** Reads and writes the two bits of entries. */
class Bits {
  private readonly low: readonly [mask: number, value: number];
  /** The CPU's own bit; 0 = D is set as the kernel's helpers do. */
  private readonly own: number;
  private readonly high: readonly [mask: number, value: number];

  constructor(
    private readonly kernel: Kernel,
    private readonly costs: PaeCosts,
    private readonly dirtied: number,
    raw: boolean,
  ) {
    const { mask, value } = kernel.mmu.linux.heldDirty ?? { mask: 0n, value: 0n };
    const word = (bits: bigint): number => Number(BigInt.asIntN(32, bits));
    const { hardware, mmu } = kernel;
    const own = hardware.halves[0].dirty.mask;
    // Where a clear bit means dirty, or something else, there is nothing to set by itself.
    this.own = raw && (mmu.linux.filled & own) === 0n ? word(own) : 0;
    this.low = [word(mask), word(value)];
    this.high = [word(mask >> BIT_WORD), word(value >> BIT_WORD)];
  }

  /** Flags of this entry alone: in a contiguous group the others' are joined in (ptep_get), which would spread D. */
  flags(slot: number): number {
    return this.kernel.mmu.exports.updateEntry(slot, 0, 0);
  }

  /** D of a read-only entry, where the layout keeps it. */
  held(slot: number, flags: number): boolean {
    if (this.kernel.mmu.linux.heldDirty === null) return (flags & Pte.dirty) !== 0;
    const { words } = this.kernel.mmu;
    const at = slot >>> 2;
    const [low, high] = [words[at] ?? 0, words[at + 1] ?? 0];
    return (low & this.low[0]) === this.low[1] && (high & this.high[0]) === this.high[1];
  }

  /** A read-only entry says so, or does not. */
  hold(slot: number, flags: number, exclusive: boolean): void {
    if (this.held(slot, flags) === exclusive) return;
    this.costs.add("entry_writes");
    if (exclusive && this.own !== 0) {
      this.kernel.mmu.words[slot >>> 2] = (this.kernel.mmu.words[slot >>> 2] ?? 0) | this.own;
      this.kernel.mmu.exports.updateEntry(slot, 0, this.dirtied & ~Pte.dirty);
      return;
    }
    const [clear, set] = exclusive ? [0, this.dirtied] : [Pte.dirty, 0];
    this.kernel.mmu.exports.updateEntry(slot, clear, set);
  }
}

/** Slots of an entry: of a contiguous huge page all, alike. */
function slotsOf({ slot, slots = 1 }: Entry): number[] {
  return Array.from({ length: slots }, (_, i) => slot + 8 * i);
}

/** Hooks of such a scheme. */
export class EntryDirty implements PaeHooks {
  readonly costs = new PaeCosts();
  readonly inEntry = true;
  protected readonly bits: Bits;
  readonly byFlags = INDIFFERENT.byFlags;
  readonly waitsForMigration = INDIFFERENT.waitsForMigration;
  readonly mayBeX = INDIFFERENT.mayBeX;
  readonly splitFolio = INDIFFERENT.splitFolio;
  readonly reserve = INDIFFERENT.reserve;
  readonly dupRun = INDIFFERENT.dupRun;
  readonly tableFrom = INDIFFERENT.tableFrom;
  readonly moveEntry = INDIFFERENT.moveEntry;
  readonly tablesGo = INDIFFERENT.tablesGo;
  private readonly loose: boolean;
  private readonly twoSteps: boolean;

  constructor(
    protected readonly kernel: Kernel,
    { loose, mkdirty = false, raw = false, twoSteps = kernel.lacks("one-exchange") }: DirtyReading,
  ) {
    this.loose = loose;
    this.twoSteps = twoSteps;
    this.bits = new Bits(kernel, this.costs, mkdirty ? kernel.madeDirty : Pte.dirty, raw);
  }

  isX(slot: number, _level: number, frame: number): boolean {
    if (!isAnon(this.kernel, frame)) return false;
    const flags = this.bits.flags(slot);
    return (flags & Pte.write) !== 0 || this.bits.held(slot, flags);
  }

  newX(entry: Entry, count: number): void {
    for (let i = 0; i < count; i++) this.putX({ ...entry, slot: entry.slot + 8 * i }, true);
  }

  proveX(entry: Entry): void {
    unfoldFor(this.kernel, entry);
    this.putX(entry, true);
  }

  dup(entry: Entry): boolean {
    if (this.isX(entry.slot, entry.level, entry.frame) && needsCopy(this.kernel, entry))
      return false;
    this.giveUp(entry);
    return true;
  }

  share(entry: Entry): void {
    this.giveUp(entry);
  }

  takeX({ slot, level, frame }: Entry): boolean {
    return this.isX(slot, level, frame);
  }

  /** What an entry that may not be written says. */
  putX(entry: Entry, exclusive: boolean): void {
    for (const slot of slotsOf(entry)) {
      const flags = this.bits.flags(slot);
      if ((flags & Pte.write) === 0) this.bits.hold(slot, flags, exclusive);
    }
  }

  split(parts: Entry, count: number, exclusive: boolean): void {
    for (let i = 0; i < count; i++) this.putX({ ...parts, slot: parts.slot + 8 * i }, exclusive);
  }

  keep(slot: number, level: number, flags: number): number {
    if ((flags & (Pte.present | Pte.special)) !== Pte.present) return 0;
    if (!isAnon(this.kernel, this.kernel.mmu.exports.entryFrame(slot, level))) return 0;
    if ((flags & Pte.write) === 0) return this.bits.held(slot, flags) ? ANON | EXCLUSIVE : ANON;
    const dirty = !this.loose && (flags & Pte.dirty) !== 0;
    return ANON | EXCLUSIVE | (dirty ? WRITTEN : 0);
  }

  kept(slot: number, level: number, kept: number): void {
    const flags = kept === 0 ? Pte.write : this.bits.flags(slot);
    if ((flags & Pte.write) !== 0) return;
    if ((kept & WRITTEN) !== 0) this.markDirty(this.kernel.mmu.exports.entryFrame(slot, level));
    this.bits.hold(slot, flags, (kept & EXCLUSIVE) !== 0);
  }

  madeWritable(slot: number, level: number): void {
    const { exports } = this.kernel.mmu;
    const frame = exports.entryFrame(slot, level);
    if (this.loose || !isAnon(this.kernel, frame) || this.isFolioDirty(frame)) return;
    exports.updateEntry(slot, Pte.dirty, 0);
  }

  /** Of a read-only entry D stays: it says that the page is this process's alone, which may have pinned it. */
  cleans(flags: number): number {
    return (flags & Pte.write) !== 0 ? Pte.young | Pte.dirty : Pte.young;
  }

  isDirty(flags: number, frame: number): boolean {
    const dirty = (flags & Pte.dirty) !== 0;
    const says = (flags & Pte.write) !== 0 || !isAnon(this.kernel, frame);
    if (says || (this.loose && dirty)) return dirty;
    return this.isFolioDirty(frame);
  }

  mayDiffer(flags: number): number {
    return (flags & Pte.write) !== 0 ? Pte.young | Pte.dirty : Pte.young;
  }

  /** Neither W nor D outlives fork; but of read-only entries D says whether a pin is to be looked for. */
  dupMayDiffer(flags: number): number {
    return (flags & Pte.write) !== 0 ? Pte.young | Pte.dirty : Pte.young;
  }

  private isFolioDirty(frame: number): boolean {
    return (pageFlags(this.kernel, headOf(this.kernel, frame)) & PG_DIRTY) !== 0;
  }

  protected markDirty(frame: number): void {
    if (this.isFolioDirty(frame)) return;
    this.costs.add("folio_dirtied");
    this.costs.add("atomics");
    setPageFlags(this.kernel, headOf(this.kernel, frame), PG_DIRTY);
  }

  /** The entry is neither writable nor dirty from now on; that it was dirty, the folio says. */
  private giveUp(entry: Entry): void {
    for (const slot of slotsOf(entry)) {
      const flags = this.bits.flags(slot);
      const says = this.loose || (flags & Pte.write) !== 0;
      if (says && (flags & Pte.dirty) !== 0) this.markDirty(entry.frame);
      if (this.twoSteps) this.passCleaned(entry, slot);
      const both = this.twoSteps ? Pte.write : Pte.write | Pte.dirty;
      this.kernel.mmu.exports.updateEntry(slot, both, 0);
    }
  }

  /** Clean, but still writable: a CPU that stores now makes it dirty again, and then it loses the right to write. */
  private passCleaned({ mm }: Entry, slot: number): void {
    const { mmu, steps } = this.kernel;
    mmu.exports.updateEntry(slot, Pte.dirty, 0);
    steps.pass("fork-cleaned", { call: "fork", mm, table: true, folio: true });
  }
}
