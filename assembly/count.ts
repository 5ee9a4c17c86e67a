// Counters: one u64 each in linear memory.
//
// A walk is counted once, under where it began and ended; loads per level and walk-cache hits follow from
// that when the counters are read. It is the difference between one addition a walk and up to six.
//
//   spans[from root | from cache][first level][last level]

import { COUNTERS, Counter } from "./abi/counters";
import { MAX_LEVELS } from "./abi/layout";
import { COUNTERS_BASE, SPANS_BASE } from "./abi/memory-map";

const LEVELS_SHIFT: u32 = 3;
const SPANS: u32 = 2 << (2 * LEVELS_SHIFT);

export function bump(counter: u32): void {
  bumpBy(counter, 1);
}

export function bumpBy(counter: u32, amount: u64): void {
  const at = COUNTERS_BASE + counter * 8;
  store<u64>(at, load<u64>(at) + amount);
}

export function countOf(counter: u32): u64 {
  return load<u64>(COUNTERS_BASE + counter * 8);
}

/**
 * Hits are the look-ups that were no misses: only misses are counted one by one.
 * @param hit counter of the structure's hits; large hits and misses follow it
 */
export function countHits(hit: u32, lookups: u64, missesBefore: u64): void {
  bumpBy(hit, lookups - (countOf(hit + 2) - missesBefore));
}

/** Where a walk begins: its first level, and whether a cached table led there. */
export function originOf(first: u32, cached: bool): u32 {
  return ((cached ? <u32>1 : 0) << LEVELS_SHIFT) + first;
}

function spanAt(origin: u32, last: u32): u32 {
  return SPANS_BASE + (((origin << LEVELS_SHIFT) + last) << 3);
}

/** A walk that read the entries from the level of its origin down to `last`. */
export function countWalk(origin: u32, last: u32): void {
  const at = spanAt(origin, last);
  store<u64>(at, load<u64>(at) + 1);
}

/** Moves what `countWalk` noted into the counters. */
export function settleWalks(): void {
  for (let first: u32 = 0; first < <u32>MAX_LEVELS; first++) {
    for (let last: u32 = 0; last <= first; last++) {
      settleSpan(first, last, false);
      settleSpan(first, last, true);
    }
  }
}

function settleSpan(first: u32, last: u32, cached: bool): void {
  const at = spanAt(originOf(first, cached), last);
  const walks = load<u64>(at);
  if (walks == 0) return;
  store<u64>(at, 0);
  bumpBy(Counter.Walks, walks);
  // A walk that began behind a cached entry of level n read entries from level n - 1 on.
  if (cached) bumpBy(Counter.WalkCacheHitLevel1 + first, walks);
  for (let level = last; level <= first; level++) bumpBy(Counter.WalkLoadsLevel0 + level, walks);
}

export function resetCounters(): void {
  memory.fill(COUNTERS_BASE, 0, COUNTERS * 8);
  memory.fill(SPANS_BASE, 0, SPANS * 8);
}
