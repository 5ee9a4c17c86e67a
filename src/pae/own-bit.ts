// A bit of the entry that means nothing else. It goes where the entry goes; swap and migration entries have one
// already. Only layouts with a spare bit can have it (arch/linux, `spare`; s390x has none).

import type { Kernel } from "../kernel/kernel.js";
import { Pte } from "../layout/linux-flags.js";
import { PaeCosts } from "./costs.js";
import { INDIFFERENT } from "./indifferent.js";
import { needsCopy } from "./pinned.js";
import type { Entry, PaeHooks, PaeScheme } from "./types.js";
import { unfoldFor } from "./unfold-for.js";

function hooks(kernel: Kernel): PaeHooks {
  const costs = new PaeCosts();
  const isX = (slot: number): boolean =>
    (kernel.mmu.exports.updateEntry(slot, 0, 0) & Pte.exclusive) !== 0;
  const put = ({ slot, slots = 1 }: Entry, count: number, exclusive: boolean): void => {
    const [clear, set] = exclusive ? [0, Pte.exclusive] : [Pte.exclusive, 0];
    for (let i = 0; i < slots * count; i++) {
      if (isX(slot + 8 * i) !== exclusive) kernel.mmu.exports.updateEntry(slot + 8 * i, clear, set);
    }
  };
  return {
    ...INDIFFERENT,
    costs,
    inEntry: true,
    isX,
    newX: (entry, count) => put(entry, count, true),
    proveX: (entry) => {
      unfoldFor(kernel, entry);
      put(entry, 1, true);
    },
    dup: (entry) => {
      if (isX(entry.slot) && needsCopy(kernel, entry)) return false;
      put(entry, 1, false);
      return true;
    },
    share: (entry) => put(entry, 1, false),
    takeX: ({ slot }) => isX(slot),
    putX: (entry, exclusive) => put(entry, 1, exclusive),
    split: (parts, count, exclusive) => put(parts, count, exclusive),
  };
}

export const ownBit: PaeScheme<Kernel> = {
  name: "own-bit",
  title: "a bit of the entry's own",
  ownBit: true,
  forkCases: [{ clear: Pte.write | Pte.exclusive }],
  hooks,
};
