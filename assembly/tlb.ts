// TLBs: probing a structure for every page size it may hold, filling it after a walk, dropping from it.
//
// A structure is probed once per page-size class that was ever filled into it (`CPU_LIVE`), smallest
// first, then once per class of global pages; a hit in any is a hit. Entries hold the rights left after
// protection keys, so a change of control registers or keys must flush (the host does).

import { LAYOUT_CLASS_SHIFTS } from "./abi/layout";
import { GEOMETRY_BASE, LAYOUT_BASE } from "./abi/memory-map";
import {
  ARRAY_TAGS,
  ARRAY_WAYS,
  CPU_LIVE,
  GEOMETRY_GUESTS,
  GEOMETRY_PROBES,
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
import { findEntry, insertEntry } from "./tlb-array";
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

/** Every context, of the guest that a tag names. */
function globalTag(tag: u32): u32 {
  return tag | (GLOBAL_TAG & ~load<u32>(GEOMETRY_BASE, GEOMETRY_GUESTS));
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
    return (<u32>data & TLB_DATA_GLOBAL) != 0 ? globalTag(tag) : tag;
  }

  /** Physical - virtual address of the base page of `va`, which `data` translates. */
  @inline
  static delta(data: u64, va: u64): u64 {
    return (data & PAGE_OF_DATA) - (va & PAGE_ADDRESS);
  }

  /** The word for that base page of a page of a class in which `va` lies. */
  @inline
  static pieceAt(data: u64, pageClass: u32, va: u64): u64 {
    const inPage = (((<u64>1) << classShift(pageClass)) - 1) & PAGE_OF_DATA;
    return (data & ~inPage) | (va & inPage);
  }
}

function probeOf(structure: u32, pageClass: u32): u32 {
  return GEOMETRY_BASE + GEOMETRY_PROBES + structure * STRUCTURE_BYTES + pageClass * PROBE_BYTES;
}

export function liveOf(cpu: u32, structure: u32): u32 {
  return load<u32>(cpu + (structure << 2), CPU_LIVE);
}

/**
 * Classes of which any structure of this instance ever held pieces. Where there are none, maintenance need look for
 * no entry beyond the addresses it was asked for.
 */
export let inPieces: u32 = 0;

/** Above the bits of a form. */
const FORM_END: u32 = 16;
/** The two smallest classes have the look-up and the fill written out; others take the way of a loop. */
const WRITTEN_OUT: u32 = 0b110;

/**
 * Looking up and filling, written into the access with structure and class as constants, so that in a
 * module made for one geometry (src/core/specialise.ts) all of a probe's words are.
 */
export class Tlb {
  /** The address of the page of `va`, with context and class in the bits below. */
  @inline
  static key(probe: u32, tag: u32, va: u64): u64 {
    return (va & load<u64>(probe, PROBE_PAGE_MASK)) | (tag | load<u32>(probe, PROBE_FILL_CLASS));
  }

  /** Whether pages of a class were ever filled, by the structure's live mask. */
  @inline
  static isLive(live: u32, pageClass: u32): bool {
    return (live & ((<u32>1) << pageClass)) != 0;
  }

  /** The entry of a class in the first level, whose arrays are stamped; made youngest, 0 = absent. */
  @inline
  static findInFirst(cpu: u32, structure: u32, pageClass: u32, tag: u32, va: u64): u32 {
    const probe = probeOf(structure, pageClass);
    const ways = load<u32>(probe, ARRAY_WAYS);
    if (ways == 0) return 0;
    const set = Stamped.setOf(cpu, probe, va >> load<u32>(probe, PROBE_SHIFT));
    return Stamped.findIn(set, ways, Tlb.key(probe, tag, va));
  }

  /** Likewise in the second level, which is tagged or stamped. */
  @inline
  static findInSecond(cpu: u32, structure: u32, pageClass: u32, tag: u32, va: u64): u32 {
    const probe = probeOf(structure, pageClass);
    if (load<u32>(probe, ARRAY_WAYS) == 0) return 0;
    const page = va >> load<u32>(probe, PROBE_SHIFT);
    const key = Tlb.key(probe, tag, va);
    return load<u32>(probe, ARRAY_TAGS) != 0
      ? Tagged.findIn(cpu, probe, Tagged.setOf(probe, page), key)
      : findEntry(cpu, probe, page, key);
  }

  /** The entry of any class that is not written out, or of a global page; 0 = absent. */
  @inline
  static findRare(cpu: u32, structure: u32, live: u32, tag: u32, va: u64): u32 {
    const rare = live & ~WRITTEN_OUT;
    return rare == 0 ? 0 : probeOthers(cpu, structure, tag, va, rare);
  }

