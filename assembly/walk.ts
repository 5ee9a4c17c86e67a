// The page-table walk: one loop for every architecture, in the order of the manuals.
//
//   SDM 3A 4.5.4 / 4.6 / 4.7 / 4.8          Arm ARM AArch64.S1Walk, AArch64.S1Translate
//   0  canonical address                    AArch64.VAIsOutOfRange, then the root's address size
//   1  read the entry of this level         FetchDescriptor
//   2  P clear?                             DecodeDescriptorType: invalid -> translation fault
//   3  reserved bits?                       OAOutOfRange -> address size fault
//   4  table: set A, note its restrictions, descend          (hierarchical attributes)
//   5  leaf: accessed flag -> access flag fault              (before permissions on arm64 only)
//   6  leaf: rights gathered over the levels -> protection   S1CheckPermissions
//   7  leaf: set A, and D on a store                         AF, and AP[2] where DBM is set
//
// Nearly all tables a walk meets are *plain*: present, well-formed, accessed, restricting nothing. One
// compiled mask and value per level tells (LEVEL_PLAIN_TABLE), and steps 2 to 4 have then nothing to
// find. Leaves mostly look like one of the last few (leaf-memo.ts). Whatever is neither takes the steps
// one by one; with the log on, everything does.
//
// The single steps are in walk-step.ts.

import { Counter } from "./abi/counters";
import {
  HALF_ADDRESS_LIMIT,
  HALF_BYTES,
  HALF_LEVELS,
  HALF_RANGE_LEVEL,
  HALF_RANGE_MASK,
  HALF_RANGE_VALUE,
  HALF_TOP_LEVEL,
  LAYOUT_HALVES,
  LEVEL_BYTES,
  LEVEL_INDEX_MASK,
  LEVEL_PLAIN_TABLE,
  LEVEL_SHIFT,
} from "./abi/layout";
import { GEOMETRY_BASE, LAYOUT_BASE } from "./abi/memory-map";
import { FaultKind } from "./abi/stop";
import { CPU_ROOTS, GEOMETRY_CACHE_LEVELS, TLB_DATA } from "./abi/tlb";
import { bump, countWalk, originOf } from "./count";
import { loadEntryThrough } from "./hierarchy";
import { LeafMemo } from "./leaf-memo";
import { Memory } from "./physmem";
import { lowAddress, lowTable, pageOf } from "./pte";
import { cachedRestrictions, WalkCache } from "./walk-cache";
import { isLogging } from "./walk-log";
import { AGAIN, failed, GO_ON, Step, stepByStep, WalkResult } from "./walk-step";

/** The words of a half, by its index. */
export function halfOf(halfIndex: u32): u32 {
  return LAYOUT_BASE + LAYOUT_HALVES + halfIndex * HALF_BYTES;
}

function levelOf(half: u32, level: u32): u32 {
  return half + HALF_LEVELS + level * LEVEL_BYTES;
}

function entryPaOf(level: u32, table: u64, va: u64): u64 {
  const index = (va >> load<u32>(level, LEVEL_SHIFT)) & load<u32>(level, LEVEL_INDEX_MASK);
  return table + (index << 3);
}

/** Instead of a table: an entry on the way is no plain one. Tables are aligned. */
const NO_TABLE: u64 = 1;

/** Where the walk under way began, and what restricts the tables that it is in. */
let origin: u32 = 0;
let restrictions: u32 = 0;
/** Of the entry that is no plain table: its level, and the table it stands in. */
let lastLevel: u32 = 0;
let lastTable: u64 = 0;

/**
 * The walk of an access that misses all TLBs; its two lowest levels are written out. Nearly every entry it
 * meets is a plain table or a leaf like one before; from the first other one on, `descend` takes it over.
 */
