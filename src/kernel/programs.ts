// Work on runs of entries that the core does by itself: one program per kind of work (assembly/bulk.ts).

import { FRAME_FLAGS, FRAME_MAPS, FRAME_REFS } from "../../assembly/abi/frames.js";
import type { MmCore, Program } from "../core/mm.js";
import type { ProgramCase } from "../layout/entry-program.js";
import { Pte } from "../layout/linux-flags.js";
import { PG_ANON, PG_EXCLUSIVE, PG_LARGE, PIN_BIAS } from "./page-flags.js";

const NONE: ProgramCase = { none: Pte.filled };
const NOT_PINNED = { mask: ~(PIN_BIAS - 1), value: 0 };

/** Programs of one kernel. */
export interface KernelPrograms {
  /** fork: a private mapping's entries, parent and child write-protected; see `forkCases`. */
  readonly fork: Program;
  /** The same where pages may be pinned: stops before such a page. */
  readonly forkPinned: Program;
  /** clear_refs: write-protects and clears soft-dirty. */
  readonly clearRefs: Program;
}

/** Loads the programs. */
export function kernelPrograms(mmu: MmCore): KernelPrograms {
  return {
    fork: mmu.program(forkCases(false)),
    forkPinned: mmu.program(forkCases(true)),
    clearRefs: mmu.program([NONE, { all: Pte.present, clear: Pte.write | Pte.softDirty }]),
  };
}

/**
 * `copy_present_ptes` for small anonymous folios and the zero page: the child's entry is old and without
 * uffd-wp. Swap entries, large folios and pages that may be pinned stop the program.
 */
function forkCases(pins: boolean): ProgramCase[] {
  const copy = { clear: Pte.young | Pte.uffdWp };
  const refs = { word: FRAME_REFS, add: 1, ...(pins ? { guard: NOT_PINNED } : {}) };
  const flags = {
    word: FRAME_FLAGS,
    guard: { mask: PG_ANON | PG_LARGE, value: PG_ANON },
    clear: PG_EXCLUSIVE,
  };
  return [
    NONE,
    { all: Pte.present | Pte.special, clear: Pte.write, copy },
    {
      all: Pte.present,
      none: Pte.special,
      clear: Pte.write,
      copy,
      columns: [refs, { word: FRAME_MAPS, add: 1 }, flags],
    },
  ];
}
