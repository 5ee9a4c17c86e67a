// The whole surface of the module, grouped by file. 64-bit arguments are for set-up and single
// translations; batches travel through linear memory.

import { Counter } from "./abi/counters";
import { VIEW_FRAME_BASE } from "./abi/entry";
import { EventKind } from "./abi/event";
import { LAYOUT_PAGE_SHIFT } from "./abi/layout";
import {
  EVENTS_BASE,
  EVENTS_CAPACITY,
  LAYOUT_BASE,
  MEMORY_BASE,
  VIEW_BASE,
} from "./abi/memory-map";
import { ACCESS_MODE_STRIDE, FaultKind } from "./abi/stop";
import { needOf } from "./accessed-dirty";
import { forgetAllocations } from "./allocation";
import { countHits, countOf, resetCounters, settleWalks } from "./count";
import { cpu, flushAll, resetCpus } from "./cpu";
import { allocateTable } from "./demand";
import { describeSuccess } from "./describe";
import { forgetFrames } from "./frames";
import { invalidate } from "./invalidate";
import { forgetLeaves } from "./leaf-memo";
import { resetMemory, wordAt, writeWord } from "./physmem";
import { runAt } from "./run";
import { forgetTables } from "./tables";
import { clock, setClock } from "./tlb-stamped";
import { accessOnce, physicalAddress, usedLevel, usedShift } from "./translate";
import { clearLog } from "./walk-log";
import { WalkResult } from "./walk-step";
import { halfIndexOf, halfOf } from "./walk-way";

export { Counter } from "./abi/counters";
export { Control, EventKind } from "./abi/event";
export { Access, FaultKind, Stop } from "./abi/stop";
export { TlbStructure } from "./abi/tlb";

export {
  allocationFails,
  allocations,
  failAllocation,
  failures,
  limitMemory,
  promise,
  roomLeft,
} from "./allocation";
export { alikeTables, apply, gather, gatherAlike, gatherPages } from "./bulk";
export {
  contexts,
  flushAll,
  partition,
  resetCpus,
  selectCpu,
  setContext,
  setGuest,
  setMode,
  setRoots,
} from "./cpu";
export {
  absentOffset,
  absentType,
  clearEntry,
  copyEntry,
  entryFlags,
  entryFrame,
  makeAbsent,
  makeLeaf,
  moveEntry,
  protectEntry,
  updateEntry,
} from "./entry";
export { allocateFrames, freeFrameCount, freeFrames, makeFrames } from "./frames";
export { invalidate } from "./invalidate";
export { runAt } from "./run";
export { newStage2Root } from "./stage2";
export {
  findEntry,
  freeTables,
  isTable,
  makeEntry,
  moveTable,
  nextEntry,
  tableCount,
} from "./tables";
export { enableLog } from "./walk-log";

/** First byte of the module's regions; static data of the compiler must end below. */
export const memoryBase: u32 = MEMORY_BASE;

/** Where static data of the compiler ends. */
export function heapBase(): usize {
  return __heap_base;
}

/** Forgets memory, TLBs and counters; layout, CPU configuration and demand policy stay. */
export function reset(window: u32): void {
  resetMemory(window != 0);
  forgetFrames();
  forgetTables();
  forgetAllocations();
  resetCounters();
  resetCpus();
  clearLog();
}

/** A layout was written: what was derived or cached under another one goes. */
export function layoutChanged(): void {
  forgetLeaves();
  flushAll();
}

/** The word at a simulated physical address; absent memory reads as zero. */
export function peek(pa: u64): u64 {
  return load<u64>(wordAt(pa));
}

/** Writes a word of simulated memory. Returns 0 when memory is used up. */
export function poke(pa: u64, value: u64): u32 {
  return writeWord(pa, value) ? 1 : 0;
}

/** A zeroed table for entries of `level` of a half; needs the window. Returns its address. */
export function newTable(halfIndex: u32, level: u32): u64 {
  return allocateTable(halfOf(halfIndex), level);
}

/** Makes one access on the running CPU and describes it in the stop block. Returns the fault kind. */
export function translate(va: u64, access: u32): u32 {
  clearLog();
  setClock(clock + 1);
  WalkResult.forget();
  const kind = access % ACCESS_MODE_STRIDE;
  const hit: u32 = kind == EventKind.Fetch ? Counter.FetchL1Hit : Counter.DataL1Hit;
  const missesBefore = countOf(hit + 2);
  const fault = accessOnce(cpu, kind, va, access, needOf(access));
  countHits(hit, 1, missesBefore);
  settleWalks();
  if (fault == FaultKind.None) {
    describeSuccess(halfIndexOf(va), va, physicalAddress, access, usedLevel(), usedShift());
  }
  return fault;
}

/**
 * Makes one access to the first byte of a page. Returns the fault kind, 0 = it went through; the stop block
 * says more, `touchedFrame` which frame it reached.
 */
export function touch(page: f64, access: u32): u32 {
  return translate((<u64>page) << load<u32>(LAYOUT_BASE, LAYOUT_PAGE_SHIFT), access);
}

/** `invalidate` for the pages [page, end). */
export function invalidatePages(flags: u32, context: u32, page: f64, end: f64): u32 {
  const shift = load<u32>(LAYOUT_BASE, LAYOUT_PAGE_SHIFT);
  return invalidate(flags, context, (<u64>page) << shift, ((<u64>end) << shift) - 1);
}

/** Frame that the last access reached. */
export function touchedFrame(): u32 {
  const address = physicalAddress - load<u64>(VIEW_BASE, VIEW_FRAME_BASE);
  return <u32>(address >> load<u32>(LAYOUT_BASE, LAYOUT_PAGE_SHIFT));
}

/** Simulates the records `first`..`end - 1` of the event buffer; see `runAt`. Returns the next index. */
export function run(first: u32, end: u32): u32 {
  assert(first <= end && end <= <u32>EVENTS_CAPACITY);
  return first + runAt(EVENTS_BASE + first * 8, end - first);
}