export class Walk {
  @inline
  static run(cpu: u32, halfIndex: u32, tag: u32, va: u64, access: u32, need: u32): u64 {
    const half = halfOf(halfIndex);
    const root = load<u64>(cpu + (halfIndex << 3), CPU_ROOTS);
    if ((va & load<u64>(half, HALF_RANGE_MASK)) != load<u64>(half, HALF_RANGE_VALUE)) {
      return beforeFirstEntry(half, FaultKind.OutOfRange);
    }
    if ((root & load<u64>(half, HALF_ADDRESS_LIMIT)) != 0) {
      bump(Counter.Walks);
      return beforeFirstEntry(half, FaultKind.AddressSize);
    }
    if (load<u32>(half, HALF_TOP_LEVEL) == 0) return fromTop(cpu, half, tag, root, va, access, need);
    if (isLogging()) return fromTop(cpu, half, tag, root, va, access, need);
    let table = Walk.cached(cpu, half, 1, tag, va);
    if (table == NO_TABLE) {
      let above = Walk.cached(cpu, half, 2, tag, va);
      if (above == NO_TABLE) {
        above = tableOfLevel1(cpu, half, tag, root, va);
        if (above == NO_TABLE) return descend(cpu, half, tag, va, access, need);
      }
      table = Walk.below(cpu, half, 1, tag, above, va);
      if (table == NO_TABLE) return Walk.leaf(cpu, half, 1, tag, above, va, access, need);
    }
    return Walk.leaf(cpu, half, 0, tag, table, va, access, need);
  }

  /** Begins the walk at the table that the entry of a level leads to, if that is cached. */
  @inline
  static cached(cpu: u32, half: u32, level: u32, tag: u32, va: u64): u64 {
    const entry = WalkCache.find(cpu, half, level, tag, va);
    if (entry == 0) return NO_TABLE;
    origin = originOf(level - 1, true);
    restrictions = cachedRestrictions(entry);
    return load<u64>(entry, TLB_DATA);
  }

