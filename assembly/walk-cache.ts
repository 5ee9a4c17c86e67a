// Walk caches (paging-structure caches, SDM 3A 4.10.3; "intermediate caching", Arm ARM D8.17): one array
// per level, from the address bits translated down to that level to the table they lead to.
//
// Only entries that the walk has accepted get in, after their A bit is set; so a hit skips checks and
// updates that were made before.

import { Counter } from "./abi/counters";
import { HALF_LEVELS, LEVEL_BYTES, LEVEL_SHIFT } from "./abi/layout";
import { TLB_BASE } from "./abi/memory-map";
import { TLB_EXTRA, TLB_KEY_CONTEXT_SHIFT, TLB_KEY_PAGE_SHIFT, TLB_WALK_CACHES } from "./abi/tlb";
import { bump } from "./count";
import { findEntry, insertEntry } from "./tlb-array";

const EXTRA_LEVEL_SHIFT: u64 = 32;

/** The class bits of a key hold the level, which is never 0 here. */
function keyOf(context: u32, page: u64, level: u32): u64 {
  return (page << TLB_KEY_PAGE_SHIFT) | ((<u64>context) << TLB_KEY_CONTEXT_SHIFT) | level;
}

/** The deepest cached table on the way to `va`, 0 = none. */
export function findTable(half: u32, context: u32, va: u64, top: u32): u32 {
  for (let level: u32 = 1; level <= top; level++) {
    const array = load<u32>(TLB_BASE + TLB_WALK_CACHES + level * 4);
    if (array == 0) continue;
    const page = va >> load<u32>(half + HALF_LEVELS + level * LEVEL_BYTES, LEVEL_SHIFT);
    const entry = findEntry(array, page, keyOf(context, page, level));
    if (entry != 0) {
      bump(Counter.WalkCacheHitLevel1 + level - 1);
      return entry;
    }
  }
  return 0;
}

/** Level of the entry that a cached table came from. */
export function cachedLevel(entry: u32): u32 {
  return <u32>(load<u64>(entry, TLB_EXTRA) >> EXTRA_LEVEL_SHIFT);
}

export function cachedRestrictions(entry: u32): u32 {
  return <u32>load<u64>(entry, TLB_EXTRA);
}

export function insertTable(
  half: u32,
  context: u32,
  va: u64,
  level: u32,
  table: u64,
  restrictions: u32,
): void {
  const array = load<u32>(TLB_BASE + TLB_WALK_CACHES + level * 4);
  if (array == 0) return;
  const page = va >> load<u32>(half + HALF_LEVELS + level * LEVEL_BYTES, LEVEL_SHIFT);
  const extra = ((<u64>level) << EXTRA_LEVEL_SHIFT) | restrictions;
  insertEntry(array, page, keyOf(context, page, level), table, extra);
}
