// Entries side by side that differ at most in the page they map: most of a table, most of the time.
//
//   first | same bits | same bits | ... | another        pairs at a time, several pairs between two looks
//         +------- one answer for all -------+
//
// What a rule makes of the first, it makes of each: rules look at attribute bits alone. Entries that map nothing
// are alike only where they are equal.

import { LEVEL_LEAF_ADDRESS } from "./abi/layout";
import { isPresent, userLevel } from "./entry";

/** Bits that must be the same. */
export function attributesOf(entry: u64): u64 {
  return isPresent(entry) ? ~load<u64>(userLevel(0), LEVEL_LEAF_ADDRESS) : u64.MAX_VALUE;
}

/** How many of the `count` last-level entries from `slot` on are alike: at least one. */
export function alikeEntries(slot: u32, count: u32): u32 {
  const first = load<u64>(slot);
  const attributes = attributesOf(first);
  const wanted = i64x2.splat(first);
  const mask = i64x2.splat(attributes);
  let at = slot;
  for (const last = slot + ((count & ~15) << 3); at < last; at += 128) {
    const a = v128.or(v128.xor(v128.load(at), wanted), v128.xor(v128.load(at, 16), wanted));
    const b = v128.or(v128.xor(v128.load(at, 32), wanted), v128.xor(v128.load(at, 48), wanted));
    const c = v128.or(v128.xor(v128.load(at, 64), wanted), v128.xor(v128.load(at, 80), wanted));
    const d = v128.or(v128.xor(v128.load(at, 96), wanted), v128.xor(v128.load(at, 112), wanted));
    if (v128.any_true(v128.and(v128.or(v128.or(a, b), v128.or(c, d)), mask))) break;
  }
  let i = (at - slot) >> 3;
  while (i < count && ((load<u64>(slot + (i << 3)) ^ first) & attributes) == 0) i++;
  return i;
}

/** Writes `count` entries from `from` on, each changed in the bits of `delta`, to `to` on. */
export function copyChanged(from: u32, to: u32, count: u32, delta: u64): void {
  const change = i64x2.splat(delta);
  let i: u32 = 0;
  for (; i + 2 <= count; i += 2) {
    const at = i << 3;
    v128.store(to + at, v128.xor(v128.load(from + at), change));
  }
  if (i < count) store<u64>(to + (i << 3), load<u64>(from + (i << 3)) ^ delta);
}

/** Changes the entries from `slot` on that are alike in the bits of `delta`; the same look finds and changes them. */
export function changeAlike(slot: u32, count: u32, delta: u64): u32 {
  const first = load<u64>(slot);
  const attributes = attributesOf(first);
  const wanted = i64x2.splat(first);
  const mask = i64x2.splat(attributes);
  const change = i64x2.splat(delta);
  let i: u32 = 0;
  for (; i + 8 <= count; i += 8) {
    const at = slot + (i << 3);
    const a = v128.load(at);
    const b = v128.load(at, 16);
    const c = v128.load(at, 32);
    const d = v128.load(at, 48);
    const low = v128.or(v128.xor(a, wanted), v128.xor(b, wanted));
    const high = v128.or(v128.xor(c, wanted), v128.xor(d, wanted));
    if (v128.any_true(v128.and(v128.or(low, high), mask))) break;
    v128.store(at, v128.xor(a, change));
    v128.store(at, v128.xor(b, change), 16);
    v128.store(at, v128.xor(c, change), 32);
    v128.store(at, v128.xor(d, change), 48);
  }
  for (; i < count; i++) {
    const entry = load<u64>(slot + (i << 3));
    if (((entry ^ first) & attributes) != 0) break;
    store<u64>(slot + (i << 3), entry ^ delta);
  }
  return i;
}
