// An address space (mm_struct): VMAs, page tables, and what is known of the process as a whole.

import type { Kernel } from "./kernel.js";
import type { UffdContext } from "./userfaultfd-context.js";
import { VmaList } from "./vma.js";

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
  /** MMF_HAS_PINNED: sticky, inherited by nobody. */
  hasPinned: boolean;
  /** userfaultfds by what they were opened with. */
  readonly uffds: Map<string, UffdContext>;
  /** Faults counted to it (`mm_account_fault`). */
  minorFaults: number;
  majorFaults: number;
}

/** A zeroed top table. */
export function newRoot(kernel: Kernel): number {
  const { topLevel } = kernel.hardware.halves[0];
  return Number(kernel.mmu.exports.newTable(0, topLevel));
}

/** Address bits of the user's half; its upper half is the kernel's where both share a root. */
function userBits(kernel: Kernel): number {
  const [lower, upper] = kernel.hardware.halves;
  return lower.vaBits - (lower.root === upper.root ? 1 : 0);
}

/** An empty address space. */
export function newMm(kernel: Kernel, id: number): Mm {
  return {
    id,
    vmas: new VmaList(),
    root: newRoot(kernel),
    limit: 2 ** (userBits(kernel) - kernel.hardware.pageShift),
    context: id % CONTEXTS,
    hasPinned: false,
    uffds: new Map(),
    minorFaults: 0,
    majorFaults: 0,
  };
}

/** Contexts that the core tells apart; an address space of the same context is flushed at a switch. */
const CONTEXTS = 500;
