// One access: first-level TLB, second-level TLB, walk; then rights and dirty state.
//
//   probe L1 --hit--> rights, dirty?                    --> physical address
//      | miss           | denied: fault from the TLB
//   probe L2 --hit--> fill L1 --^
//      | miss
//   walk --ok--> fill L2, L1 ---^
//      | fault
//   stop block

import { Counter } from "./abi/counters";
import {
  HALF_BYTES,
  HALF_FLAG_FAULT_DROPS_TLB,
  HALF_FLAGS,
  LAYOUT_HALVES,
  LAYOUT_SELECT_BIT,
} from "./abi/layout";
import { LAYOUT_BASE, STOP_BASE } from "./abi/memory-map";
import { FaultKind } from "./abi/stop";
import {
  CPU_PREDICTORS,
  CPU_ROOTS,
  CPU_ROUTES,
  CPU_TAG,
  GLOBAL_TAG,
  PREDICTOR_ADDRESS_SHIFT,
  PREDICTOR_OFFSET_MASK,
  PREDICTOR_SHIFT,
  TLB_DATA,
  TLB_DATA_CLEAN,
  TLB_DATA_KEY_SHIFT,
  TLB_DATA_LEVEL_MASK,
  TLB_DATA_LEVEL_SHIFT,
  TLB_EXTRA,
  TLB_KEY,
  TlbStructure,
} from "./abi/tlb";
import { needOf } from "./accessed-dirty";
import { bump } from "./count";
import { describeFault } from "./describe";
import { classOfEntry, classShift, dropFrom, Tlb } from "./tlb";
import { walk, walkClass, walkFlags, walkForAssist, walkGlobal, walkLevel, walkPa } from "./walk";
import { dropTablesTo } from "./walk-cache";

/** The page of a data word. */
const PAGE_OF_DATA: u64 = 0x00fffffffffff000;

/** Where no TLB structure keeps pages of a size, the translation is used from here and forgotten. */
const UNCACHED: u32 = STOP_BASE + 96;

/** Physical address of the last access that went through. */
export let physicalAddress: u64 = 0;

/** Which half of the address space `va` lies in. */
export function halfIndexOf(va: u64): u32 {
  return <u32>(va >> load<u32>(LAYOUT_BASE, LAYOUT_SELECT_BIT)) & 1;
}

export function halfOf(halfIndex: u32): u32 {
  return LAYOUT_BASE + LAYOUT_HALVES + halfIndex * HALF_BYTES;
}

/**
 * Makes one access. Returns `FaultKind.None` with the result in `physicalAddress`, or the fault, which
 * the stop block describes. Counts misses; hits are what remains (run.ts).
 */
export function accessOnce(cpu: u32, kind: u32, va: u64, access: u32): u32 {
  const structure = (load<u32>(cpu, CPU_ROUTES) >> (kind << 1)) & 3;
  const tag = load<u32>(cpu, CPU_TAG);
  const usual = Tlb.usualProbe(cpu, structure);
  const set = Tlb.firstSet(usual, va);
  let first = Tlb.findInFirst(usual, set, tag, va);
  if (first == 0) first = rareHit(cpu, structure, tag, va);
  else countLarge(structure, first);
  let entry = first;
  if (entry == 0) {
    bump(structure == TlbStructure.FetchL1 ? Counter.FetchL1Miss : Counter.DataL1Miss);
    entry = Miss.serve(cpu, tag, va, access);
    if (entry == 0) return missFault;
    first = Tlb.fillFirst(cpu, structure, usual, set, va, missTag, missClass, missData);
    if (first != 0) {
      entry = first;
      leadsTo(first, missData, va);
    }
  }
  const data = load<u64>(entry, TLB_DATA);
  usedEntry = entry;
  if ((data & needOf(access)) != 0) {
    const fault = deniedOrClean(cpu, entry, tag, va, access);
    if (fault != FaultKind.None) return fault;
  }
  const inPage = inPageOf(classOfEntry(entry));
  physicalAddress = (data & PAGE_OF_DATA & ~inPage) | (va & inPage);
  if (first != 0) predict(cpu, kind, first, va);
  return FaultKind.None;
}

