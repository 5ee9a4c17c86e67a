// A set-associative array with partial tags and true LRU, up to 16 ways: second-level TLBs.
//
//   tags    one 64-byte line a set: the 32-bit fold of each way's key, compared four at a time
//   order   one word a set: way numbers from youngest (nibble 0) to oldest (nibble ways - 1)
//   entries {key, data} by set and way: looked at only where a tag fits
//
//   promote way w:   ...|c|w|b|a|   -->   ...|c|b|a|w|      (nibbles below w move up by one)

import {
  ARRAY_ENTRIES,
  ARRAY_HASHED,
  ARRAY_ORDERS,
  ARRAY_OWN,
  ARRAY_SET_BYTES,
  ARRAY_SET_MASK,
  ARRAY_TAGS,
  ARRAY_WAYS,
  TAGGED_ENTRY_SHIFT,
  TAGS_SET_BYTES,
  TLB_DATA,
  TLB_KEY,
} from "./abi/tlb";
import { hashOf } from "./scatter";

const NIBBLE_ONES: u64 = 0x1111111111111111;
const NIBBLE_TOPS: u64 = 0x8888888888888888;

/** Keys differ in few bits near the page number; the fold keeps all of them. */
function fold(key: u64): u32 {
  return <u32>key ^ <u32>(key >> 32);
}

/**
 * Moves way `w` to the young end. The lowest nibble equal to w is found as the lowest zero nibble of
 * order ^ wwww...: subtracting 1 from each nibble borrows into the top bit of a zero one. Borrows that
 * run on from there spoil only nibbles above it.
 */
function promote(order: u64, w: u32): u64 {
  const difference = order ^ (NIBBLE_ONES * w);
  const zeroes = (difference - NIBBLE_ONES) & ~difference & NIBBLE_TOPS;
  const at = ctz(zeroes) & ~(<u64>3);
  const below: u64 = ((<u64>1) << at) - 1;
  const above = (~(<u64>0) << at) << 4;
  return (order & above) | ((order & below) << 4) | w;
}

function hashedSet(page: u64, mask: u32): u32 {
  return <u32>hashOf(page) & (mask & ~(<u32>ARRAY_HASHED));
}

/** Written into its callers: they run on every first-level miss. */
export class Tagged {
  /** Of a place noted in the array's record, its address. */
  @inline
  private static placeIn(cpu: u32, array: u32, place: u32): u32 {
    return (cpu & load<u32>(array, ARRAY_OWN)) + place;
  }

  @inline
  static entryAt(cpu: u32, array: u32, set: u32, way: u32): u32 {
    const entries = Tagged.placeIn(cpu, array, load<u32>(array, ARRAY_ENTRIES));
    return entries + set * load<u32>(array, ARRAY_SET_BYTES) + (way << TAGGED_ENTRY_SHIFT);
  }

  @inline
  static tagsOf(cpu: u32, array: u32, set: u32): u32 {
    return Tagged.placeIn(cpu, array, load<u32>(array, ARRAY_TAGS)) + set * TAGS_SET_BYTES;
  }

  @inline
  static orderAt(cpu: u32, array: u32, set: u32): u32 {
    return Tagged.placeIn(cpu, array, load<u32>(array, ARRAY_ORDERS)) + (set << 3);
  }

  /** A bit per way whose tag fits. */
  @inline
  private static fitting(tags: u32, ways: u32, tag: u32): u32 {
    const wanted = i32x4.splat(tag);
    const a = i32x4.eq(v128.load(tags), wanted);
    const b = i32x4.eq(v128.load(tags, 16), wanted);
    const c = i32x4.eq(v128.load(tags, 32), wanted);
    if (ways <= 12) {
      if (!v128.any_true(v128.or(v128.or(a, b), c))) return 0;
      return i32x4.bitmask(a) | (i32x4.bitmask(b) << 4) | (i32x4.bitmask(c) << 8);
    }
    const d = i32x4.eq(v128.load(tags, 48), wanted);
    if (!v128.any_true(v128.or(v128.or(a, b), v128.or(c, d)))) return 0;
    return (
      i32x4.bitmask(a) |
      (i32x4.bitmask(b) << 4) |
      (i32x4.bitmask(c) << 8) |
      (i32x4.bitmask(d) << 12)
    );
  }

