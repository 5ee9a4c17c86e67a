// Accessed and dirty updates by the layout's policy.
//
// One rule serves all: a leaf is accessed (dirty) when (entry & mask) == value, and is made so by
// writing value there. x86-64 sets D; arm64 clears AP[2], and only where DBM let the write through,
// because without it the permission table already denied the store.

import { Counter } from "./abi/counters";
import {
  HALF_ACCESSED_MASK,
  HALF_ACCESSED_VALUE,
  HALF_DIRTY_MASK,
  HALF_DIRTY_VALUE,
  HALF_FLAG_ACCESSED_BY_HARDWARE,
  HALF_FLAG_ACCESSED_FAULTS,
  HALF_FLAG_ACCESSED_FIRST,
  HALF_FLAG_DIRTY_BY_HARDWARE,
  HALF_FLAG_DIRTY_FAULTS,
  HALF_FLAGS,
  HALF_TABLE_SET,
} from "./abi/layout";
import { Access, FaultKind } from "./abi/stop";
import { TLB_DATA_CLEAN } from "./abi/tlb";
import { bump } from "./count";

function isAccessed(half: u32, entry: u64): bool {
  return (entry & load<u64>(half, HALF_ACCESSED_MASK)) == load<u64>(half, HALF_ACCESSED_VALUE);
}

export function isDirty(half: u32, entry: u64): bool {
  return (entry & load<u64>(half, HALF_DIRTY_MASK)) == load<u64>(half, HALF_DIRTY_VALUE);
}

/** Bit = `Access`. No branch: whether an access is a store is as good as random. */
const STORES: u32 = (1 << Access.UserWrite) | (1 << Access.SupervisorWrite);

function isStore(access: u32): bool {
  return ((STORES >> access) & 1) != 0;
}

/** What an access needs of a page, in the bits where a TLB data word denies it. */
export function needOf(access: u32): u32 {
  return ((<u32>1) << access) | (((STORES >> access) & 1) * TLB_DATA_CLEAN);
}

/** A table entry that a walk used; x86-64 sets A in it, most others leave it alone. */
export function markTable(half: u32, word: u32, entry: u64): u64 {
  const marked = entry | load<u64>(half, HALF_TABLE_SET);
  if (marked == entry) return entry;
  store<u64>(word, marked);
  bump(Counter.AccessedSet);
  return marked;
}

/** The accessed-flag fault that comes before the permission check (`first`) or after it. */
export function accessedFault(half: u32, entry: u64, first: bool): u32 {
  const flags = load<u32>(half, HALF_FLAGS);
  if ((flags & HALF_FLAG_ACCESSED_FAULTS) == 0) return FaultKind.None;
  if (((flags & HALF_FLAG_ACCESSED_FIRST) != 0) != first) return FaultKind.None;
  return isAccessed(half, entry) ? FaultKind.None : FaultKind.AccessFlag;
}

/** The fault of a store to a clean page where software keeps the dirty state. */
export function dirtyFault(half: u32, entry: u64, access: u32): u32 {
  if ((load<u32>(half, HALF_FLAGS) & HALF_FLAG_DIRTY_FAULTS) == 0) return FaultKind.None;
  return !isDirty(half, entry) && isStore(access) ? FaultKind.Dirty : FaultKind.None;
}

/** The leaf of a translation that goes through: one read-modify-write for both updates. */
export function markLeaf(half: u32, word: u32, entry: u64, access: u32): u64 {
  const flags = load<u32>(half, HALF_FLAGS);
  let marked = entry;
  if ((flags & HALF_FLAG_ACCESSED_BY_HARDWARE) != 0 && !isAccessed(half, entry)) {
    marked = (marked & ~load<u64>(half, HALF_ACCESSED_MASK)) | load<u64>(half, HALF_ACCESSED_VALUE);
    bump(Counter.AccessedSet);
  }
  if ((flags & HALF_FLAG_DIRTY_BY_HARDWARE) != 0 && !isDirty(half, entry) && isStore(access)) {
    marked = (marked & ~load<u64>(half, HALF_DIRTY_MASK)) | load<u64>(half, HALF_DIRTY_VALUE);
    bump(Counter.DirtySet);
  }
  if (marked != entry) store<u64>(word, marked);
  return marked;
}
