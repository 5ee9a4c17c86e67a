// Walk caches (paging-structure caches, SDM 3A 4.10.3; "intermediate caching" of table walks, Arm ARM
// chapter D8): one array per level, from the address bits translated down to that level to the table they
// lead to.
//
// Only entries that the walk has accepted get in, after their A bit is set; so a hit skips checks and
// updates that were made before.

import {
  HALF_LEVELS,
  HALF_TOP_LEVEL,
  LEVEL_BYTES,
  LEVEL_PAGE_MASK,
  LEVEL_SHIFT,
} from "./abi/layout";
import { GEOMETRY_BASE } from "./abi/memory-map";
import {
  ARRAY_BYTES,
  ARRAY_WAYS,
  GEOMETRY_WALK_CACHES,
  TLB_EXTRA,
  WALK_CACHE_LEVELS,
} from "./abi/tlb";
import { dropStamped, Stamped } from "./tlb-stamped";

const EXTRA_LEVEL_SHIFT: u64 = 32;

/** The array of a level's entries; one of no ways where there is none. */
function arrayOf(level: u32): u32 {
  return GEOMETRY_BASE + GEOMETRY_WALK_CACHES + level * ARRAY_BYTES;
}

/** As in a TLB, with the level (never 0 here) in the place of the class. */
function keyOf(va: u64, mask: u64, tag: u32, level: u32): u64 {
  return (va & mask) | (tag | level);
}

/** Written into the walk, once for every level. */
export class WalkCache {
  /** The deepest cached table on the way to `va`, 0 = none. */
  @inline
  static find(cpu: u32, half: u32, tag: u32, va: u64): u32 {
    let entry = WalkCache.findAt(cpu, half, 1, tag, va);
    if (entry == 0) entry = WalkCache.findAt(cpu, half, 2, tag, va);
    if (entry == 0) entry = WalkCache.findAt(cpu, half, 3, tag, va);
    if (entry == 0) entry = WalkCache.findAt(cpu, half, 4, tag, va);
    if (entry == 0) entry = WalkCache.findAt(cpu, half, 5, tag, va);
    return entry;
  }

  @inline
  private static findAt(cpu: u32, half: u32, level: u32, tag: u32, va: u64): u32 {
    const array = arrayOf(level);
    if (load<u32>(array, ARRAY_WAYS) == 0) return 0;
    if (level > load<u32>(half, HALF_TOP_LEVEL)) return 0;
    const at = half + HALF_LEVELS + level * LEVEL_BYTES;
    const key = keyOf(va, load<u64>(at, LEVEL_PAGE_MASK), tag, level);
    return Stamped.find(cpu, array, va >> load<u32>(at, LEVEL_SHIFT), key);
  }

  @inline
  static insert(
    cpu: u32,
    at: u32,
    tag: u32,
    va: u64,
    level: u32,
    table: u64,
    restrictions: u32,
  ): void {
    const array = arrayOf(level);
    if (load<u32>(array, ARRAY_WAYS) != 0) {
      const key = keyOf(va, load<u64>(at, LEVEL_PAGE_MASK), tag, level);
      const entry = Stamped.insert(cpu, array, va >> load<u32>(at, LEVEL_SHIFT), key, table);
      store<u64>(entry, ((<u64>level) << EXTRA_LEVEL_SHIFT) | restrictions, TLB_EXTRA);
    }
  }
}

/** Level of the entry that a cached table came from. */
export function cachedLevel(entry: u32): u32 {
  return <u32>(load<u64>(entry, TLB_EXTRA) >> EXTRA_LEVEL_SHIFT);
}

export function cachedRestrictions(entry: u32): u32 {
  return <u32>load<u64>(entry, TLB_EXTRA);
}

/** Drops what is cached of the way to `va` in one context. */
export function dropTablesTo(cpu: u32, half: u32, tag: u32, va: u64): void {
  for (let level: u32 = 1; level < <u32>WALK_CACHE_LEVELS; level++) {
    const array = arrayOf(level);
    if (load<u32>(array, ARRAY_WAYS) == 0) continue;
    const shift: u64 = load<u32>(half + HALF_LEVELS + level * LEVEL_BYTES, LEVEL_SHIFT);
    const mask = ~(<u64>0) << shift;
    const entry = Stamped.find(cpu, array, va >> shift, keyOf(va, mask, tag, level));
    if (entry != 0) dropStamped(entry);
  }
}
