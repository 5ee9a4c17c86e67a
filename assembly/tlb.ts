// TLBs: probing a structure for every page size it may hold, filling it after a walk, flushing.
//
// A structure is probed once per page-size class that was ever filled into it (`CPU_LIVE`), smallest
// first, then once per class of global pages; a hit in any is a hit. Entries hold the rights left after
// protection keys, so a change of control registers or keys must flush (the host does).

import { LAYOUT_CLASS_SHIFTS } from "./abi/layout";
import { LAYOUT_BASE } from "./abi/memory-map";
import {
  ARRAY_TAGS,
  CPU_LIVE,
  CPU_PROBES,
  GLOBAL_TAG,
  LIVE_GLOBAL_SHIFT,
  PROBE_ARRAY,
  PROBE_BYTES,
  PROBE_FILL_CLASS,
  PROBE_SHIFT,
  STRUCTURE_BYTES,
  TLB_CLASS_MASK,
  TLB_KEY,
  TlbStructure,
} from "./abi/tlb";
import { dropEntry, findEntry, insertEntry } from "./tlb-array";
import { Stamped } from "./tlb-stamped";
import { Tagged } from "./tlb-tagged";

/** log2 bytes of the pages of a class. */
export function classShift(pageClass: u32): u32 {
  return load<u32>(LAYOUT_BASE + (pageClass << 2), LAYOUT_CLASS_SHIFTS);
}

/** The class under which an entry was filled. */
export function classOfEntry(entry: u32): u32 {
  return <u32>load<u64>(entry, TLB_KEY) & TLB_CLASS_MASK;
}

function probeOf(cpu: u32, structure: u32, pageClass: u32): u32 {
  return cpu + CPU_PROBES + structure * STRUCTURE_BYTES + pageClass * PROBE_BYTES;
}

function liveOf(cpu: u32, structure: u32): u32 {
  return load<u32>(cpu + (structure << 2), CPU_LIVE);
}

/** The address of the page of `va`, with context and class in the bits below. */
function keyOf(va: u64, shift: u64, tag: u32, pageClass: u32): u64 {
  return ((va >> shift) << shift) | tag | pageClass;
}

function probeOne(cpu: u32, structure: u32, pageClass: u32, tag: u32, va: u64): u32 {
  const at = probeOf(cpu, structure, pageClass);
  const shift: u64 = load<u32>(at, PROBE_SHIFT);
  return findEntry(load<u32>(at, PROBE_ARRAY), va >> shift, keyOf(va, shift, tag, pageClass));
}

/** Bit of base pages in a live mask. */
const BASE: u32 = 2;

/**
 * Looking up and filling. Most structures hold nothing but base pages most of the time, so that case is
 * written into the callers.
 */
export class Tlb {
  /** The entry that translates `va` in a first-level structure, made youngest; 0 = miss. */
  @inline
  static findFirst(cpu: u32, structure: u32, tag: u32, va: u64): u32 {
    const live = liveOf(cpu, structure);
    let entry: u32 = 0;
    if ((live & BASE) != 0) {
      const at = probeOf(cpu, structure, 1);
      const shift: u64 = load<u32>(at, PROBE_SHIFT);
      const page = va >> shift;
      entry = Stamped.find(load<u32>(at, PROBE_ARRAY), page, (page << shift) | tag | 1);
    }
    if (entry == 0 && live > BASE) entry = probeOthers(cpu, structure, tag, va, live & ~BASE);
    return entry;
  }

  /** Likewise in the second level. */
  @inline
  static findSecond(cpu: u32, tag: u32, va: u64): u32 {
    const live = liveOf(cpu, TlbStructure.L2);
    let entry: u32 = 0;
    if ((live & BASE) != 0) {
      const at = probeOf(cpu, TlbStructure.L2, 1);
      const shift: u64 = load<u32>(at, PROBE_SHIFT);
      const page = va >> shift;
      const array = load<u32>(at, PROBE_ARRAY);
      const key = (page << shift) | tag | 1;
      entry =
        load<u32>(array, ARRAY_TAGS) != 0
          ? Tagged.find(array, page, key)
          : findEntry(array, page, key);
    }
    if (entry == 0 && live > BASE) entry = probeOthers(cpu, TlbStructure.L2, tag, va, live & ~BASE);
    return entry;
  }

  /** Fills a base page, which the structure keeps and holds already; see `fill` for the rest. */
  @inline
  static fillBase(cpu: u32, structure: u32, tag: u32, va: u64, data: u64): u32 {
    const at = probeOf(cpu, structure, 1);
    const shift: u64 = load<u32>(at, PROBE_SHIFT);
    const page = va >> shift;
    const array = load<u32>(at, PROBE_ARRAY);
    const key = (page << shift) | tag | 1;
    return load<u32>(array, ARRAY_TAGS) != 0
      ? Tagged.insert(array, page, key, data)
      : Stamped.insert(array, page, key, data);
  }

  /** Whether `fillBase` will do for a translation. */
  @inline
  static isBase(cpu: u32, structure: u32, tag: u32, pageClass: u32): bool {
    return pageClass == 1 && (liveOf(cpu, structure) & BASE) != 0 && tag != <u32>GLOBAL_TAG;
  }
}

function probeOthers(cpu: u32, structure: u32, tag: u32, va: u64, others: u32): u32 {
  let live = others;
  while (live != 0) {
    const bit = <u32>ctz(live);
    live &= live - 1;
    const global = bit >> LIVE_GLOBAL_SHIFT;
    const entry = probeOne(
      cpu,
      structure,
      bit & TLB_CLASS_MASK,
      global != 0 ? <u32>GLOBAL_TAG : tag,
      va,
    );
    if (entry != 0) return entry;
  }
  return 0;
}

/**
 * Fills a translation of class `pageClass`: `data` holds the physical page of `va` (at any smaller
 * size) and flags, `tag` is `GLOBAL_TAG` for a global page. The page must be absent, which it is after a
 * miss. Returns the entry, 0 where the structure keeps no page of that size.
 */
export function fill(cpu: u32, structure: u32, tag: u32, va: u64, pageClass: u32, data: u64): u32 {
  const filled = load<u32>(probeOf(cpu, structure, pageClass), PROBE_FILL_CLASS);
  if (filled == 0) return 0;
  const at = probeOf(cpu, structure, filled);
  const shift: u64 = load<u32>(at, PROBE_SHIFT);
  const liveAt = cpu + (structure << 2);
  store<u32>(liveAt, load<u32>(liveAt, CPU_LIVE) | liveBit(filled, tag), CPU_LIVE);
  const array = load<u32>(at, PROBE_ARRAY);
  return insertEntry(array, va >> shift, keyOf(va, shift, tag, filled), data);
}

function liveBit(pageClass: u32, tag: u32): u32 {
  const bit = tag == <u32>GLOBAL_TAG ? pageClass + LIVE_GLOBAL_SHIFT : pageClass;
  return (<u32>1) << bit;
}

/** Drops what translates `va` in one context (or `GLOBAL_TAG`) from a structure. */
export function dropFrom(cpu: u32, structure: u32, tag: u32, va: u64): void {
  for (let pageClass: u32 = 1; pageClass <= <u32>TLB_CLASS_MASK; pageClass++) {
    if ((liveOf(cpu, structure) & liveBit(pageClass, tag)) == 0) continue;
    const at = probeOf(cpu, structure, pageClass);
    const shift: u64 = load<u32>(at, PROBE_SHIFT);
    const entry = probeOne(cpu, structure, pageClass, tag, va);
    if (entry != 0) dropEntry(load<u32>(at, PROBE_ARRAY), va >> shift, entry);
  }
}
