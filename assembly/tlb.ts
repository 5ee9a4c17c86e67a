// TLBs: probing a structure for every page size it may hold, and filling it after a walk.
//
// A structure is probed once per page-size class that was ever filled into it (`PROBES_LIVE`), smallest
// first; a hit in any is a hit. Entries hold the rights that are left after protection keys, so a
// change of control registers or keys must flush (loadLayout does).

import { HALF_CLASS_SHIFTS } from "./abi/layout";
import { TLB_BASE, TLB_REGION } from "./abi/memory-map";
import {
  PROBE_ARRAY,
  PROBE_BYTES,
  PROBE_FILL_CLASS,
  PROBE_SHIFT,
  PROBES_BYTES,
  PROBES_FIRST,
  PROBES_LIVE,
  TLB_DATA_FLAGS,
  TLB_ENTRIES,
  TLB_KEY_CONTEXT_SHIFT,
  TLB_KEY_PAGE_SHIFT,
  TLB_PROBES,
  TLB_STRUCTURES,
} from "./abi/tlb";
import { findEntry, insertEntry, resetClock } from "./tlb-array";

/** Page-size class of the last hit. */
export let hitClass: u32 = 0;

function probesOf(structure: u32, halfIndex: u32): u32 {
  return TLB_BASE + TLB_PROBES + (structure * 2 + halfIndex) * PROBES_BYTES;
}

function keyOf(context: u32, page: u64, pageClass: u32): u64 {
  return (page << TLB_KEY_PAGE_SHIFT) | ((<u64>context) << TLB_KEY_CONTEXT_SHIFT) | pageClass;
}

/** The entry that translates `va` in a structure, 0 = miss. Sets `hitClass`. */
export function probe(structure: u32, halfIndex: u32, context: u32, va: u64): u32 {
  const probes = probesOf(structure, halfIndex);
  let live = load<u32>(probes, PROBES_LIVE);
  while (live != 0) {
    const pageClass = ctz(live);
    live &= live - 1;
    const at = probes + PROBES_FIRST + pageClass * PROBE_BYTES;
    const page = va >> load<u32>(at, PROBE_SHIFT);
    const entry = findEntry(load<u32>(at, PROBE_ARRAY), page, keyOf(context, page, pageClass));
    if (entry != 0) {
      hitClass = pageClass;
      return entry;
    }
  }
  return 0;
}

/**
 * Fills a translation of class `pageClass`: `data` holds the physical page of `va` (at any smaller
 * size) and the flags. Returns the entry, 0 where the structure holds no page of that size.
 */
export function fill(
  structure: u32,
  halfIndex: u32,
  context: u32,
  va: u64,
  pageClass: u32,
  data: u64,
  extra: u64,
): u32 {
  const probes = probesOf(structure, halfIndex);
  const asked = probes + PROBES_FIRST + pageClass * PROBE_BYTES;
  const filled = load<u32>(asked, PROBE_FILL_CLASS);
  if (filled == 0) return 0;
  const at = probes + PROBES_FIRST + filled * PROBE_BYTES;
  const shift = load<u32>(at, PROBE_SHIFT);
  const page = va >> shift;
  const inPage: u64 = ((<u64>1) << shift) - 1;
  const pageData = (data & ~inPage) | (data & TLB_DATA_FLAGS);
  store<u32>(probes, load<u32>(probes, PROBES_LIVE) | (1 << filled), PROBES_LIVE);
  hitClass = filled;
  return insertEntry(
    load<u32>(at, PROBE_ARRAY),
    page,
    keyOf(context, page, filled),
    pageData,
    extra,
  );
}

/** log2 bytes of the pages of a class in a half. */
export function classShift(half: u32, pageClass: u32): u32 {
  return load<u32>(half + (pageClass << 2), HALF_CLASS_SHIFTS);
}

/** Forgets every translation of every context, walk caches included. */
export function flushAll(): void {
  memory.fill(TLB_BASE + TLB_ENTRIES, 0, TLB_REGION - TLB_ENTRIES);
  for (let i: u32 = 0; i < <u32>TLB_STRUCTURES * 2; i++) {
    store<u32>(TLB_BASE + TLB_PROBES + i * PROBES_BYTES, 0, PROBES_LIVE);
  }
  resetClock();
}
