// The way of a walk, as far as nothing on it is out of the ordinary: tables that are plain or cached, and a
// leaf like one before. Written into the walk for its lowest levels, and into the loops of descend.ts.

import {
  HALF_BYTES,
  HALF_LEVELS,
  LAYOUT_HALVES,
  LAYOUT_SELECT_BIT,
  LEVEL_BYTES,
  LEVEL_INDEX_MASK,
  LEVEL_PLAIN_TABLE,
  LEVEL_SHIFT,
} from "./abi/layout";
import { GEOMETRY_BASE, LAYOUT_BASE } from "./abi/memory-map";
import { GEOMETRY_CACHE_LEVELS, TLB_DATA } from "./abi/tlb";
import { originOf } from "./count";
import { loadEntryThrough } from "./hierarchy";
import { LeafMemo } from "./leaf-memo";
import { Memory } from "./physmem";
import { lowAddress, lowTable, pageOf } from "./pte";
import { cachedRestrictions, WalkCache } from "./walk-cache";
import { WalkResult } from "./walk-step";

/** Which half of the address space `va` lies in. */
export function halfIndexOf(va: u64): u32 {
  return <u32>(va >> load<u32>(LAYOUT_BASE, LAYOUT_SELECT_BIT)) & 1;
}

/** The words of a half, by its index. */
export function halfOf(halfIndex: u32): u32 {
  return LAYOUT_BASE + LAYOUT_HALVES + halfIndex * HALF_BYTES;
}

/** The words of a level. */
export function levelOf(half: u32, level: u32): u32 {
  return half + HALF_LEVELS + level * LEVEL_BYTES;
}

/** Where the entry for `va` stands. */
export function entryPaOf(level: u32, table: u64, va: u64): u64 {
  const index = (va >> load<u32>(level, LEVEL_SHIFT)) & load<u32>(level, LEVEL_INDEX_MASK);
  return table + (index << 3);
}

/** Instead of a table: an entry on the way is no plain one. Tables are aligned. */
export const NO_TABLE: u64 = 1;

export class Way {
  /** Where the walk under way began (count.ts). */
  static origin: u32 = 0;
  /** What restricts the tables that it is in. */
  static restrictions: u32 = 0;
  /** Where `descend` takes over: the level of the entry, and the table it stands in. */
  static level: u32 = 0;
  static table: u64 = 0;

  /** Begins the walk at the table that the entry of a level leads to, if that is cached. */
  @inline
  static cached(cpu: u32, half: u32, level: u32, tag: u32, va: u64): u64 {
    const entry = WalkCache.find(cpu, half, level, tag, va);
    if (entry == 0) return NO_TABLE;
    Way.origin = originOf(level - 1, true);
    Way.restrictions = cachedRestrictions(entry);
    return load<u64>(entry, TLB_DATA);
  }

  /** The table that the entry of level `l` leads to, now cached; `NO_TABLE` where it is no plain one. */
  @inline
  static below(cpu: u32, half: u32, l: u32, tag: u32, table: u64, va: u64): u64 {
    const level = levelOf(half, l);
    const pa = entryPaOf(level, table, va);
    const found = Way.plainTable(level, pa);
    if (found == NO_TABLE) return NO_TABLE;
    if (load<u32>(GEOMETRY_BASE, GEOMETRY_CACHE_LEVELS) != 0) loadEntryThrough(cpu, pa);
    WalkCache.insert(cpu, level, tag, va, l, found, Way.restrictions);
    return found;
  }

  /** The table of the entry at `pa`; `NO_TABLE` where it is no plain one. */
  @inline
  static plainTable(level: u32, pa: u64): u64 {
    const entry = load<u64>(Memory.word(pa));
    const isPlain =
      (entry & load<u64>(level, LEVEL_PLAIN_TABLE)) == load<u64>(level, LEVEL_PLAIN_TABLE + 8);
    return isPlain ? lowTable(level, entry) : NO_TABLE;
  }

  /** The data word of a leaf like one before, now updated like that; 0 = it is another entry. */
  @inline
  static alike(level: u32, pa: u64, va: u64, need: u32): u64 {
    const word = Memory.word(pa);
    const entry = load<u64>(word);
    const memo = LeafMemo.find(level, entry, Way.restrictions, need);
    if (memo == 0) return 0;
    const flags = LeafMemo.flags(memo);
    if ((<u32>flags & need) != 0) return 0;
    WalkResult.entryPa = pa;
    WalkResult.entry = LeafMemo.update(memo, word, entry);
    return pageOf(level, lowAddress(level, entry), va) | flags;
  }
}
