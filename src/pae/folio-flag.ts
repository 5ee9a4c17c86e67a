// Schemes with one flag F for a whole folio, on its first page: all of it is exclusive, or none.
//
//   F = 1   all mappings of the folio are in one address space, each page is mapped at most once
//   F = 0   no entry of it is writable, in whichever table, and none of it is pinned
//
// What cannot be said: that some pages are exclusive and others not. So whoever takes F away does it for all entries at
// once, and whoever would set it for a part leaves it.

import { folioMapsOf, headOf, isLarge, orderOf, pageFlags, setPageFlags } from "../kernel/folio.js";
import type { Kernel } from "../kernel/kernel.js";
import { mappingsOfFolio } from "../kernel/mappings.js";
import { PG_EXCLUSIVE, PG_SWAPCACHE } from "../kernel/page-flags.js";
import { Pte } from "../layout/linux-flags.js";
import { PaeCosts } from "./costs.js";
import { INDIFFERENT } from "./indifferent.js";
import { isAnon, needsCopy } from "./pinned.js";
import type { Entry, PaeHooks } from "./types.js";

/** What keeps F right. */
export interface FolioGuards {
  /** fork write-protects all entries before it shares the first; a folio that comes back in parts is not exclusive. */
  readonly first: boolean;
  /** Neither fork nor migration changes F while the other is at it; else fork takes F from entry to entry. */
  readonly lock: boolean;
}

/** Hooks of such a scheme. */
export class FolioFlag implements PaeHooks {
  readonly costs = new PaeCosts();
  readonly reserve = INDIFFERENT.reserve;
  readonly dupRun = INDIFFERENT.dupRun;
  readonly keep = INDIFFERENT.keep;
  readonly kept = INDIFFERENT.kept;
  readonly madeWritable = INDIFFERENT.madeWritable;
  readonly cleans = INDIFFERENT.cleans;
  readonly isDirty = INDIFFERENT.isDirty;
  readonly mayDiffer = INDIFFERENT.mayDiffer;
  readonly dupMayDiffer = INDIFFERENT.dupMayDiffer;
  readonly tableFrom = INDIFFERENT.tableFrom;
  readonly split = INDIFFERENT.split;
  readonly byFlags = INDIFFERENT.byFlags;
  readonly moveEntry = INDIFFERENT.moveEntry;
  readonly tablesGo = INDIFFERENT.tablesGo;

  readonly waitsForMigration: boolean;

  constructor(
    private readonly kernel: Kernel,
    private readonly guards: FolioGuards,
  ) {
    this.waitsForMigration = guards.lock;
  }

  isX(_slot: number, _level: number, frame: number): boolean {
    const head = headOf(this.kernel, frame);
    return isAnon(this.kernel, frame) && (pageFlags(this.kernel, head) & PG_EXCLUSIVE) !== 0;
  }

  private put(frame: number, exclusive: boolean): void {
    const head = headOf(this.kernel, frame);
    if (this.isX(0, 0, frame) === exclusive) return;
    this.costs.add("atomics");
    const [set, clear] = exclusive ? [PG_EXCLUSIVE, 0] : [0, PG_EXCLUSIVE];
    setPageFlags(this.kernel, head, set, clear);
  }

  newX({ frame }: Entry): void {
    this.put(frame, true);
  }

  /** What was proved holds of the whole folio: one address space has all mappings, and all references. */
  proveX({ frame }: Entry): void {
    this.put(frame, true);
  }

  dup(entry: Entry): boolean {
    const { slot, level, frame } = entry;
    if (!this.isX(slot, level, frame)) return true;
    if (needsCopy(this.kernel, entry)) return false;
    if (this.guards.first) this.protectAll(entry);
    this.put(frame, false);
    return true;
  }

  /** Before the first entry is shared: no entry of the folio stays writable. fork flushes the address space. */
  private protectAll({ slot, frame }: Entry): void {
    const { kernel } = this;
    const head = headOf(kernel, frame);
    if (!isLarge(kernel, head)) return;
    const slots = new Set(mappingsOfFolio(kernel, head).map((each) => each.slot));
    slots.delete(slot);
    for (const at of slots) {
      const flags = kernel.mmu.exports.updateEntry(at, 0, 0);
      if ((flags & Pte.write) === 0) continue;
      kernel.mmu.exports.updateEntry(at, Pte.write, 0);
      this.costs.add("entries_gathered");
    }
  }

  share({ frame }: Entry): void {
    this.put(frame, false);
  }

  /** F stays until the last entry has become what it becomes. */
  takeX({ slot, level, frame }: Entry): boolean {
    const exclusive = this.isX(slot, level, frame);
    if (folioMapsOf(this.kernel, headOf(this.kernel, frame)) === 1) this.put(frame, false);
    return exclusive;
  }

  /** Of a folio that comes back in parts, no part can be exclusive. */
  mayBeX(frame: number, count: number): boolean {
    const { kernel } = this;
    const head = headOf(kernel, frame);
    if (!this.guards.first || !isLarge(kernel, head)) return true;
    const cached = (pageFlags(kernel, head) & PG_SWAPCACHE) !== 0;
    return !cached && count === 2 ** orderOf(kernel, head) && folioMapsOf(kernel, head) === 0;
  }

  putX({ frame }: Entry, exclusive: boolean): void {
    this.put(frame, exclusive);
  }

  splitFolio(head: number, frames: readonly number[]): void {
    if (!this.isX(0, 0, head)) return;
    for (const frame of frames) setPageFlags(this.kernel, frame, PG_EXCLUSIVE);
    this.costs.add("atomics", frames.length - 1);
  }
}