/** What a first-level miss found: data word, page-size class and tag to fill with; or the fault. */
let missData: u64 = 0;
let missClass: u32 = 0;
let missTag: u32 = 0;
let missFault: u32 = 0;

class Miss {
  /** Looks in the second level, else walks. Returns an entry with the translation, 0 = fault. */
  @inline
  static serve(cpu: u32, tag: u32, va: u64, access: u32): u32 {
    const usual = Tlb.usualProbe(cpu, TlbStructure.L2);
    const set = Tlb.secondSet(usual, va);
    let entry = Tlb.findInSecond(usual, set, tag, va);
    if (entry == 0) entry = Tlb.findRare(cpu, TlbStructure.L2, tag, va);
    if (entry != 0) {
      bump(Counter.L2Hit);
      missClass = classOfEntry(entry);
      missData = load<u64>(entry, TLB_DATA);
      missTag = <u32>load<u64>(entry, TLB_KEY) & GLOBAL_TAG;
      if (missClass > 1) {
        bump(Counter.L2LargeHit);
        const inPage = inPageOf(missClass) & PAGE_OF_DATA;
        missData = (missData & ~inPage) | (va & inPage);
      }
      return entry;
    }
    bump(Counter.L2Miss);
    missFault = walkFor(cpu, tag, va, access);
    if (missFault != FaultKind.None) return 0;
    missClass = walkClass;
    missData = (walkPa & PAGE_OF_DATA) | walkFlags;
    missTag = walkGlobal ? <u32>GLOBAL_TAG : tag;
    entry = Tlb.fillSecond(cpu, usual, set, va, missTag, missClass, missData);
    return entry != 0 ? entry : uncached(missData);
  }
}

function inPageOf(pageClass: u32): u64 {
  return ((<u64>1) << classShift(pageClass)) - 1;
}

/** A first-level entry of another class than the usual one. */
function rareHit(cpu: u32, structure: u32, tag: u32, va: u64): u32 {
  const entry = Tlb.findRare(cpu, structure, tag, va);
  if (entry != 0) countLarge(structure, entry);
  return entry;
}

/** Large hits are counted one by one: they are never found by prediction. */
function countLarge(structure: u32, entry: u32): void {
  if (classOfEntry(entry) == 1) return;
  bump(structure == TlbStructure.FetchL1 ? Counter.FetchL1LargeHit : Counter.DataL1LargeHit);
}

/** The entry that translated the last access. */
let usedEntry: u32 = UNCACHED;

/** Level of the leaf that translated the last access. */
export function usedLevel(): u32 {
  return <u32>(load<u64>(usedEntry, TLB_DATA) >> TLB_DATA_LEVEL_SHIFT) & TLB_DATA_LEVEL_MASK;
}

/** log2 bytes of the page that translated the last access. */
export function usedShift(): u32 {
  return classShift(usedEntry == UNCACHED ? walkClass : classOfEntry(usedEntry));
}

/** A translation that no structure keeps: exact for the base page of the access, whatever its page. */
function uncached(data: u64): u32 {
  store<u64>(UNCACHED, 1, TLB_KEY);
  store<u64>(UNCACHED, data, TLB_DATA);
  return UNCACHED;
}

/**
 * Notes physical - virtual address in a new entry, which is what run.ts adds when it finds the entry by
 * prediction. It stands there from the fill on: predictions from before the fill may lead here.
 */
function leadsTo(entry: u32, data: u64, va: u64): void {
  const inPage = inPageOf(classOfEntry(entry));
  store<u64>(entry, (data & PAGE_OF_DATA & ~inPage) - (va & ~inPage), TLB_EXTRA);
}

