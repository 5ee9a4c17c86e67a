// The whole surface of the module, grouped by file. 64-bit arguments are for set-up and single
// translations; batches travel through linear memory.

import { HALF_BYTES, LAYOUT_HALVES, LAYOUT_SELECT_BIT } from "./abi/layout";
import { LAYOUT_BASE, MEMORY_BASE } from "./abi/memory-map";
import { FaultKind } from "./abi/stop";
import { resetCounters } from "./count";
import { allocateTable } from "./demand";
import { resetMemory, wordAt, writeWord } from "./physmem";
import { setMode } from "./run";
import { flushAll } from "./tlb";
import { accessOnce, describeSuccess, setContext, setRoots } from "./translate";
import { clearLog } from "./walk-log";

export { Counter } from "./abi/counters";
export { Control, EventKind } from "./abi/event";
export { Access, FaultKind, Stop } from "./abi/stop";
export { TlbStructure } from "./abi/tlb";

export { run, setMode } from "./run";
export { flushAll } from "./tlb";
export { dropPage, setContext, setRoots } from "./translate";
export { enableLog } from "./walk-log";

/** First byte of the module's regions; static data of the compiler must end below. */
export const memoryBase: u32 = MEMORY_BASE;

/** Where static data of the compiler ends. */
export function heapBase(): usize {
  return __heap_base;
}

/** Forgets memory, TLBs and counters; layout, TLB geometry and demand policy stay. */
export function reset(window: u32): void {
  resetMemory(window != 0);
  flushAll();
  resetCounters();
  setRoots(0, 0);
  setContext(0);
  setMode(0);
  clearLog();
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
  return allocateTable(LAYOUT_BASE + LAYOUT_HALVES + halfIndex * HALF_BYTES, level);
}

/** Makes one access and describes it in the stop block. Returns the fault kind. */
export function translate(va: u64, access: u32): u32 {
  clearLog();
  const fault = accessOnce(va, access);
  if (fault == FaultKind.None) {
    const halfIndex = <u32>(va >> load<u32>(LAYOUT_BASE, LAYOUT_SELECT_BIT)) & 1;
    describeSuccess(LAYOUT_BASE + LAYOUT_HALVES + halfIndex * HALF_BYTES, va, access);
  }
  return fault;
}
