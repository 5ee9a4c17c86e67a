// Exclusive = writable or dirty, as the idea first reads: pte_write || pte_dirty of whatever the entry holds. fork and
// new pages are seen to; batches that join D, helpers that clear it and CPUs that set it are not.

import type { Kernel } from "../kernel/kernel.js";
import { PG_DIRTY } from "../kernel/page-flags.js";
import { Pte } from "../layout/linux-flags.js";
import { EntryDirty } from "./entry-dirty.js";
import { INDIFFERENT } from "./indifferent.js";
import { isAnon } from "./pinned.js";
import type { PaeScheme } from "./types.js";

class Unguarded extends EntryDirty {
  /** X is in the entry that is looked at twice: why should fork's seqcount be needed? (Its pin test comes before.) */
  readonly trustsEntry = true;
  override readonly keep = INDIFFERENT.keep;
  override readonly kept = INDIFFERENT.kept;
  override readonly madeWritable = INDIFFERENT.madeWritable;
  override readonly cleans = INDIFFERENT.cleans;
  override readonly isDirty = INDIFFERENT.isDirty;
  override readonly mayDiffer = INDIFFERENT.mayDiffer;
  override readonly dupMayDiffer = INDIFFERENT.dupMayDiffer;

  /** ptep_get of a group joins D of all its entries. */
  override isX(slot: number, _level: number, frame: number): boolean {
    const flags = this.kernel.mmu.exports.entryFlags(slot);
    return isAnon(this.kernel, frame) && (flags & (Pte.write | Pte.dirty)) !== 0;
  }
}

export const pteNaive: PaeScheme<Kernel> = {
  name: "pte-naive",
  title: "write and dirty bits of the entry, without guards",
  forkCases: [
    { all: Pte.dirty, clear: Pte.write | Pte.dirty, frameSet: PG_DIRTY },
    { clear: Pte.write },
  ],
  hooks: (kernel) =>
    new Unguarded(kernel, { loose: true, mkdirty: true, raw: true, twoSteps: true }),
};
