// An address space (mm_struct): VMAs, page tables, and what is known of the process as a whole.

import type { Lock } from "./time.js";
import type { UffdContext } from "./userfaultfd-context.js";
import type { VmaList } from "./vma.js";

/** One process's memory. */
export interface Mm {
  readonly id: number;
  readonly vmas: VmaList;
  /** Address of the top table. */
  readonly root: number;
  /** First page behind the user's part of the address space. */
  readonly limit: number;
  /** ASID or PCID. */
  readonly context: number;
  /** CPUs that may hold translations of it (mm_cpumask). */
  readonly cpus: Set<number>;
  /** Flushes so far that CPUs which do not run it have to catch up with (tlb_gen). */
  tlbGeneration: number;
  readonly mmapLock: Lock;
  /** MMF_HAS_PINNED: sticky, inherited by nobody. */
  hasPinned: boolean;
  /** Its soft-dirty bits were cleared; only a proposal asks (userfaultfd-context.ts). */
  clearedRefs: boolean;
  /** Chosen by the OOM killer: its process ends. */
  killed: boolean;
  /** userfaultfds by what they were opened with. */
  readonly uffds: Map<string, UffdContext>;
  /** Faults counted to it (`mm_account_fault`). */
  minorFaults: number;
  majorFaults: number;
}
