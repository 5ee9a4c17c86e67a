// Walk caches (paging-structure caches, SDM 3A 4.10.3; "intermediate caching" of table walks, Arm ARM
// chapter D8): one array per level, from the address bits translated down to that level to the table they
// lead to.
//
// Only entries that the walk has accepted get in, after their A bit is set; so a hit skips checks and
// updates that were made before.

import { HALF_LEVELS, LEVEL_BYTES, LEVEL_PAGE_MASK, LEVEL_SHIFT } from "./abi/layout";
import { GEOMETRY_BASE } from "./abi/memory-map";
import { ARRAY_BYTES, ARRAY_WAYS, GEOMETRY_WALK_CACHES, TLB_EXTRA } from "./abi/tlb";
import { Stamped } from "./tlb-stamped";

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
  /** The table that an entry of `level` on the way to `va` leads to, if it is cached; 0 = it is not. */
  @inline
  static find(cpu: u32, half: u32, level: u32, tag: u32, va: u64): u32 {
    const array = arrayOf(level);
    if (load<u32>(array, ARRAY_WAYS) == 0) return 0;
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
      store<u64>(entry, restrictions, TLB_EXTRA);
    }
  }
}

export function cachedRestrictions(entry: u32): u32 {
  return load<u32>(entry, TLB_EXTRA);
}
