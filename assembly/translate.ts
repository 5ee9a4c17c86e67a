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
import { GEOMETRY_BASE } from "./abi/memory-map";
import { FaultKind } from "./abi/stop";
import {
  CPU_PREDICTORS,
  CPU_TAG,
  GEOMETRY_DATA_CACHED,
  GEOMETRY_ROUTES,
  PREDICTOR_ADDRESS_SHIFT,
  PREDICTOR_OFFSET_MASK,
  PREDICTOR_SHIFT,
  TLB_CLASS_MASK,
  TLB_DATA,
  TLB_EXTRA,
  TLB_KEY,
  TlbStructure,
} from "./abi/tlb";
import { bump } from "./count";
import { deniedOrClean, UNCACHED, walkFaulted } from "./denied";
import { loadDataThrough } from "./hierarchy";
import { classShift, Data, liveOf, Tlb } from "./tlb";
import { Walk, walk } from "./walk";
import { WalkResult } from "./walk-step";
import { halfIndexOf } from "./walk-way";

/** Physical address of the last access that went through. */
export let physicalAddress: u64 = 0;

/**
 * Makes one access. Returns `FaultKind.None` with the result in `physicalAddress`, or the fault, which
 * the stop block describes. Counts misses; hits are what remains (run.ts).
 * @param need what the access needs of a page, as a data word denies it (`CPU_NEEDS`)
 */
export function accessOnce(cpu: u32, kind: u32, va: u64, access: u32, need: u32): u32 {
  const structure = (load<u32>(GEOMETRY_BASE, GEOMETRY_ROUTES) >> (kind << 1)) & 3;
  if (structure == TlbStructure.DataL1) {
    return Path.access(cpu, TlbStructure.DataL1, kind, va, access, need);
  }
  return structure == TlbStructure.FetchL1
    ? fetch(cpu, kind, va, access, need)
    : storeApart(cpu, kind, va, access, need);
}

function fetch(cpu: u32, kind: u32, va: u64, access: u32, need: u32): u32 {
  return Path.access(cpu, TlbStructure.FetchL1, kind, va, access, need);
}

/** A store where the CPU has a first level for stores. */
function storeApart(cpu: u32, kind: u32, va: u64, access: u32, need: u32): u32 {
  return Path.access(cpu, TlbStructure.StoreL1, kind, va, access, need);
}

/**
 * The way of an access, written out for each first-level structure. Pages of the two smallest classes are
 * found and filled in line.
 */
class Path {
  @inline
  static access(cpu: u32, structure: u32, kind: u32, va: u64, access: u32, need: u32): u32 {
    const isFetch = structure == TlbStructure.FetchL1;
    const tag = load<u32>(cpu, CPU_TAG);
    const live = liveOf(cpu, structure);
    let entry: u32 = 0;
    if (Tlb.isLive(live, 1)) {
      entry = Tlb.findInFirst(cpu, structure, 1, tag, va);
      if (entry != 0) return Path.found(cpu, isFetch, kind, entry, tag, va, access, need);
    }
    if (live > 2) {
      if (Tlb.isLive(live, 2)) entry = Tlb.findInFirst(cpu, structure, 2, tag, va);
      if (entry == 0) entry = Tlb.findRare(cpu, structure, live, tag, va);
      if (entry != 0) {
        if (!isBasePage(entry)) {
          bump(isFetch ? Counter.FetchL1LargeHit : Counter.DataL1LargeHit);
        }
        return Path.found(cpu, isFetch, kind, entry, tag, va, access, need);
      }
    }
    bump(isFetch ? Counter.FetchL1Miss : Counter.DataL1Miss);
    const data = Path.miss(cpu, structure, tag, va, access, need);
    if (data == 0) return WalkResult.fault;
    entry = Tlb.fillFirst(cpu, structure, tag, va, data);
    if (entry == 0) entry = uncached(data, va);
    return Path.go(cpu, isFetch, kind, entry, data, Data.delta(data, va), tag, va, access, need);
  }

