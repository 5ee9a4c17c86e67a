// TLBs: probing a structure for every page size it may hold, filling it after a walk, dropping from it.
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
  CPU_RARE,
  CPU_USUAL,
  GLOBAL_TAG,
  LIVE_GLOBAL_SHIFT,
  PROBE_BYTES,
  PROBE_FILL_CLASS,
  PROBE_FITS,
  PROBE_PAGE_MASK,
  PROBE_SHIFT,
  STRUCTURE_BYTES,
  TLB_CLASS_MASK,
  TLB_DATA_CLASS_SHIFT,
  TLB_DATA_GLOBAL,
  TLB_DATA_LEVEL_LOW_SHIFT,
  TLB_DATA_LEVEL_SHIFT,
  TLB_EXTRA,
} from "./abi/tlb";
import { dropEntry, findEntry, insertEntry } from "./tlb-array";
import { Stamped } from "./tlb-stamped";
import { Tagged } from "./tlb-tagged";

/** The page of a data word. */
export const PAGE_OF_DATA: u64 = 0x00fffffffffff000;
/** Address bits at and above the smallest page there is. */
const PAGE_ADDRESS: u64 = ~(<u64>0xfff);
const CLASS_OF_DATA: u32 = TLB_CLASS_MASK << TLB_DATA_CLASS_SHIFT;
const FORM_OF_DATA: u32 = CLASS_OF_DATA | TLB_DATA_GLOBAL;

/** log2 bytes of the pages of a class. */
export function classShift(pageClass: u32): u32 {
  return load<u32>(LAYOUT_BASE + (pageClass << 2), LAYOUT_CLASS_SHIFTS);
}

/** What a data word says of its page, besides the address. */
export class Data {
  @inline
  static pageClass(data: u64): u32 {
    return (<u32>data >> TLB_DATA_CLASS_SHIFT) & TLB_CLASS_MASK;
  }

  /** Level of its leaf. */
  @inline
  static level(data: u64): u32 {
    const low = (<u32>data >> TLB_DATA_LEVEL_LOW_SHIFT) & 1;
    return ((<u32>(data >> TLB_DATA_LEVEL_SHIFT)) << 1) | low;
  }

  /** The context under which it is filled from one with `tag`. */
  @inline
  static tag(data: u64, tag: u32): u32 {
    return (<u32>data & TLB_DATA_GLOBAL) != 0 ? <u32>GLOBAL_TAG : tag;
  }

  /** Physical - virtual address of the base page of `va`, which `data` translates. */
  @inline
  static delta(data: u64, va: u64): u64 {
    return (data & PAGE_OF_DATA) - (va & PAGE_ADDRESS);
  }

  /** The word for that base page of a larger page in which `va` lies. */
  @inline
  static pieceAt(data: u64, va: u64): u64 {
    const inPage = (((<u64>1) << classShift(Data.pageClass(data))) - 1) & PAGE_OF_DATA;
    return (data & ~inPage) | (va & inPage);
  }
}

function probeOf(cpu: u32, structure: u32, pageClass: u32): u32 {
  return cpu + CPU_PROBES + structure * STRUCTURE_BYTES + pageClass * PROBE_BYTES;
}

function liveOf(cpu: u32, structure: u32): u32 {
  return load<u32>(cpu + (structure << 2), CPU_LIVE);
}

/**
 * Looking up and filling, written into the access. Most structures hold pages of one size most of the
 * time: the *usual* probe is that of the smallest live class. Its set is found once, for the look-up and
 * for the fill after a miss. Other classes take the way of `findRare` and `fill`.
 */
export class Tlb {
  /** The probe of a structure's smallest live class; an empty one where none is. */
  @inline
  static usualProbe(cpu: u32, structure: u32): u32 {
    return cpu + CPU_PROBES + load<u32>(cpu + (structure << 2), CPU_USUAL);
  }

  /** The address of the page of `va`, with context and class in the bits below. */
  @inline
  static key(probe: u32, tag: u32, va: u64): u64 {
    return (va & load<u64>(probe, PROBE_PAGE_MASK)) | (tag | load<u32>(probe, PROBE_FILL_CLASS));
  }

  @inline
  static firstSet(probe: u32, va: u64): u32 {
    return Stamped.setOf(probe, va >> load<u32>(probe, PROBE_SHIFT));
  }

  @inline
  static secondSet(probe: u32, va: u64): u32 {
    return Tagged.setOf(probe, va >> load<u32>(probe, PROBE_SHIFT));
  }

  /** The entry of the usual class, made youngest; 0 = absent. */
  @inline
  static findInFirst(probe: u32, set: u32, key: u64): u32 {
    return Stamped.findIn(set, load<u32>(probe, ARRAY_WAYS), key);
  }

  /** Likewise in the second level, which is tagged or stamped. */
  @inline
  static findInSecond(probe: u32, set: u32, key: u64, va: u64): u32 {
    return load<u32>(probe, ARRAY_TAGS) != 0
      ? Tagged.findIn(probe, set, key)
      : findEntry(probe, va >> load<u32>(probe, PROBE_SHIFT), key);
  }

