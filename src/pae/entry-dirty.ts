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

import { headOf, maybePinned, pageFlags, setPageFlags } from "../kernel/folio.js";
import type { Kernel } from "../kernel/kernel.js";
import { PG_DIRTY } from "../kernel/page-flags.js";
import { Pte } from "../layout/linux-flags.js";
import { PaeCosts } from "./costs.js";
import { isAnon, needsCopy } from "./pinned.js";
import type { Entry, PaeHooks } from "./types.js";
import { unfoldFor } from "./unfold-for.js";

/** How a scheme of this kind reads D. */
export interface DirtyReading {
  /** D of a read-only entry also says that the page is dirty; else that says the folio alone. */
  readonly loose: boolean;
}

const BIT_WORD = 32n;

/** What is kept while an entry is changed: it maps an anonymous page, that is exclusive, and was written. */
const ANON = 1;
const EXCLUSIVE = 2;
const WRITTEN = 4;

/** Reads and writes the two bits of entries. */
class Bits {
  private readonly low: readonly [mask: number, value: number];
  private readonly high: readonly [mask: number, value: number];

  constructor(
    private readonly kernel: Kernel,
    private readonly costs: PaeCosts,
  ) {
    const { mask, value } = kernel.mmu.linux.heldDirty ?? { mask: 0n, value: 0n };
    const word = (bits: bigint): number => Number(BigInt.asIntN(32, bits));
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
    const [clear, set] = exclusive ? [0, Pte.dirty] : [Pte.dirty, 0];
    this.kernel.mmu.exports.updateEntry(slot, clear, set);
  }
}

/** Slots of an entry: of a contiguous huge page all, alike. */
function slotsOf({ slot, slots = 1 }: Entry): number[] {
  return Array.from({ length: slots }, (_, i) => slot + 8 * i);
}

/** Hooks of such a scheme. */
export function entryDirtyHooks(kernel: Kernel, { loose }: DirtyReading): PaeHooks {
  const costs = new PaeCosts();
  const bits = new Bits(kernel, costs);
  const markDirty = (frame: number): void => {
    const head = headOf(kernel, frame);
    if ((pageFlags(kernel, head) & PG_DIRTY) !== 0) return;
    costs.add("folio_dirtied");
    costs.add("atomics");
    setPageFlags(kernel, head, PG_DIRTY);
  };
  const isX = (slot: number, _level: number, frame: number): boolean => {
    if (!isAnon(kernel, frame)) return false;
    const flags = bits.flags(slot);
    return (flags & Pte.write) !== 0 || bits.held(slot, flags);
  };
  /** What an entry that may not be written says of X. */
  const put = (entry: Entry, exclusive: boolean): void => {
    for (const slot of slotsOf(entry)) {
      const flags = bits.flags(slot);
      if ((flags & Pte.write) === 0) bits.hold(slot, flags, exclusive);
    }
  };
  const isDirty = (flags: number, frame: number): boolean => {
    const dirty = (flags & Pte.dirty) !== 0;
    if ((loose && dirty) || (flags & Pte.write) !== 0 || !isAnon(kernel, frame)) return dirty;
    return (pageFlags(kernel, headOf(kernel, frame)) & PG_DIRTY) !== 0;
  };
  /** The entry's D stops saying anything: the folio says it. */
  const harvest = (slot: number, frame: number): void => {
    const flags = bits.flags(slot);
    const counts = loose || (flags & Pte.write) !== 0;
    if (counts && (flags & Pte.dirty) !== 0) markDirty(frame);
  };
  const giveUp = (entry: Entry): void => {
    for (const slot of slotsOf(entry)) {
      harvest(slot, entry.frame);
      kernel.mmu.exports.updateEntry(slot, Pte.write | Pte.dirty, 0);
    }
  };
  return {
    costs,
    isX,
    newX: (entry, count) => {
      for (let i = 0; i < count; i++) put({ ...entry, slot: entry.slot + 8 * i }, true);
    },
    proveX: (entry) => {
      unfoldFor(kernel, entry);
      put(entry, true);
    },
    reserve: () => true,
    dup: (entry) => {
      if (isX(entry.slot, entry.level, entry.frame) && needsCopy(kernel, entry)) return false;
      giveUp(entry);
      return true;
    },
    dupRun: () => undefined,
    tryShare: (entry) => {
      if (isX(entry.slot, entry.level, entry.frame) && maybePinned(kernel, entry.frame))
        return false;
      giveUp(entry);
      return true;
    },
    takeX: ({ slot, level, frame }) => isX(slot, level, frame),
    putX: put,
    split: (parts, count, exclusive) => {
      for (let i = 0; i < count; i++) put({ ...parts, slot: parts.slot + 8 * i }, exclusive);
    },
    keep: (slot, level, flags) => {
      if ((flags & (Pte.present | Pte.special)) !== Pte.present) return 0;
      if (!isAnon(kernel, kernel.mmu.exports.entryFrame(slot, level))) return 0;
      if ((flags & Pte.write) === 0) return bits.held(slot, flags) ? ANON | EXCLUSIVE : ANON;
      const dirty = !loose && (flags & Pte.dirty) !== 0;
      return ANON | EXCLUSIVE | (dirty ? WRITTEN : 0);
    },
    kept: (slot, level, kept) => {
      const flags = kept === 0 ? Pte.write : bits.flags(slot);
      if ((flags & Pte.write) !== 0) return;
      if ((kept & WRITTEN) !== 0) markDirty(kernel.mmu.exports.entryFrame(slot, level));
      bits.hold(slot, flags, (kept & EXCLUSIVE) !== 0);
    },
    madeWritable: (slot, level) => {
      const frame = kernel.mmu.exports.entryFrame(slot, level);
      if (loose || !isAnon(kernel, frame)) return;
      const dirty = (pageFlags(kernel, headOf(kernel, frame)) & PG_DIRTY) !== 0;
      if (!dirty) kernel.mmu.exports.updateEntry(slot, Pte.dirty, 0);
    },
    // Of a read-only entry D stays: it says that the page is this process's alone, which may have pinned it.
    cleans: (flags) => ((flags & Pte.write) !== 0 ? Pte.young | Pte.dirty : Pte.young),
    isDirty,
    mayDiffer: (flags) => ((flags & Pte.write) !== 0 ? Pte.young | Pte.dirty : Pte.young),
    tableFrom: () => undefined,
    moveEntry: () => undefined,
    tablesGo: (_root, _first, _end, free) => free(),
  };
}
