// Today's scheme: a flag of each page, PG_anon_exclusive (include/linux/page-flags.h PageAnonExclusive; mm/rmap.c,
// include/linux/rmap.h __folio_try_dup_anon_rmap, __folio_try_share_anon_rmap).
//
//   last-level entry  -> the flag of its page
//   huge entry        -> the flag of the folio's first page
//
// Other flags share the word and change without the page-table lock, so each set and clear is an atomic operation.

import { FRAME_FLAGS, FRAME_HEAD } from "../../assembly/abi/frames.js";
import { headOf, setPageFlags } from "../kernel/folio.js";
import type { Kernel } from "../kernel/kernel.js";
import { PG_EXCLUSIVE } from "../kernel/page-flags.js";
import { Pte } from "../layout/linux-flags.js";
import { PaeCosts } from "./costs.js";
import { INDIFFERENT } from "./indifferent.js";
import { needsCopy } from "./pinned.js";
import type { PaeHooks, PaeScheme } from "./types.js";

/** The line of a struct page is touched; a folio's first page is near anyway. */
function touchPage(kernel: Kernel, costs: PaeCosts, frame: number): void {
  if (headOf(kernel, frame) !== frame) costs.touch("page_lines", `page ${frame}`);
}

/**
 * Hooks of a scheme that keeps a flag in each page.
 * @param changing counts what it costs to change the flag of a page
 */
export function pageFlagHooks(
  kernel: Kernel,
  costs: PaeCosts,
  changing: (frame: number) => void,
): PaeHooks {
  const { mmu } = kernel;
  const read = (frame: number): boolean => {
    // Asked of every page of a process: its record is looked up once.
    const { words } = mmu;
    const record = mmu.record(frame);
    if (words[record + (FRAME_HEAD >>> 2)] !== frame) touchPage(kernel, costs, frame);
    return ((words[record + (FRAME_FLAGS >>> 2)] ?? 0) & PG_EXCLUSIVE) !== 0;
  };
  const clear = (frame: number): void => {
    if (!read(frame)) return;
    changing(frame);
    setPageFlags(kernel, frame, 0, PG_EXCLUSIVE);
  };
  const set = (frame: number, count: number): void => {
    for (let page = frame; page < frame + count; page++) {
      touchPage(kernel, costs, page);
      changing(page);
      setPageFlags(kernel, page, PG_EXCLUSIVE);
    }
  };
  return {
    ...INDIFFERENT,
    costs,
    isX: (_slot, _level, frame) => read(frame),
    newX: ({ frame }, count) => set(frame, count),
    proveX: ({ frame }) => set(frame, 1),
    dup: (entry) => {
      if (read(entry.frame) && needsCopy(kernel, entry)) return false;
      clear(entry.frame);
      return true;
    },
    share: ({ frame }) => clear(frame),
    takeX: ({ frame }) => {
      const exclusive = read(frame);
      clear(frame);
      return exclusive;
    },
    putX: ({ frame }, exclusive) => {
      if (exclusive) set(frame, 1);
    },
    split: ({ frame }, count, exclusive) => {
      if (exclusive) set(frame, count);
    },
  };
}

export const page: PaeScheme<Kernel> = {
  name: "page",
  title: "a flag of each page, as Linux has it",
  fromPage: true,
  forkCases: [{ clear: Pte.write, frameClear: PG_EXCLUSIVE }],
  hooks: (kernel) => {
    const costs = new PaeCosts();
    return pageFlagHooks(kernel, costs, () => costs.add("atomics"));
  },
};
