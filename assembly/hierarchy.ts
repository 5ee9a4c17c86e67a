// The data caches of a CPU: where the line of a page-table entry, or of the data itself, is found.
//
//   cache 1 -> cache 2 -> ... -> memory     looked through from the nearest that the load begins at;
//                                           filled in all of them that missed
//
// Caches are set-associative with true LRU, not exclusive and not told of each other's victims. Stores fill
// like loads. The last level of several CPUs may be one array (encode-cpu.ts). Without caches this file is
// never asked.
//
// One cache may be a *victim cache* instead: it gets what the cache before it evicts, and a line that is
// found there moves back. So the two hold different lines, and together as many as both have room for.

import { Counter } from "./abi/counters";
import { GEOMETRY_BASE } from "./abi/memory-map";
import {
  ARRAY_BYTES,
  ARRAY_LINE_SHIFT,
  GEOMETRY_CACHE_LEVELS,
  GEOMETRY_CACHES,
  GEOMETRY_NESTED_SHIFT,
  GEOMETRY_VICTIM_CACHE,
  GEOMETRY_WALKER_ENTERS,
  MAX_CACHES,
} from "./abi/tlb";
import { bump } from "./count";
import { hostAddress, hostEntryAddress } from "./nested";
import { dropEntry, findEntry, insertEntry } from "./tlb-array";
import { oldestKey, Tagged } from "./tlb-tagged";

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
  const victims = load<u32>(GEOMETRY_BASE, GEOMETRY_VICTIM_CACHE);
  let level = from;
  while (level < levels) {
    const cache = cacheOf(level);
    const line = lineOf(cache, pa);
    const entry = findEntry(cpu, cache, line, keyOf(line));
    if (entry != 0) {
      if (level == victims) dropEntry(cpu, cache, entry);
      break;
    }
    level++;
  }
  for (let missed = from; missed < level; missed++) {
    if (missed == victims) continue;
    const cache = cacheOf(missed);
    const line = lineOf(cache, pa);
    if (missed + 1 == victims) keepVictim(cpu, cache, line, victims);
    insertEntry(cpu, cache, line, keyOf(line), 0);
  }
  return level == levels ? <u32>MAX_CACHES : level;
}

/** `cache` is about to replace a line by `line`. Several CPUs may have had one, and share the victim cache. */
function keepVictim(cpu: u32, cache: u32, line: u64, victims: u32): void {
  const key = oldestKey(cpu, cache, Tagged.setOf(cache, line));
  if (key == 0) return;
  const kept = cacheOf(victims);
  if (findEntry(cpu, kept, key >> 1, key) == 0) insertEntry(cpu, kept, key >> 1, key, 0);
}

function fetchForWalker(cpu: u32, pa: u64): u32 {
  return fetchLine(cpu, load<u32>(GEOMETRY_BASE, GEOMETRY_WALKER_ENTERS), pa);
}

/** The walker reads an entry at `pa`; of a guest, after the host's entry for it. */
export function loadEntryThrough(cpu: u32, pa: u64): void {
  const host: u64 = load<u32>(GEOMETRY_BASE, GEOMETRY_NESTED_SHIFT);
  let at = pa;
  if (host != 0) {
    loadHostEntry(cpu, host, pa);
    at = hostAddress(host, pa);
  }
  bump(Counter.WalkFromCache1 + fetchForWalker(cpu, at));
}

/** The walker reads an entry of the second stage at `pa`. */
export function loadStage2Entry(cpu: u32, pa: u64): void {
  if (load<u32>(GEOMETRY_BASE, GEOMETRY_CACHE_LEVELS) == 0) return;
  bump(Counter.NestedFromCache1 + fetchForWalker(cpu, pa));
}

/** A walk came to the page at `pa`: of a guest, the host's entry for it is read. */
export function pageByHost(cpu: u32, pa: u64): void {
  const host: u64 = load<u32>(GEOMETRY_BASE, GEOMETRY_NESTED_SHIFT);
  if (host == 0) return;
  bump(Counter.NestedPages);
  loadHostEntry(cpu, host, pa);
}

function loadHostEntry(cpu: u32, host: u64, gpa: u64): void {
  const at = hostEntryAddress(host, gpa);
  bump(Counter.NestedFromCache1 + fetchForWalker(cpu, at));
}

/** A read or write of the word at `pa`. */
export function loadDataThrough(cpu: u32, pa: u64): void {
  const host: u64 = load<u32>(GEOMETRY_BASE, GEOMETRY_NESTED_SHIFT);
  const at = host == 0 ? pa : hostAddress(host, pa);
  bump(Counter.DataFromCache1 + fetchLine(cpu, 0, at));
}
