// Steps of a call between which another CPU may come. The model plays one call after the other; a race is what happens
// when it does not, so a script may say which operation comes in the middle of the next one, and where:
//
//   CPU 0   fork: |--entry--|--entry--|- - - - - - |--entry--| flush       passes "fork-batch" for the second time
//   CPU 1                              migrate                             comes there; holds what it takes to the end
//
// Only what a real CPU could do there may come: the interrupted call keeps its locks. Who needs one of them waits, which
// is to come after the call.

import type { Mm } from "./mm.js";

/** Where a call may be interrupted, and what it has just done. */
export const STEPS = {
  // mm/memory.c copy_pte_range: need_resched, spin_needbreak; also where it goes on to another table.
  "fork-batch": "fork has copied entries, and lets the page-table lock go",
  // __folio_try_dup_anon_rmap: after folio_needs_cow_for_dma, before the flag is cleared.
  "fork-tested": "fork has found a page not pinned, and changes its entry next",
  "fork-cleaned": "fork has made an entry clean, and takes its right to write next",
  // arch/*/include/asm/pgtable.h ptep_set_wrprotect.
  "fork-read": "fork has read an entry, and writes it without the right to write next",
  // __folio_try_share_anon_rmap: the same of KSM, reclaim and migration.
  "share-tested":
    "KSM, reclaim or migration has found a page not pinned, and takes exclusivity next",
  // mm/page_vma_mapped.c page_vma_mapped_walk: the lock of the table before is given back.
  "migrate-table": "migration has changed entries in one page table, and goes on to another",
  // mm/gup.c gup_fast_pte_range: between the second look at the entry and gup_must_unshare.
  "pin-looked": "a pin without locks has its reference and has seen its entry again",
} as const;

export type Step = keyof typeof STEPS;

/** Names of all steps. */
export const STEP_NAMES: readonly string[] = Object.keys(STEPS);

/** What an interrupted call holds. */
export interface Held {
  readonly call: "fork" | "migrate" | "unmap" | "pin";
  /** The address space that a fork copies: its mmap_lock and the locks of its VMAs are taken for writing. */
  readonly mm: Mm | null;
  /** A page-table lock. */
  readonly table: boolean;
  /** The lock of a folio. */
  readonly folio: boolean;
}

/** Somebody needs what an interrupted call holds: it is done after that. Thrown before anything is changed. */
export class Waits extends Error {}

interface Plan {
  readonly step: Step;
  /** How often it is to be passed first. */
  left: number;
  readonly act: () => void;
}

/** Interruptions of one kernel. */
export class Steps {
  private plan: Plan | null = null;
  /** What the interrupted call holds; null = none is. */
  held: Held | null = null;

  /** A pin without locks, which somebody interrupts, has not come to its end. */
  walking = false;
  /** Times that it looked at memory which was free by then. */
  usesAfterFree = 0;

  /** Somebody is to come between: calls go entry by entry. */
  get armed(): boolean {
    return this.plan !== null;
  }

  /** What is to be done when a step is passed for the `times`-th time. */
  arm(step: Step, times: number, act: () => void): void {
    this.plan = { step, left: times, act };
  }

  /** Nobody is to come any more. True: the step was not passed so often. */
  disarm(): boolean {
    const { armed } = this;
    this.plan = null;
    return armed;
  }

  /** A call passes a step. */
  pass(step: Step, held: Held): void {
    const { plan } = this;
    if (plan === null || plan.step !== step || --plan.left > 0) return;
    this.plan = null;
    this.held = held;
    try {
      plan.act();
    } finally {
      this.held = null;
    }
  }

  /** Before the mmap_lock, or the lock of a VMA, is taken, and that of whatever table is needed. @throws Waits */
  needsMmap(mm: Mm): void {
    if (this.held !== null && (this.held.mm === mm || this.held.table)) throw new Waits();
  }

  /** Before a daemon goes over address spaces and folios: a pin without locks alone is in nobody's way. @throws Waits */
  needsAll(): void {
    if (this.held !== null && this.held.call !== "pin") throw new Waits();
  }

  /** Before a folio is locked and its entries are changed wherever they are. @throws Waits */
  needsFolio(): void {
    if (this.held !== null && (this.held.folio || this.held.table)) throw new Waits();
  }
}