  /** The table that the entry of level `l` leads to, now cached; `NO_TABLE` where it is no plain one. */
  @inline
  static below(cpu: u32, half: u32, l: u32, tag: u32, table: u64, va: u64): u64 {
    const level = levelOf(half, l);
    const pa = entryPaOf(level, table, va);
    const found = Walk.plainTable(level, pa);
    if (found == NO_TABLE) return NO_TABLE;
    if (load<u32>(GEOMETRY_BASE, GEOMETRY_CACHE_LEVELS) != 0) loadEntryThrough(cpu, pa);
    WalkCache.insert(cpu, level, tag, va, l, found, restrictions);
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

  /** The end of a walk at the entry of level `l`, where that is a leaf. */
  @inline
  private static leaf(
    cpu: u32,
    half: u32,
    l: u32,
    tag: u32,
    table: u64,
    va: u64,
    access: u32,
    need: u32,
  ): u64 {
    const level = levelOf(half, l);
    const pa = entryPaOf(level, table, va);
    const data = Walk.alike(level, pa, va, need);
    if (data != 0) {
      if (load<u32>(GEOMETRY_BASE, GEOMETRY_CACHE_LEVELS) != 0) loadEntryThrough(cpu, pa);
      countWalk(origin, l);
      return data;
    }
    lastLevel = l;
    lastTable = table;
    return descend(cpu, half, tag, va, access, need);
  }

  /** The data word of a leaf like one before, now updated like that; 0 = it is another entry. */
  @inline
  static alike(level: u32, pa: u64, va: u64, need: u32): u64 {
    const word = Memory.word(pa);
    const entry = load<u64>(word);
    const memo = LeafMemo.find(level, entry, restrictions, need);
    if (memo == 0) return 0;
    const flags = LeafMemo.flags(memo);
    if ((<u32>flags & need) != 0) return 0;
    WalkResult.entryPa = pa;
    WalkResult.entry = LeafMemo.update(memo, word, entry);
    return pageOf(level, lowAddress(level, entry), va) | flags;
  }
}

/** A walk with nothing written out. */
function fromTop(
  cpu: u32,
  half: u32,
  tag: u32,
  root: u64,
  va: u64,
  access: u32,
  need: u32,
): u64 {
  begin(cpu, half, 1, tag, root, va);
  return descend(cpu, half, tag, va, access, need);
}

/**
 * Begins a walk at the deepest cached table that an entry of `level` or of one above leads to, else at the
 * root; to be gone on with at `lastLevel` and `lastTable`.
 */
function begin(cpu: u32, half: u32, level: u32, tag: u32, root: u64, va: u64): void {
  const top = load<u32>(half, HALF_TOP_LEVEL);
  for (let l = level; l <= top; l++) {
    const table = Walk.cached(cpu, half, l, tag, va);
    if (table == NO_TABLE) continue;
    lastLevel = l - 1;
    lastTable = table;
    return;
  }
  origin = originOf(top, false);
  restrictions = 0;
  lastLevel = top;
  lastTable = root;
}

/** The table that holds the entry of level 1 on the way to `va`, by the levels above; else `NO_TABLE`. */
function tableOfLevel1(cpu: u32, half: u32, tag: u32, root: u64, va: u64): u64 {
  begin(cpu, half, 3, tag, root, va);
  for (; lastLevel > 1; lastLevel--) {
    const table = Walk.below(cpu, half, lastLevel, tag, lastTable, va);
    if (table == NO_TABLE) return NO_TABLE;
    lastTable = table;
  }
  return lastTable;
}

/**
 * Translates `va` for `access` through the tables of the half in which it lies, updating accessed and dirty
 * state. Returns the TLB data word for the base page of `va` (abi/tlb.ts); 0 = `WalkResult.fault` says why
 * not. Each half has the walk written out with its own words.
 * @param need what the access needs of a page, as a data word denies it
 */
export function walk(cpu: u32, halfIndex: u32, tag: u32, va: u64, access: u32, need: u32): u64 {
  return halfIndex == 0
    ? Walk.run(cpu, 0, tag, va, access, need)
    : walkUpper(cpu, tag, va, access, need);
}

function walkUpper(cpu: u32, tag: u32, va: u64, access: u32, need: u32): u64 {
  return Walk.run(cpu, 1, tag, va, access, need);
}

function beforeFirstEntry(half: u32, fault: u32): u64 {
  WalkResult.forget();
  WalkResult.level = load<u32>(half, HALF_RANGE_LEVEL);
  return failed(fault);
}

/**
 * Walks again from the root for an access whose TLB entry is clean: neither counted nor cached, because
 * its loads are part of what the assist costs. The range was checked when the entry was filled. Returns
 * the fault.
 */
export function walkForAssist(cpu: u32, halfIndex: u32, va: u64, access: u32, need: u32): u32 {
  const half = halfOf(halfIndex);
  origin = ASSIST;
  restrictions = 0;
  lastLevel = load<u32>(half, HALF_TOP_LEVEL);
  lastTable = load<u64>(cpu + (halfIndex << 3), CPU_ROOTS);
  if (!isLogging()) {
    for (; lastLevel > 0; lastLevel--) {
      const level = levelOf(half, lastLevel);
      const table = Walk.plainTable(level, entryPaOf(level, lastTable, va));
      if (table == NO_TABLE) break;
      lastTable = table;
    }
  }
  return descend(cpu, half, 0, va, access, need) == 0 ? WalkResult.fault : FaultKind.None;
}

/** Origin of a walk that leaves no trace but in the tables. */
const ASSIST: u32 = u32.MAX_VALUE;

/** The rest of a walk, entry by entry, from that of `lastLevel` in `lastTable` on. */
function descend(cpu: u32, half: u32, tag: u32, va: u64, access: u32, need: u32): u64 {
  const isCounted = origin != ASSIST;
  const isCached = isCounted && load<u32>(GEOMETRY_BASE, GEOMETRY_CACHE_LEVELS) != 0;
  const isShort = !isLogging();
  let table = lastTable;
  for (let l = <i32>lastLevel; l >= 0; l--) {
    const level = levelOf(half, l);
    const pa = entryPaOf(level, table, va);
    let result = AGAIN;
    while (result == AGAIN) {
      result = isShort ? Walk.alike(level, pa, va, need) : 0;
      if (result == 0) result = stepByStep(half, l, level, pa, restrictions, va, access);
    }
    if (isCached) loadEntryThrough(cpu, pa);
    if (result != GO_ON) {
      if (isCounted) countWalk(origin, l);
      return result;
    }
    table = Step.table;
    restrictions |= Step.restrictions;
    if (isCounted) WalkCache.insert(cpu, level, tag, va, l, table, restrictions);
  }
  assert(false, "a last-level entry was classed as a table");
  return failed(FaultKind.NotPresent);
}
