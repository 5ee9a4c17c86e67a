// Work on runs of entries that the core does by itself: one program per kind of work (assembly/bulk.ts).

import { FRAME_FLAGS, FRAME_MAPS, FRAME_REFS } from "../../assembly/abi/frames.js";
import type { MmCore, Program } from "../core/mm.js";
import type { ColumnChange, ProgramCase } from "../layout/entry-program.js";
import { Pte } from "../layout/linux-flags.js";
import type { PaeCase } from "../pae/types.js";
import { PG_ANON, PG_LARGE, PIN_BIAS } from "./page-flags.js";

const NONE: ProgramCase = { none: Pte.filled };
const NOT_PINNED = { mask: ~(PIN_BIAS - 1), value: 0 };

/** Programs of one kernel. */
export interface KernelPrograms {
  /** fork: a private mapping's entries, parent and child write-protected; see `forkCases`. */
  readonly fork: Program;
  /** The same where pages may be pinned: stops before such a page. */
  readonly forkPinned: Program;
  /** clear_refs: write-protects and clears soft-dirty; in private mappings as the scheme wants it. */
  readonly clearRefs: Program;
  /** Makes entries clean: the next store sets their dirty state again. */
  readonly clean: Program;
  readonly clearPrivate: Program;
}

/** What a scheme of PageAnonExclusive has to say about them (src/pae). */
interface SchemeCases {
  readonly forkCases: readonly PaeCase[];
  readonly clearCases?: readonly PaeCase[];
}

/** Loads the programs. */
export function kernelPrograms(
  mmu: MmCore,
  { forkCases, clearCases }: SchemeCases,
): KernelPrograms {
  const clear = { clear: Pte.write | Pte.softDirty };
  const clearRefs = mmu.program([NONE, { all: Pte.present, ...clear }]);
  const own = clearCases?.map((each) => clearCase(each));
  return {
    fork: mmu.program(casesOfFork(forkCases, false)),
    forkPinned: mmu.program(casesOfFork(forkCases, true)),
    clean: mmu.program([NONE, { all: Pte.present, clear: Pte.dirty }]),
    clearRefs,
    clearPrivate:
      own === undefined
        ? clearRefs
        : mmu.program([NONE, { all: Pte.present | Pte.special, ...clear }, ...own]),
  };
}

/** Small anonymous pages alone: others stop a program. */
const SMALL_ANON = { mask: PG_ANON | PG_LARGE, value: PG_ANON };

/** What a case does to the flags of a frame. A flag is set by clearing and adding it. */
function flagsColumn({ frameClear = 0, frameSet = 0 }: PaeCase): ColumnChange {
  return { word: FRAME_FLAGS, guard: SMALL_ANON, clear: frameClear | frameSet, add: frameSet };
}

/**
 * `copy_present_ptes` for small anonymous folios and the zero page: the child's entry is old and without
 * uffd-wp. Swap entries, large folios and pages that may be pinned stop the program.
 */
function casesOfFork(cases: readonly PaeCase[], pins: boolean): ProgramCase[] {
  const copy = { clear: Pte.young | Pte.uffdWp };
  const refs = { word: FRAME_REFS, add: 1, ...(pins ? { guard: NOT_PINNED } : {}) };
  return [
    NONE,
    { all: Pte.present | Pte.special, clear: Pte.write, copy },
    ...cases.map(({ all = 0, none = 0, clear = 0, set = 0, ...flags }) => ({
      all: Pte.present | all,
      none: Pte.special | none,
      clear,
      set,
      copy,
      columns: [refs, { word: FRAME_MAPS, add: 1 }, flagsColumn(flags)],
    })),
  ];
}

/** clear_soft_dirty for small anonymous pages of private mappings. */
function clearCase({ all = 0, none = 0, clear = 0, set = 0, ...flags }: PaeCase): ProgramCase {
  return {
    all: Pte.present | all,
    none: Pte.special | none,
    clear,
    set,
    columns: [flagsColumn(flags)],
  };
}