/** The entry is found at once the next time (run.ts). */
function predict(cpu: u32, kind: u32, entry: u32, va: u64): void {
  const slot = <u32>(va >> PREDICTOR_ADDRESS_SHIFT) & PREDICTOR_OFFSET_MASK;
  store<u32>(cpu + slot + (kind << PREDICTOR_SHIFT), entry, CPU_PREDICTORS);
}

function walkFor(cpu: u32, tag: u32, va: u64, access: u32): u32 {
  const halfIndex = halfIndexOf(va);
  const root = load<u64>(cpu + (halfIndex << 3), CPU_ROOTS);
  const fault = walk(cpu, halfOf(halfIndex), tag, root, va, access);
  if (fault == FaultKind.None) return fault;
  dropAfterFault(cpu, halfIndex, tag, va);
  describeFault(fault, walkLevel, halfIndex, va, access, false);
  return fault;
}

/**
 * On x86-64 a page fault invalidates what the TLBs and the paging-structure caches hold for the faulting
 * address (SDM 3A 4.10.4.1), so that a kernel which lifts a restriction needs no flush.
 */
function dropAfterFault(cpu: u32, halfIndex: u32, tag: u32, va: u64): void {
  const half = halfOf(halfIndex);
  if ((load<u32>(half, HALF_FLAGS) & HALF_FLAG_FAULT_DROPS_TLB) == 0) return;
  dropPage(cpu, tag, va);
  dropTablesTo(cpu, half, tag, va);
}

/** The entry lacks what the access needs: a right, or the dirty state. */
function deniedOrClean(cpu: u32, entry: u32, tag: u32, va: u64, access: u32): u32 {
  const data = load<u64>(entry, TLB_DATA);
  return ((data >> access) & 1) != 0
    ? deniedByTlb(cpu, data, tag, va, access)
    : dirtyAssist(cpu, entry, tag, va, access);
}

/**
 * A cached translation denies the access. The processor faults on it without looking at the tables, even
 * if they grant the right by now (a "spurious" fault, SDM 3A 4.10.4.3).
 */
function deniedByTlb(cpu: u32, data: u64, tag: u32, va: u64, access: u32): u32 {
  const byKey = ((data >> (TLB_DATA_KEY_SHIFT + access)) & 1) != 0;
  const fault: u32 = byKey ? FaultKind.Key : FaultKind.Permission;
  const halfIndex = halfIndexOf(va);
  const level = <u32>(data >> TLB_DATA_LEVEL_SHIFT) & TLB_DATA_LEVEL_MASK;
  dropAfterFault(cpu, halfIndex, tag, va);
  describeFault(fault, level, halfIndex, va, access, true);
  return fault;
}

/** Drops whatever translates `va` in a context, global or not, from every structure of a CPU. */
export function dropPage(cpu: u32, tag: u32, va: u64): void {
  for (let structure: u32 = 0; structure <= <u32>TlbStructure.L2; structure++) {
    dropFrom(cpu, structure, tag, va);
    dropFrom(cpu, structure, GLOBAL_TAG, va);
  }
}

/** A store through a clean entry: the tables are walked again to set the dirty state. */
function dirtyAssist(cpu: u32, entry: u32, tag: u32, va: u64, access: u32): u32 {
  bump(Counter.DirtyAssist);
  const halfIndex = halfIndexOf(va);
  const root = load<u64>(cpu + (halfIndex << 3), CPU_ROOTS);
  const fault = walkForAssist(halfOf(halfIndex), root, va, access);
  if (fault != FaultKind.None) {
    dropPage(cpu, tag, va);
    describeFault(fault, walkLevel, halfIndex, va, access, false);
    return fault;
  }
  // The tables may map another page by now; then the old translation is stale, and a processor may
  // use either until it is told. This model keeps using the cached one.
  store<u64>(entry, load<u64>(entry, TLB_DATA) & ~(<u64>TLB_DATA_CLEAN), TLB_DATA);
  return FaultKind.None;
}
