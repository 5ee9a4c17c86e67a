// Exclusive = no bit beside the page table says that it is not (not-exclusive-bitmaps.ts). Memory for a bitmap is had
// before the page-table lock is taken; where nothing may fail, it is there already:
//
//   migration ends     the entry was not exclusive when it began, or fork has seen it since: the table has a bitmap
//   a huge mapping     what its table will need is set aside when it stops being exclusive
//   a table is freed   the bitmap goes with it, by the same RCU that lets lock-less walkers finish
//
// An entry and its bit are two words. A pin without locks that has seen the entry of one page may find the bit of another,
// which was put in its place meanwhile and is exclusive: so it looks at the entry once more behind the bit.

import type { Kernel } from "../kernel/kernel.js";
import { Pte } from "../layout/linux-flags.js";
import { PaeCosts } from "./costs.js";
import { INDIFFERENT } from "./indifferent.js";
import { type BitmapGuards, Bitmaps } from "./not-exclusive-bitmaps.js";
import { isAnon, needsCopy } from "./pinned.js";
import type { Entry, PaeHooks, PaeScheme, Reserved } from "./types.js";

/** Hooks of such a scheme. */
export class BitmapHooks implements PaeHooks {
  readonly costs = new PaeCosts();
  readonly byFlags = false;
  readonly waitsForMigration = INDIFFERENT.waitsForMigration;
  readonly mayBeX = INDIFFERENT.mayBeX;
  readonly splitFolio = INDIFFERENT.splitFolio;
  readonly keep = INDIFFERENT.keep;
  readonly kept = INDIFFERENT.kept;
  readonly madeWritable = INDIFFERENT.madeWritable;
  readonly cleans = INDIFFERENT.cleans;
  readonly isDirty = INDIFFERENT.isDirty;
  readonly mayDiffer = INDIFFERENT.mayDiffer;
  readonly dupMayDiffer = INDIFFERENT.dupMayDiffer;
  readonly looksAgain: boolean;
  protected readonly bitmaps: Bitmaps;

  constructor(
    private readonly kernel: Kernel,
    guards: BitmapGuards = {
      fragments: !kernel.lacks("fragment-index"),
      rcu: !kernel.lacks("table-rcu"),
      again: !kernel.lacks("entry-again"),
    },
  ) {
    this.looksAgain = guards.again;
    this.bitmaps = new Bitmaps(kernel, this.costs, guards);
  }

  isX(slot: number, _level: number, frame: number): boolean {
    return isAnon(this.kernel, frame) && !this.bitmaps.isMarked(slot);
  }

  newX({ slot, level, slots = 1 }: Entry, count: number): void {
    this.bitmaps.mark(slot, slots * count, false);
    if (level > 0) this.bitmaps.takeDeposit(slot);
  }

  proveX(entry: Entry): void {
    this.putX(entry, true);
  }

  reserve(slot: number, { from, splits = false }: Reserved = {}): boolean {
    if (from !== undefined && !this.bitmaps.has(from)) return true;
    return this.bitmaps.make(slot) && (!splits || this.bitmaps.deposit(slot));
  }

  dup(entry: Entry, to: number): boolean {
    const { slot, level, frame } = entry;
    if (this.isX(slot, level, frame) && needsCopy(this.kernel, entry)) return false;
    this.putX(entry, false);
    this.putX({ ...entry, slot: to }, false);
    return true;
  }

  dupRun(slot: number, to: number, count: number): void {
    this.bitmaps.mark(slot, count, true);
    this.bitmaps.mark(to, count, true);
  }

  share(entry: Entry): void {
    this.putX(entry, false);
  }

  takeX({ slot, level, frame }: Entry): boolean {
    return this.isX(slot, level, frame);
  }

  putX({ slot, slots = 1 }: Entry, exclusive: boolean): void {
    this.bitmaps.mark(slot, slots, !exclusive);
  }

  tableFrom(upper: number, table: number): void {
    this.bitmaps.takeDeposit(upper, table);
  }

  split({ slot }: Entry, count: number, exclusive: boolean): void {
    this.bitmaps.mark(slot, count, !exclusive);
  }

  moveEntry(from: number, to: number): void {
    this.bitmaps.moveDeposit(from, to);
    if (!this.bitmaps.has(from) && !this.bitmaps.has(to)) return;
    this.bitmaps.mark(to, 1, this.bitmaps.isMarked(from));
    this.bitmaps.mark(from, 1, false);
  }

  tablesGo(root: number, first: number, end: number, free: () => number): number {
    return this.bitmaps.free(root, first, end, free);
  }
}

export const bitmap: PaeScheme<Kernel> = {
  name: "bitmap",
  title: "a bitmap beside the page table, of entries that are not exclusive",
  forkCases: [{ clear: Pte.write }],
  hooks: (kernel) => new BitmapHooks(kernel),
};
