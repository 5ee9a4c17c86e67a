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
  HALF_CODES,
  HALF_FLAG_FAULT_DROPS_TLB,
  HALF_FLAGS,
  LAYOUT_HALVES,
  LAYOUT_SELECT_BIT,
  MAX_LEVELS,
} from "./abi/layout";
import { LAYOUT_BASE, STOP_BASE } from "./abi/memory-map";
import {
  ACCESSES,
  Access,
  FaultKind,
  STOP_ACCESS,
  STOP_CODE,
  STOP_ENTRY,
  STOP_ENTRY_PA,
  STOP_FAULT,
  STOP_FAULT_CODE,
  STOP_FROM_TLB,
  STOP_HALF,
  STOP_LEVEL,
  STOP_PA,
  STOP_PAGE_SHIFT,
  STOP_VA,
  Stop,
} from "./abi/stop";
import { TLB_DATA, TLB_DATA_DIRTY, TLB_DATA_FLAGS, TLB_EXTRA, TlbStructure } from "./abi/tlb";
import { isDirty, isStore } from "./accessed-dirty";
import { bump } from "./count";
import { demandStop, resetDemandStop } from "./demand";
import { classShift, fill, hitClass, probe } from "./tlb";
import { dropEntry } from "./tlb-array";
import {
  walk,
  walkClass,
  walkDenied,
  walkEntry,
  walkEntryPa,
  walkForAssist,
  walkLevel,
  walkPa,
  walkRights,
} from "./walk";

const EXTRA_DENIED_SHIFT: u64 = 8;
const LEVEL_BITS: u32 = 0xff;

/** Roots of the two halves, and the context that tags cached translations. */
let root0: u64 = 0;
let root1: u64 = 0;
let context: u32 = 0;

export function setRoots(first: u64, second: u64): void {
  root0 = first;
  root1 = second;
}

export function setContext(id: u32): void {
  context = id;
}

/** Physical address of the last access that went through. */
export let physicalAddress: u64 = 0;

/** Makes one access. Returns `FaultKind.None`, or the fault, described in the stop block. */
export function accessOnce(va: u64, access: u32): u32 {
  const halfIndex = <u32>(va >> load<u32>(LAYOUT_BASE, LAYOUT_SELECT_BIT)) & 1;
  const half: u32 = LAYOUT_BASE + LAYOUT_HALVES + halfIndex * HALF_BYTES;
  const fetch = access == Access.UserFetch || access == Access.SupervisorFetch;
  const structure: u32 = fetch ? TlbStructure.FetchL1 : TlbStructure.DataL1;
  const firstCounter: u32 = fetch ? Counter.FetchL1Hit : Counter.DataL1Hit;

  let entry = probe(structure, halfIndex, context, va);
  if (entry != 0) {
    bump(firstCounter);
    if (hitClass > 1) bump(firstCounter + 1);
  } else {
    bump(firstCounter + 2);
    entry = secondLevel(structure, halfIndex, half, va, access);
    if (entry == 0) return lastFault;
  }
  return finish(entry, halfIndex, half, va, access);
}

/** The fault of the walk that `secondLevel` made, when it returns 0. */
let lastFault: u32 = 0;

/** Where a page is too large or small for every TLB structure, it is used from here and not cached. */
const UNCACHED: u32 = STOP_BASE + 96;

/** Looks in the second-level TLB, else walks. Returns an entry that holds the translation, 0 = fault. */
function secondLevel(structure: u32, halfIndex: u32, half: u32, va: u64, access: u32): u32 {
  const second = probe(TlbStructure.L2, halfIndex, context, va);
  if (second != 0) {
    bump(Counter.L2Hit);
    if (hitClass > 1) bump(Counter.L2LargeHit);
    const found = hitClass;
    const offset: u64 = ((<u64>1) << classShift(half, found)) - 1;
    const data = load<u64>(second, TLB_DATA) | (va & offset & ~(<u64>TLB_DATA_FLAGS));
    return (
      fill(structure, halfIndex, context, va, found, data, load<u64>(second, TLB_EXTRA)) || second
    );
  }
  bump(Counter.L2Miss);
  const root = halfIndex == 0 ? root0 : root1;
  lastFault = walk(half, context, root, va, access);
  if (lastFault != FaultKind.None) {
    describe(lastFault, halfIndex, half, va, access, false);
    return 0;
  }
  const data = translation(half);
  const extra = walkLevel | ((<u64>walkDenied) << EXTRA_DENIED_SHIFT);
  fill(TlbStructure.L2, halfIndex, context, va, walkClass, data, extra);
  const first = fill(structure, halfIndex, context, va, walkClass, data, extra);
  if (first != 0) return first;
  store<u64>(UNCACHED, data, TLB_DATA);
  store<u64>(UNCACHED, extra, TLB_EXTRA);
  return UNCACHED;
}

/** The data word of the walk's result. */
function translation(half: u32): u64 {
  const dirty: u64 = isDirty(half, walkEntry) ? TLB_DATA_DIRTY : 0;
  return (walkPa & ~(<u64>TLB_DATA_FLAGS)) | walkRights | dirty;
}

