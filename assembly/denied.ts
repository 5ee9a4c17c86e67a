// Accesses that do not simply go through: a fault of the walk, rights that a TLB entry lacks, and stores to
// a clean page.

import { Counter } from "./abi/counters";
import { INVALIDATE_GLOBAL, INVALIDATE_OWN, INVALIDATE_TABLES_ON_WAY } from "./abi/invalidate";
import { HALF_FLAG_FAULT_DROPS_TLB, HALF_FLAGS } from "./abi/layout";
import { STOP_BASE } from "./abi/memory-map";
import { FaultKind } from "./abi/stop";
import { TLB_DATA, TLB_DATA_CLEAN, TLB_DATA_KEY_SHIFT, TlbStructure } from "./abi/tlb";
import { needOf } from "./accessed-dirty";
import { bump } from "./count";
import { walkForAssist } from "./descend";
import { describeFault } from "./describe";
import { forget } from "./invalidate";
import { Data, Tlb } from "./tlb";
import { WalkResult } from "./walk-step";
import { halfIndexOf, halfOf } from "./walk-way";

/** Where no TLB structure keeps pages of a size, the translation is used from here and forgotten. */
export const UNCACHED: u32 = STOP_BASE + 96;

/** A walk found no translation: `WalkResult` says why. */
export function walkFaulted(cpu: u32, halfIndex: u32, va: u64, access: u32): void {
  dropAfterFault(cpu, halfIndex, va);
  describeFault(WalkResult.fault, WalkResult.level, halfIndex, va, access, false);
}

/**
 * On x86-64 a page fault invalidates what the TLBs and the paging-structure caches hold for the faulting
 * address (SDM 3A 4.10.4.1), so that a kernel which lifts a restriction needs no flush.
 */
function dropAfterFault(cpu: u32, halfIndex: u32, va: u64): void {
  const half = halfOf(halfIndex);
  if ((load<u32>(half, HALF_FLAGS) & HALF_FLAG_FAULT_DROPS_TLB) == 0) return;
  forget(cpu, PAGE | INVALIDATE_TABLES_ON_WAY, va);
}

/** The entry lacks what the access needs: a right, or the dirty state. */
export function deniedOrClean(cpu: u32, entry: u32, tag: u32, va: u64, access: u32): u32 {
  const data = load<u64>(entry, TLB_DATA);
  return ((data >> access) & 1) != 0
    ? deniedByTlb(cpu, data, va, access)
    : dirtyAssist(cpu, entry, tag, va, access);
}

/**
 * A cached translation denies the access. The processor faults on it without looking at the tables, even
 * if they grant the right by now (a "spurious" fault, SDM 3A 4.10.4.3).
 */
function deniedByTlb(cpu: u32, data: u64, va: u64, access: u32): u32 {
  const byKey = ((data >> (TLB_DATA_KEY_SHIFT + access)) & 1) != 0;
  const fault: u32 = byKey ? FaultKind.Key : FaultKind.Permission;
  const halfIndex = halfIndexOf(va);
  const level = Data.level(data);
  dropAfterFault(cpu, halfIndex, va);
  describeFault(fault, level, halfIndex, va, access, true);
  return fault;
}

/** Translations of the page, global or not. */
const PAGE: u32 = INVALIDATE_OWN | INVALIDATE_GLOBAL;

function setDirty(entry: u32): void {
  store<u64>(entry, load<u64>(entry, TLB_DATA) & ~(<u64>TLB_DATA_CLEAN), TLB_DATA);
}

/**
 * A store through a clean entry: the tables are walked again to set the dirty state. Where the first
 * level keeps no such page, the entry that was used is that of the second.
 */
function dirtyAssist(cpu: u32, entry: u32, tag: u32, va: u64, access: u32): u32 {
  bump(Counter.DirtyAssist);
  const halfIndex = halfIndexOf(va);
  const fault = walkForAssist(cpu, halfIndex, va, access, needOf(access));
  if (fault != FaultKind.None) {
    forget(cpu, PAGE, va);
    describeFault(fault, WalkResult.level, halfIndex, va, access, false);
    return fault;
  }
  // The tables may map another page by now; then the old translation is stale, and a processor may
  // use either until it is told. This model keeps using the cached one.
  setDirty(entry);
  if (entry == UNCACHED) {
    const kept = Tlb.find(cpu, TlbStructure.L2, tag, va);
    if (kept != 0) setDirty(kept);
  }
  return FaultKind.None;
}