  /** Number of the set that `page` selects. */
  @inline
  static setOf(array: u32, page: u64): u32 {
    const mask = load<u32>(array, ARRAY_SET_MASK);
    return (mask & <u32>ARRAY_HASHED) == 0 ? <u32>page & mask : hashedSet(page, mask);
  }

  /** The entry with `key` in a set, made youngest; 0 = absent. */
  @inline
  static findIn(cpu: u32, array: u32, set: u32, key: u64): u32 {
    const ways = load<u32>(array, ARRAY_WAYS);
    const fits = Tagged.fitting(Tagged.tagsOf(cpu, array, set), ways, fold(key));
    return fits == 0 ? 0 : Tagged.findAmong(cpu, array, set, fits, key);
  }

  /**
   * Ways whose tag fits are few; the whole key decides. A tag of 0 fits the places behind the last way, too,
   * where a set has less than 16: those hold no entry.
   */
  @inline
  private static findAmong(cpu: u32, array: u32, set: u32, fitting: u32, key: u64): u32 {
    const ways: u32 = ((<u32>1) << load<u32>(array, ARRAY_WAYS)) - 1;
    for (let fits = fitting & ways; fits != 0; fits &= fits - 1) {
      const way = <u32>ctz(fits);
      const entry = Tagged.entryAt(cpu, array, set, way);
      if (load<u64>(entry, TLB_KEY) != key) continue;
      const order = Tagged.orderAt(cpu, array, set);
      store<u64>(order, promote(load<u64>(order), way));
      return entry;
    }
    return 0;
  }

  /** Replaces the oldest way; the key must be absent. Returns the entry. */
  @inline
  static insertIn(cpu: u32, array: u32, set: u32, key: u64, data: u64): u32 {
    const at = Tagged.orderAt(cpu, array, set);
    const order = load<u64>(at);
    const oldest: u64 = (load<u32>(array, ARRAY_WAYS) - 1) << 2;
    const way = <u32>(order >> oldest) & 15;
    const kept: u64 = ((<u64>1) << oldest) - 1;
    store<u64>(at, ((order & kept) << 4) | way);
    const entry = Tagged.entryAt(cpu, array, set, way);
    store<u64>(entry, key, TLB_KEY);
    store<u64>(entry, data, TLB_DATA);
    store<u32>(Tagged.tagsOf(cpu, array, set) + (way << 2), fold(key));
    return entry;
  }
}

/** Key of the entry that the next fill of a set replaces; 0 = a free place. */
export function oldestKey(cpu: u32, array: u32, set: u32): u64 {
  const order = load<u64>(Tagged.orderAt(cpu, array, set));
  const oldest: u64 = (load<u32>(array, ARRAY_WAYS) - 1) << 2;
  return load<u64>(Tagged.entryAt(cpu, array, set, <u32>(order >> oldest) & 15), TLB_KEY);
}

/** Makes the entry invalid and the next victim of its set. */
export function dropTagged(cpu: u32, array: u32, entry: u32): void {
  const set = (entry - Tagged.entryAt(cpu, array, 0, 0)) / load<u32>(array, ARRAY_SET_BYTES);
  const way = (entry - Tagged.entryAt(cpu, array, set, 0)) >> TAGGED_ENTRY_SHIFT;
  store<u64>(entry, 0, TLB_KEY);
  store<u32>(Tagged.tagsOf(cpu, array, set) + (way << 2), 0);
  const at = Tagged.orderAt(cpu, array, set);
  const oldest: u64 = (load<u32>(array, ARRAY_WAYS) - 1) << 2;
  const young = promote(load<u64>(at), way);
  store<u64>(at, (young >> 4) | ((<u64>way) << oldest));
}

/** Way numbers in ascending age: what an empty set holds. */
export function emptyOrder(ways: u32): u64 {
  return ways == 16 ? 0xfedcba9876543210 : 0xfedcba9876543210 & (((<u64>1) << (ways << 2)) - 1);
}
