// Makes address spaces (kernel/fork.c mm_init).

import { MAX_CONTEXTS } from "../../assembly/abi/tlb.js";
import { MmulateError } from "../errors.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { newLock } from "./time.js";
import { VmaList } from "./vma.js";

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
export function newMm(kernel: Kernel): Mm {
  const id = kernel.newMmId();
  const mm: Mm = {
    id,
    vmas: new VmaList(),
    root: newRoot(kernel),
    limit: 2 ** (userBits(kernel) - kernel.hardware.pageShift),
    context: freeContext(kernel),
    cpus: new Set(),
    tlbGeneration: 0,
    mmapLock: newLock("mmap_lock"),
    hasPinned: false,
    clearedRefs: false,
    killed: false,
    uffds: new Map(),
    minorFaults: 0,
    majorFaults: 0,
  };
  kernel.mms.add(mm);
  return mm;
}

/**
 * The lowest ASID or PCID that no living address space has; exit flushes what it leaves behind.
 * @throws MmulateError MEMORY when all are taken
 */
function freeContext(kernel: Kernel): number {
  const taken = new Set([...kernel.mms].map(({ context }) => context));
  for (let context = 1; context < MAX_CONTEXTS; context++) {
    if (!taken.has(context)) return context;
  }
  throw new MmulateError("MEMORY", `more than ${MAX_CONTEXTS - 1} address spaces at a time`);
}
