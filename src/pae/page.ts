// Today's scheme: a flag of each page, PG_anon_exclusive (include/linux/page-flags.h PageAnonExclusive; mm/rmap.c,
// include/linux/rmap.h __folio_try_dup_anon_rmap, __folio_try_share_anon_rmap).
//
//   last-level entry  -> the flag of its page
//   huge entry        -> the flag of the folio's first page
//
// Other flags share the word and change without the page-table lock, so each set and clear is an atomic operation.

import { maybePinned, pageFlags, setPageFlags } from "../kernel/folio.js";
import type { Kernel } from "../kernel/kernel.js";
import { PG_EXCLUSIVE } from "../kernel/page-flags.js";
import { Pte } from "../layout/linux-flags.js";
import type { Entry, PaeHooks, PaeScheme } from "./types.js";

function hooks(kernel: Kernel): PaeHooks {
  const isX = (_slot: number, _level: number, frame: number): boolean =>
    (pageFlags(kernel, frame) & PG_EXCLUSIVE) !== 0;
  const clear = (frame: number): void => setPageFlags(kernel, frame, 0, PG_EXCLUSIVE);
  const set = (frame: number, count: number): void => {
    for (let i = 0; i < count; i++) setPageFlags(kernel, frame + i, PG_EXCLUSIVE);
  };
  return {
    isX,
    newX: ({ frame }, count) => set(frame, count),
    proveX: ({ frame }) => set(frame, 1),
    reserve: () => true,
    dup: ({ mm, slot, level, frame }: Entry) => {
      if (isX(slot, level, frame) && mm.hasPinned && maybePinned(kernel, frame)) return false;
      clear(frame);
      return true;
    },
    // The program has cleared the flags.
    dupRun: () => undefined,
    tryShare: ({ slot, level, frame }) => {
      if (isX(slot, level, frame) && maybePinned(kernel, frame)) return false;
      clear(frame);
      return true;
    },
    takeX: ({ slot, level, frame }) => {
      const exclusive = isX(slot, level, frame);
      clear(frame);
      return exclusive;
    },
    putX: ({ frame }, exclusive) => {
      if (exclusive) set(frame, 1);
    },
    split: (_slot, { frame }, count, exclusive) => {
      if (exclusive) set(frame, count);
    },
    kept: () => undefined,
    madeWritable: () => undefined,
    cleans: () => Pte.young | Pte.dirty,
    isDirty: (flags) => (flags & Pte.dirty) !== 0,
    mayDiffer: () => Pte.young | Pte.dirty,
    moveEntry: () => undefined,
    tablesGo: (_root, _first, _end, free) => free(),
  };
}

export const page: PaeScheme<Kernel> = {
  name: "page",
  title: "a flag of each page, as Linux has it",
  forkCases: [{ clear: Pte.write, frameClear: PG_EXCLUSIVE }],
  hooks,
};
