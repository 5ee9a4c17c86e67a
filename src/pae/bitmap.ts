// Exclusive = no bit beside the page table says that it is not (not-exclusive-bitmaps.ts). Memory for a bitmap is had
// before the page-table lock is taken; where nothing may fail, it is there already:
//
//   migration ends     the entry was not exclusive when it began, or fork has seen it since: the table has a bitmap
//   a huge mapping     what its table will need is set aside when it stops being exclusive
//   a table is freed   the bitmap goes with it, by the same RCU that lets lock-less walkers finish

import { maybePinned } from "../kernel/folio.js";
import type { Kernel } from "../kernel/kernel.js";
import { Pte } from "../layout/linux-flags.js";
import { PaeCosts } from "./costs.js";
import { INDIFFERENT } from "./indifferent.js";
import { Bitmaps } from "./not-exclusive-bitmaps.js";
import { isAnon, needsCopy } from "./pinned.js";
import type { Entry, PaeHooks, PaeScheme } from "./types.js";

function hooks(kernel: Kernel): PaeHooks {
  const costs = new PaeCosts();
  const bitmaps = new Bitmaps(kernel, costs);
  const isX = (slot: number, _level: number, frame: number): boolean =>
    isAnon(kernel, frame) && !bitmaps.isMarked(slot);
  const mark = ({ slot, slots = 1 }: Entry, exclusive: boolean): void =>
    bitmaps.mark(slot, slots, !exclusive);
  return {
    ...INDIFFERENT,
    costs,
    isX,
    newX: (entry, count) => {
      bitmaps.mark(entry.slot, (entry.slots ?? 1) * count, false);
      if (entry.level > 0) bitmaps.takeDeposit(entry.slot);
    },
    proveX: (entry) => mark(entry, true),
    reserve: (slot, { from, splits = false } = {}) => {
      if (from !== undefined && !bitmaps.has(from)) return true;
      return bitmaps.make(slot) && (!splits || bitmaps.deposit(slot));
    },
    dup: (entry, to) => {
      const { slot, level, frame } = entry;
      if (isX(slot, level, frame) && needsCopy(kernel, entry)) return false;
      mark(entry, false);
      mark({ ...entry, slot: to }, false);
      return true;
    },
    dupRun: (slot, to, count) => {
      bitmaps.mark(slot, count, true);
      bitmaps.mark(to, count, true);
    },
    tryShare: (entry) => {
      const { slot, level, frame } = entry;
      if (isX(slot, level, frame) && maybePinned(kernel, frame)) return false;
      mark(entry, false);
      return true;
    },
    takeX: ({ slot, level, frame }) => isX(slot, level, frame),
    putX: mark,
    tableFrom: (upper, table) => bitmaps.takeDeposit(upper, table),
    split: ({ slot }, count, exclusive) => bitmaps.mark(slot, count, !exclusive),
    moveEntry: (from, to) => {
      bitmaps.moveDeposit(from, to);
      if (!bitmaps.has(from) && !bitmaps.has(to)) return;
      bitmaps.mark(to, 1, bitmaps.isMarked(from));
      bitmaps.mark(from, 1, false);
    },
    tablesGo: (root, first, end, free) => bitmaps.free(root, first, end, free),
  };
}

export const bitmap: PaeScheme<Kernel> = {
  name: "bitmap",
  title: "a bitmap beside the page table, of entries that are not exclusive",
  forkCases: [{ clear: Pte.write }],
  hooks,
};
