// TLBs: probing a structure for every page size it may hold, filling it after a walk, flushing.
//
// A structure is probed once per page-size class that was ever filled into it (`CPU_LIVE`), smallest
// first, then once per class of global pages; a hit in any is a hit. Entries hold the rights left after
// protection keys, so a change of control registers or keys must flush (the host does).

import { LAYOUT_CLASS_SHIFTS } from "./abi/layout";
import { LAYOUT_BASE } from "./abi/memory-map";
import {
  ARRAY_TAGS,
  ARRAY_WAYS,
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

/**
 * Looking up and filling, written into the access. Most structures hold pages of one size most of the
 * time: the *usual* probe is that of the smallest live class. Its set is found once, for the look-up and
 * for the fill after a miss. Other classes take the way of `findRare` and `fill`.
 */
export class Tlb {
  /** The probe of a structure's smallest live class; the unused probe of class 0 where none is. */
  @inline
  static usualProbe(cpu: u32, structure: u32): u32 {
    const live = liveOf(cpu, structure) & PLAIN_CLASSES;
    return probeOf(cpu, structure, live == 0 ? 0 : <u32>ctz(live));
  }

  @inline
  private static keyFor(probe: u32, tag: u32, va: u64): u64 {
    const shift: u64 = load<u32>(probe, PROBE_SHIFT);
    return ((va >> shift) << shift) | tag | load<u32>(probe, PROBE_FILL_CLASS);
  }

  @inline
  static firstSet(probe: u32, va: u64): u32 {
    return Stamped.setOf(load<u32>(probe, PROBE_ARRAY), va >> load<u32>(probe, PROBE_SHIFT));
  }

  @inline
  static secondSet(probe: u32, va: u64): u32 {
    return Tagged.setOf(load<u32>(probe, PROBE_ARRAY), va >> load<u32>(probe, PROBE_SHIFT));
  }

  /** The entry of the usual class, made youngest; 0 = absent. */
  @inline
  static findInFirst(probe: u32, set: u32, tag: u32, va: u64): u32 {
    const array = load<u32>(probe, PROBE_ARRAY);
    if (array == 0) return 0;
    return Stamped.findIn(set, load<u32>(array, ARRAY_WAYS), Tlb.keyFor(probe, tag, va));
  }

  /** Likewise in the second level, which is tagged or stamped. */
  @inline
  static findInSecond(probe: u32, set: u32, tag: u32, va: u64): u32 {
    const array = load<u32>(probe, PROBE_ARRAY);
    if (array == 0) return 0;
    const key = Tlb.keyFor(probe, tag, va);
    return load<u32>(array, ARRAY_TAGS) != 0
      ? Tagged.findIn(array, set, key)
      : findEntry(array, va >> load<u32>(probe, PROBE_SHIFT), key);
  }

  /** The entry of any class but the usual one, or of a global page; 0 = absent. */
  @inline
  static findRare(cpu: u32, structure: u32, tag: u32, va: u64): u32 {
    const live = liveOf(cpu, structure);
    const plain = live & PLAIN_CLASSES;
    const rare = (live & ~PLAIN_CLASSES) | (plain & (plain - 1));
    return rare == 0 ? 0 : probeOthers(cpu, structure, tag, va, rare);
  }

  /** Fills after a miss; as `fill`, which it calls for what is not usual. */
  @inline
  static fillFirst(
    cpu: u32,
    structure: u32,
    usual: u32,
    set: u32,
    va: u64,
    tag: u32,
    pageClass: u32,
    data: u64,
  ): u32 {
    if (usual != probeOf(cpu, structure, pageClass) || tag == <u32>GLOBAL_TAG) {
      return fill(cpu, structure, tag, va, pageClass, data);
    }
    const ways = load<u32>(load<u32>(usual, PROBE_ARRAY), ARRAY_WAYS);
    return Stamped.insertIn(set, ways, Tlb.keyFor(usual, tag, va), data);
  }

  @inline
  static fillSecond(
    cpu: u32,
    usual: u32,
    set: u32,
    va: u64,
    tag: u32,
    pageClass: u32,
    data: u64,
  ): u32 {
    const array = load<u32>(usual, PROBE_ARRAY);
    if (
      usual != probeOf(cpu, TlbStructure.L2, pageClass) ||
      tag == <u32>GLOBAL_TAG ||
      load<u32>(array, ARRAY_TAGS) == 0
    ) {
      return fill(cpu, TlbStructure.L2, tag, va, pageClass, data);
    }
    return Tagged.insertIn(array, set, Tlb.keyFor(usual, tag, va), data);
  }
}

/** Bits of a live mask that stand for pages of one context. */
const PLAIN_CLASSES: u32 = 0xff;

function probeOthers(cpu: u32, structure: u32, tag: u32, va: u64, others: u32): u32 {
  let live = others;
  while (live != 0) {
    const bit = <u32>ctz(live);
    live &= live - 1;
    const entry = probeOne(
      cpu,
      structure,
      bit & TLB_CLASS_MASK,
      bit >= <u32>LIVE_GLOBAL_SHIFT ? <u32>GLOBAL_TAG : tag,
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
function fill(cpu: u32, structure: u32, tag: u32, va: u64, pageClass: u32, data: u64): u32 {
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