  /** The entry of any class, made youngest; 0 = absent. */
  static find(cpu: u32, structure: u32, tag: u32, va: u64): u32 {
    return probeOthers(cpu, structure, tag, va, liveOf(cpu, structure));
  }

  /** The entry of any class but the usual one, or of a global page; 0 = absent. */
  @inline
  static findRare(cpu: u32, structure: u32, tag: u32, va: u64): u32 {
    const rare = load<u32>(cpu + (structure << 2), CPU_RARE);
    return rare == 0 ? 0 : probeOthers(cpu, structure, tag, va, rare);
  }

  /**
   * Fills the first level after a miss; as `fill`, which it calls for what is not usual. The entry notes
   * physical - virtual address, which is what run.ts adds when it finds the entry by prediction. It stands
   * there from the fill on: predictions from before may lead here.
   */
  @inline
  static fillFirst(
    cpu: u32,
    structure: u32,
    usual: u32,
    set: u32,
    key: u64,
    va: u64,
    tag: u32,
    data: u64,
  ): u32 {
    let entry: u32 = 0;
    if ((<u32>data & FORM_OF_DATA) == load<u32>(usual, PROBE_FITS)) {
      const ways = load<u32>(usual, ARRAY_WAYS);
      entry = Stamped.insertIn(set, ways, key, data);
    } else {
      entry = fill(cpu, structure, tag, va, data);
      if (entry == 0) return 0;
    }
    store<u64>(entry, Data.delta(data, va), TLB_EXTRA);
    return entry;
  }

  @inline
  static fillSecond(
    cpu: u32,
    structure: u32,
    usual: u32,
    set: u32,
    key: u64,
    va: u64,
    tag: u32,
    data: u64,
  ): void {
    const fits = (<u32>data & FORM_OF_DATA) == load<u32>(usual, PROBE_FITS);
    if (fits && load<u32>(usual, ARRAY_TAGS) != 0) {
      Tagged.insertIn(usual, set, key, data);
    } else {
      fill(cpu, structure, tag, va, data);
    }
  }
}

function probeOne(cpu: u32, structure: u32, pageClass: u32, tag: u32, va: u64): u32 {
  const at = probeOf(cpu, structure, pageClass);
  const shift: u64 = load<u32>(at, PROBE_SHIFT);
  return findEntry(at, va >> shift, Tlb.key(at, tag, va));
}

function probeOthers(cpu: u32, structure: u32, tag: u32, va: u64, others: u32): u32 {
  let live = others;
  while (live != 0) {
    const bit = <u32>ctz(live);
    live &= live - 1;
    const at = bit >= <u32>LIVE_GLOBAL_SHIFT ? <u32>GLOBAL_TAG : tag;
    const entry = probeOne(cpu, structure, bit & TLB_CLASS_MASK, at, va);
    if (entry != 0) return entry;
  }
  return 0;
}

/**
 * Fills a translation for `va`; `data` is that of its base page. The page must be absent, which it is
 * after a miss. Returns the entry, 0 where the structure keeps no page of that size.
 */
function fill(cpu: u32, structure: u32, from: u32, va: u64, data: u64): u32 {
  const filled = load<u32>(probeOf(cpu, structure, Data.pageClass(data)), PROBE_FILL_CLASS);
  if (filled == 0) return 0;
  const at = probeOf(cpu, structure, filled);
  const shift: u64 = load<u32>(at, PROBE_SHIFT);
  const tag = Data.tag(data, from);
  setLive(cpu, structure, liveOf(cpu, structure) | liveBit(filled, tag));
  const word = (data & ~(<u64>CLASS_OF_DATA)) | (filled << TLB_DATA_CLASS_SHIFT);
  return insertEntry(at, va >> shift, Tlb.key(at, tag, va), word);
}

function liveBit(pageClass: u32, tag: u32): u32 {
  const bit = tag == <u32>GLOBAL_TAG ? pageClass + LIVE_GLOBAL_SHIFT : pageClass;
  return (<u32>1) << bit;
}

/** Bits of a live mask that stand for pages of one context. */
const PLAIN_CLASSES: u32 = 0xff;

function setLive(cpu: u32, structure: u32, live: u32): void {
  const at = cpu + (structure << 2);
  const plain = live & PLAIN_CLASSES;
  const usual = plain & (0 - plain);
  store<u32>(at, live, CPU_LIVE);
  store<u32>(at, live & ~usual, CPU_RARE);
  if (plain != 0) {
    store<u32>(at, structure * STRUCTURE_BYTES + <u32>ctz(plain) * PROBE_BYTES, CPU_USUAL);
  }
}

/** Drops what translates `va` in one context (or `GLOBAL_TAG`) from a structure. */
export function dropFrom(cpu: u32, structure: u32, tag: u32, va: u64): void {
  for (let pageClass: u32 = 1; pageClass <= <u32>TLB_CLASS_MASK; pageClass++) {
    if ((liveOf(cpu, structure) & liveBit(pageClass, tag)) == 0) continue;
    const at = probeOf(cpu, structure, pageClass);
    const entry = probeOne(cpu, structure, pageClass, tag, va);
    if (entry != 0) dropEntry(at, entry);
  }
}