/** Checks the entry's rights and dirty state, and delivers the address. */
function finish(entry: u32, halfIndex: u32, half: u32, va: u64, access: u32): u32 {
  const data = load<u64>(entry, TLB_DATA);
  if (((data >> access) & 1) == 0) return deniedByTlb(entry, halfIndex, half, va, access);
  if (isStore(access) && (data & TLB_DATA_DIRTY) == 0) {
    const fault = dirtyAssist(entry, halfIndex, half, va, access);
    if (fault != FaultKind.None) return fault;
  }
  const offset: u64 = entry == UNCACHED ? 0xfff : ((<u64>1) << classShift(half, hitClass)) - 1;
  physicalAddress = (data & ~(<u64>TLB_DATA_FLAGS) & ~offset) | (va & offset);
  return FaultKind.None;
}

/**
 * A cached translation denies the access. The processor faults on it without looking at the tables, even
 * if they grant the right by now (a "spurious" fault, SDM 3A 4.10.4.3); on x86-64 the fault drops the
 * entry (4.10.4.1: a page fault invalidates translations "for the faulting linear address").
 */
function deniedByTlb(entry: u32, halfIndex: u32, half: u32, va: u64, access: u32): u32 {
  const extra = load<u64>(entry, TLB_EXTRA);
  const byKey = ((extra >> (EXTRA_DENIED_SHIFT + access)) & 1) != 0;
  const fault: u32 = byKey ? FaultKind.Key : FaultKind.Permission;
  if ((load<u32>(half, HALF_FLAGS) & HALF_FLAG_FAULT_DROPS_TLB) != 0) dropPage(halfIndex, va);
  describe(fault, halfIndex, half, va, access, true);
  store<u32>(STOP_BASE, <u32>extra & LEVEL_BITS, STOP_LEVEL);
  storeCode(half, fault, <u32>extra & LEVEL_BITS, access);
  return fault;
}

/** Drops whatever translates `va` in this context from every structure. */
export function dropPage(halfIndex: u32, va: u64): void {
  for (let structure: u32 = 0; structure <= <u32>TlbStructure.L2; structure++) {
    for (;;) {
      const entry = probe(structure, halfIndex, context, va);
      if (entry == 0) break;
      dropEntry(entry);
    }
  }
}

/** A store through a clean entry: the tables are walked again to set the dirty state. */
function dirtyAssist(entry: u32, halfIndex: u32, half: u32, va: u64, access: u32): u32 {
  bump(Counter.DirtyAssist);
  const fault = walkForAssist(half, halfIndex == 0 ? root0 : root1, va, access);
  if (fault != FaultKind.None) {
    dropPage(halfIndex, va);
    describe(fault, halfIndex, half, va, access, false);
    return fault;
  }
  // The tables may map another page by now; then the old translation is stale, and a processor may
  // use either until it is told. This model keeps using the cached one.
  store<u64>(entry, load<u64>(entry, TLB_DATA) | TLB_DATA_DIRTY, TLB_DATA);
  return FaultKind.None;
}

function storeCode(half: u32, fault: u32, level: u32, access: u32): void {
  const at = half + HALF_CODES + 2 * ((fault * MAX_LEVELS + level) * ACCESSES + access);
  store<u32>(STOP_BASE, load<u16>(at), STOP_FAULT_CODE);
}

function describe(
  fault: u32,
  halfIndex: u32,
  half: u32,
  va: u64,
  access: u32,
  fromTlb: bool,
): void {
  bump(Counter.FaultOutOfRange + fault - FaultKind.OutOfRange);
  store<u32>(STOP_BASE, demandStop, STOP_CODE);
  resetDemandStop();
  store<u32>(STOP_BASE, fault, STOP_FAULT);
  store<u32>(STOP_BASE, walkLevel, STOP_LEVEL);
  store<u32>(STOP_BASE, access, STOP_ACCESS);
  store<u32>(STOP_BASE, halfIndex, STOP_HALF);
  store<u32>(STOP_BASE, fromTlb ? 1 : 0, STOP_FROM_TLB);
  store<u64>(STOP_BASE, va, STOP_VA);
  store<u64>(STOP_BASE, 0, STOP_PA);
  store<u32>(STOP_BASE, 0, STOP_PAGE_SHIFT);
  store<u64>(STOP_BASE, walkEntryPa, STOP_ENTRY_PA);
  store<u64>(STOP_BASE, walkEntry, STOP_ENTRY);
  storeCode(half, fault, walkLevel, access);
}

/** Writes a translation that went through to the stop block. */
export function describeSuccess(half: u32, va: u64, access: u32): void {
  store<u32>(STOP_BASE, Stop.Done, STOP_CODE);
  store<u32>(STOP_BASE, FaultKind.None, STOP_FAULT);
  store<u32>(STOP_BASE, 0, STOP_FAULT_CODE);
  store<u32>(STOP_BASE, access, STOP_ACCESS);
  store<u32>(STOP_BASE, walkLevel, STOP_LEVEL);
  store<u32>(STOP_BASE, classShift(half, walkClass), STOP_PAGE_SHIFT);
  store<u64>(STOP_BASE, va, STOP_VA);
  store<u64>(STOP_BASE, physicalAddress, STOP_PA);
  store<u64>(STOP_BASE, walkEntryPa, STOP_ENTRY_PA);
  store<u64>(STOP_BASE, walkEntry, STOP_ENTRY);
}