  @inline
  private static found(
    cpu: u32,
    isFetch: bool,
    kind: u32,
    entry: u32,
    tag: u32,
    va: u64,
    access: u32,
    need: u32,
  ): u32 {
    const data = load<u64>(entry, TLB_DATA);
    const delta = load<u64>(entry, TLB_EXTRA);
    return Path.go(cpu, isFetch, kind, entry, data, delta, tag, va, access, need);
  }

  /** Goes through, if the entry lets the access. */
  @inline
  private static go(
    cpu: u32,
    isFetch: bool,
    kind: u32,
    entry: u32,
    data: u64,
    delta: u64,
    tag: u32,
    va: u64,
    access: u32,
    need: u32,
  ): u32 {
    usedEntry = entry;
    physicalAddress = va + delta;
    if ((<u32>data & need) != 0) {
      const fault = deniedOrClean(cpu, entry, tag, va, access);
      if (fault != FaultKind.None) return fault;
    }
    if (load<u32>(GEOMETRY_BASE, GEOMETRY_DATA_CACHED) == 0) predict(cpu, kind, entry, va);
    else if (!isFetch) loadDataThrough(cpu, physicalAddress);
    return FaultKind.None;
  }

  /**
   * Looks in the second level, else walks. Returns the data word for the base page of `va`; 0 = the walk
   * faulted (`WalkResult.fault`).
   */
  @inline
  private static miss(cpu: u32, structure: u32, tag: u32, va: u64, access: u32, need: u32): u64 {
    const live = liveOf(cpu, TlbStructure.L2);
    let entry: u32 = 0;
    if (Tlb.isLive(live, 1)) {
      entry = Tlb.findInSecond(cpu, TlbStructure.L2, 1, tag, va);
      if (entry != 0) {
        bump(Counter.L2Hit);
        return Data.pieceAt(load<u64>(entry, TLB_DATA), 1, va);
      }
    }
    if (live > 2) {
      if (Tlb.isLive(live, 2)) entry = Tlb.findInSecond(cpu, TlbStructure.L2, 2, tag, va);
      if (entry == 0) entry = Tlb.findRare(cpu, TlbStructure.L2, live, tag, va);
      if (entry != 0) {
        bump(Counter.L2Hit);
        if (!isBasePage(entry)) bump(Counter.L2LargeHit);
        const data = load<u64>(entry, TLB_DATA);
        return Data.pieceAt(data, Data.pageClass(data), va);
      }
    }
    bump(Counter.L2Miss);
    const halfIndex = halfIndexOf(va);
    const data =
      structure == TlbStructure.DataL1 && halfIndex == 0
        ? Walk.run(cpu, 0, tag, va, access, need)
        : walk(cpu, halfIndex, tag, va, access, need);
    if (data == 0) walkFaulted(cpu, halfIndex, va, access);
    else Tlb.fillSecond(cpu, TlbStructure.L2, tag, va, data);
    return data;
  }
}

/** Large hits are counted one by one: they are never found by prediction. */
function isBasePage(entry: u32): bool {
  return (<u32>load<u64>(entry, TLB_KEY) & TLB_CLASS_MASK) == 1;
}

/** The entry that translated the last access. */
let usedEntry: u32 = UNCACHED;

/** Level of the leaf that translated the last access. */
export function usedLevel(): u32 {
  return Data.level(load<u64>(usedEntry, TLB_DATA));
}

/** log2 bytes of the page that translated the last access. */
export function usedShift(): u32 {
  return classShift(Data.pageClass(load<u64>(usedEntry, TLB_DATA)));
}

/** A translation that no structure keeps: a key that is never looked for. */
function uncached(data: u64, va: u64): u32 {
  store<u64>(UNCACHED, 0, TLB_KEY);
  store<u64>(UNCACHED, data, TLB_DATA);
  store<u64>(UNCACHED, Data.delta(data, va), TLB_EXTRA);
  return UNCACHED;
}

/**
 * The entry is found at once the next time (run.ts), if it is that of a base page. Not where data goes
 * through the caches: then every access must come by here.
 */
function predict(cpu: u32, kind: u32, entry: u32, va: u64): void {
  const slot = <u32>(va >> PREDICTOR_ADDRESS_SHIFT) & PREDICTOR_OFFSET_MASK;
  store<u32>(cpu + slot + (kind << PREDICTOR_SHIFT), entry, CPU_PREDICTORS);
}
