// The data caches of a CPU: where the line of a page-table entry, or of the data itself, is found.
//
//   cache 1 -> cache 2 -> ... -> memory     looked through from the nearest that the load begins at;
//                                           filled in all of them that missed
//
// Caches are set-associative with true LRU, not exclusive and not told of each other's victims. Stores fill
// like loads. The last level of several CPUs may be one array (encode-cpu.ts). Without caches this file is
// never asked.

import { Counter } from "./abi/counters";
import { GEOMETRY_BASE } from "./abi/memory-map";
import {
  ARRAY_BYTES,
  ARRAY_LINE_SHIFT,
  GEOMETRY_CACHE_LEVELS,
  GEOMETRY_CACHES,
  GEOMETRY_WALKER_ENTERS,
  MAX_CACHES,
} from "./abi/tlb";
import { bump } from "./count";
import { findEntry, insertEntry } from "./tlb-array";

function cacheOf(level: u32): u32 {
  return GEOMETRY_BASE + GEOMETRY_CACHES + level * ARRAY_BYTES;
}

function lineOf(cache: u32, pa: u64): u64 {
  return pa >> load<u32>(cache, ARRAY_LINE_SHIFT);
}

/** Never 0, which marks a free place. */
function keyOf(line: u64): u64 {
  return (line << 1) | 1;
}

/** Finds the line of `pa` from cache `from` on, and brings it there. Returns the cache that had it. */
function fetchLine(cpu: u32, from: u32, pa: u64): u32 {
  const levels = load<u32>(GEOMETRY_BASE, GEOMETRY_CACHE_LEVELS);
  let level = from;
  while (level < levels) {
    const cache = cacheOf(level);
    const line = lineOf(cache, pa);
    if (findEntry(cpu, cache, line, keyOf(line)) != 0) break;
    level++;
  }
  for (let missed = from; missed < level; missed++) {
    const cache = cacheOf(missed);
    const line = lineOf(cache, pa);
    insertEntry(cpu, cache, line, keyOf(line), 0);
  }
  return level == levels ? <u32>MAX_CACHES : level;
}

/** The walker reads an entry at `pa`. */
export function loadEntryThrough(cpu: u32, pa: u64): void {
  bump(
    Counter.WalkFromCache1 + fetchLine(cpu, load<u32>(GEOMETRY_BASE, GEOMETRY_WALKER_ENTERS), pa),
  );
}

/** A read or write of the word at `pa`. */
export function loadDataThrough(cpu: u32, pa: u64): void {
  bump(Counter.DataFromCache1 + fetchLine(cpu, 0, pa));
}