  /** The entry of any class, made youngest; 0 = absent. */
  static find(cpu: u32, structure: u32, tag: u32, va: u64): u32 {
    return probeOthers(cpu, structure, tag, va, liveOf(cpu, structure));
  }

  /**
   * Fills the first level after a miss; as `fill`, which it calls for what is not usual. The entry notes
   * physical - virtual address, which is what run.ts adds when it finds the entry by prediction. It stands
   * there from the fill on: predictions from before may lead here.
   */
  @inline
  static fillFirst(cpu: u32, structure: u32, tag: u32, va: u64, data: u64): u32 {
    let entry: u32 = 0;
    if (Tlb.isUsual(cpu, structure, 1, data)) {
      entry = Tlb.insertFirst(cpu, probeOf(structure, 1), tag, va, data);
    } else if (Tlb.isUsual(cpu, structure, 2, data)) {
      entry = Tlb.insertFirst(cpu, probeOf(structure, 2), tag, va, data);
    } else {
      entry = fill(cpu, structure, tag, va, data);
      if (entry == 0) return 0;
    }
    store<u64>(entry, Data.delta(data, va), TLB_EXTRA);
    return entry;
  }

  /** Whether the word is filled as it is, under a class that is live already. */
  @inline
  private static isUsual(cpu: u32, structure: u32, pageClass: u32, data: u64): bool {
    const missing = ~liveOf(cpu, structure) & ((<u32>1) << pageClass);
    const form = (<u32>data & FORM_OF_DATA) | (missing << FORM_END);
    return form == load<u32>(probeOf(structure, pageClass), PROBE_FITS);
  }

  @inline
  private static insertFirst(cpu: u32, probe: u32, tag: u32, va: u64, data: u64): u32 {
    const set = Stamped.setOf(cpu, probe, va >> load<u32>(probe, PROBE_SHIFT));
    return Stamped.insertIn(set, load<u32>(probe, ARRAY_WAYS), Tlb.key(probe, tag, va), data);
  }

  @inline
  static fillSecond(cpu: u32, structure: u32, tag: u32, va: u64, data: u64): void {
    if (Tlb.isUsual(cpu, structure, 1, data)) {
      Tlb.insertSecond(cpu, probeOf(structure, 1), tag, va, data);
    } else if (Tlb.isUsual(cpu, structure, 2, data)) {
      Tlb.insertSecond(cpu, probeOf(structure, 2), tag, va, data);
    } else {
      fill(cpu, structure, tag, va, data);
    }
  }

  @inline
  private static insertSecond(cpu: u32, probe: u32, tag: u32, va: u64, data: u64): void {
    const page = va >> load<u32>(probe, PROBE_SHIFT);
    const key = Tlb.key(probe, tag, va);
    if (load<u32>(probe, ARRAY_TAGS) != 0) {
      Tagged.insertIn(cpu, probe, Tagged.setOf(probe, page), key, data);
    } else {
      insertEntry(cpu, probe, page, key, data);
    }
  }
}

function probeOne(cpu: u32, structure: u32, pageClass: u32, tag: u32, va: u64): u32 {
  const at = probeOf(structure, pageClass);
  const shift: u64 = load<u32>(at, PROBE_SHIFT);
  return findEntry(cpu, at, va >> shift, Tlb.key(at, tag, va));
}

function probeOthers(cpu: u32, structure: u32, tag: u32, va: u64, others: u32): u32 {
  let live = others;
  while (live != 0) {
    const bit = <u32>ctz(live);
    live &= live - 1;
    const at = bit >= <u32>LIVE_GLOBAL_SHIFT ? globalTag(tag) : tag;
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
  const filled = load<u32>(probeOf(structure, Data.pageClass(data)), PROBE_FILL_CLASS);
  if (filled == 0) return 0;
  if (filled != Data.pageClass(data)) inPieces |= (<u32>1) << Data.pageClass(data);
  const at = probeOf(structure, filled);
  const shift: u64 = load<u32>(at, PROBE_SHIFT);
  const tag = Data.tag(data, from);
  const isGlobal = (<u32>data & TLB_DATA_GLOBAL) != 0;
  setLive(cpu, structure, liveOf(cpu, structure) | liveBit(filled, isGlobal));
  const word = (data & ~(<u64>CLASS_OF_DATA)) | (filled << TLB_DATA_CLASS_SHIFT);
  return insertEntry(cpu, at, va >> shift, Tlb.key(at, tag, va), word);
}

function liveBit(pageClass: u32, isGlobal: bool): u32 {
  const bit = isGlobal ? pageClass + LIVE_GLOBAL_SHIFT : pageClass;
  return (<u32>1) << bit;
}

function setLive(cpu: u32, structure: u32, live: u32): void {
  store<u32>(cpu + (structure << 2), live, CPU_LIVE);
}
