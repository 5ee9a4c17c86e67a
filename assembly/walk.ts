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
// The lowest two levels are written out here, with constant numbers, so that a module made for one layout
// has their words as constants. The others, and what is out of the ordinary, are in descend.ts; the single
// steps in walk-step.ts.

import { Counter } from "./abi/counters";
import {
  HALF_ADDRESS_LIMIT,
  HALF_RANGE_LEVEL,
  HALF_RANGE_MASK,
  HALF_RANGE_VALUE,
  HALF_TOP_LEVEL,
} from "./abi/layout";
import { GEOMETRY_BASE } from "./abi/memory-map";
import { FaultKind } from "./abi/stop";
import { CPU_ROOTS, GEOMETRY_CACHE_LEVELS, GEOMETRY_STAGE2 } from "./abi/tlb";
import { bump, countWalk } from "./count";
import { demanded } from "./demand";
import { descend, fromTop, tableOfLevel1 } from "./descend";
import { loadEntryThrough, pageByHost } from "./hierarchy";
import { Memory } from "./physmem";
import { PAGE_OF_DATA } from "./tlb";
import { isLogging } from "./walk-log";
import { walkNested } from "./walk-nested";
import { failed, WalkResult } from "./walk-step";
import { entryPaOf, halfOf, levelOf, NO_TABLE, Way } from "./walk-way";

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
    if (load<u32>(GEOMETRY_BASE, GEOMETRY_STAGE2) != 0)
      return walkNested(cpu, half, tag, root, va, access);
    if (load<u32>(half, HALF_TOP_LEVEL) == 0)
      return fromTop(cpu, half, tag, root, va, access, need);
    if (isLogging()) return fromTop(cpu, half, tag, root, va, access, need);
    let table = Way.cached(cpu, half, 1, tag, va);
    if (table == NO_TABLE) {
      let above = Way.cached(cpu, half, 2, tag, va);
      if (above == NO_TABLE) {
        above = tableOfLevel1(cpu, half, tag, root, va);
        if (above == NO_TABLE) return descend(cpu, half, tag, va, access, need);
      }
      table = Way.below(cpu, half, 1, tag, above, va);
      if (table == NO_TABLE) return Walk.leaf(cpu, half, 1, tag, above, va, access, need);
    }
    return Walk.leaf(cpu, half, 0, tag, table, va, access, need);
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
    let data = Way.alike(level, pa, va, need);
    if (data == 0 && demanded(half, l, level, Memory.word(pa), va)) {
      data = Way.alike(level, pa, va, need);
    }
    if (data != 0) {
      if (load<u32>(GEOMETRY_BASE, GEOMETRY_CACHE_LEVELS) != 0) {
        loadEntryThrough(cpu, pa);
        pageByHost(cpu, data & PAGE_OF_DATA);
      }
      countWalk(Way.origin, l);
      return data;
    }
    Way.level = l;
    Way.table = table;
    return descend(cpu, half, tag, va, access, need);
  }
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
