// A set-associative array of stamped entries with true LRU: first-level TLBs and walk caches.
//
// A use writes the running clock into the entry; the victim is the one with the smallest stamp. Nothing
// moves, so an entry's address can be handed out and kept in a predictor. Four ways, the common case,
// are written out: neither the compiler nor the engine unrolls the loop.

import {
  ARRAY_ENTRIES,
  ARRAY_SET_BYTES,
  ARRAY_SET_MASK,
  ARRAY_WAYS,
  STAMPED_ENTRY_SHIFT,
  TLB_DATA,
  TLB_KEY,
  TLB_STAMP,
} from "./abi/tlb";

const ENTRY: u32 = (<u32>1) << STAMPED_ENTRY_SHIFT;

/**
 * Time of the access under way. An access uses at most one entry of an array, so it needs but one time;
 * all that counts is that a later access has a larger one, and that none is 0.
 */
export let clock: u64 = 1;

export function setClock(now: u64): void {
  clock = now;
}

/**
 * Written into its callers, which run on every first-level miss. Whoever looks up and then fills the same
 * page works on one set: `setOf` once, then `findIn` and `insertIn`.
 */
export class Stamped {
  /** Address of the set that `page` selects. */
  @inline
  static setOf(cpu: u32, array: u32, page: u64): u32 {
    const set = <u32>page & load<u32>(array, ARRAY_SET_MASK);
    return cpu + load<u32>(array, ARRAY_ENTRIES) + set * load<u32>(array, ARRAY_SET_BYTES);
  }

  /** The entry with `key`, made youngest; 0 = absent. */
  @inline
  static findIn(set: u32, ways: u32, key: u64): u32 {
    let entry = set;
    if (ways != 4) {
      entry = findInMany(set, ways, key);
      if (entry == 0) return 0;
    } else if (load<u64>(entry, TLB_KEY) != key) {
      entry += ENTRY;
      if (load<u64>(entry, TLB_KEY) != key) {
        entry += ENTRY;
        if (load<u64>(entry, TLB_KEY) != key) {
          entry += ENTRY;
          if (load<u64>(entry, TLB_KEY) != key) return 0;
        }
      }
    }
    store<u64>(entry, clock, TLB_STAMP);
    return entry;
  }

  /** Replaces the oldest way; the key must be absent. Returns the entry. */
  @inline
  static insertIn(set: u32, ways: u32, key: u64, data: u64): u32 {
    const victim = ways == 4 ? Stamped.oldestOfFour(set) : oldestOfMany(set, ways);
    store<u64>(victim, key, TLB_KEY);
    store<u64>(victim, data, TLB_DATA);
    store<u64>(victim, clock, TLB_STAMP);
    return victim;
  }

  @inline
  static find(cpu: u32, array: u32, page: u64, key: u64): u32 {
    return Stamped.findIn(Stamped.setOf(cpu, array, page), load<u32>(array, ARRAY_WAYS), key);
  }

  @inline
  static insert(cpu: u32, array: u32, page: u64, key: u64, data: u64): u32 {
    return Stamped.insertIn(
      Stamped.setOf(cpu, array, page),
      load<u32>(array, ARRAY_WAYS),
      key,
      data,
    );
  }

  /** An invalid entry has stamp 0. */
  @inline
  private static oldestOfFour(set: u32): u32 {
    const a = load<u64>(set, TLB_STAMP);
    const b = load<u64>(set + ENTRY, TLB_STAMP);
    const c = load<u64>(set + 2 * ENTRY, TLB_STAMP);
    const d = load<u64>(set + 3 * ENTRY, TLB_STAMP);
    const ab = select<u32>(set + ENTRY, set, b < a);
    const cd = select<u32>(set + 3 * ENTRY, set + 2 * ENTRY, d < c);
    return select<u32>(cd, ab, min(c, d) < min(a, b));
  }
}

function findInMany(first: u32, ways: u32, key: u64): u32 {
  const end = first + (ways << STAMPED_ENTRY_SHIFT);
  for (let entry = first; entry < end; entry += ENTRY) {
    if (load<u64>(entry, TLB_KEY) == key) return entry;
  }
  return 0;
}

function oldestOfMany(first: u32, ways: u32): u32 {
  const end = first + (ways << STAMPED_ENTRY_SHIFT);
  let oldest = first;
  for (let entry = first + ENTRY; entry < end; entry += ENTRY) {
    if (load<u64>(entry, TLB_STAMP) < load<u64>(oldest, TLB_STAMP)) oldest = entry;
  }
  return oldest;
}

export function dropStamped(entry: u32): void {
  store<u64>(entry, 0, TLB_KEY);
  store<u64>(entry, 0, TLB_STAMP);
}
