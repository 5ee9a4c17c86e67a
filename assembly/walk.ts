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
  HALF_LEVELS,
  HALF_RANGE_LEVEL,
  HALF_RANGE_MASK,
  HALF_RANGE_VALUE,
  HALF_TOP_LEVEL,
  LEVEL_BYTES,
  LEVEL_INDEX_MASK,
  LEVEL_PLAIN_TABLE,
  LEVEL_SHIFT,
} from "./abi/layout";
import { NO_CPU_BASE } from "./abi/memory-map";
import { FaultKind } from "./abi/stop";
import { CPU_CACHE_LEVELS, TLB_DATA } from "./abi/tlb";
import { bump, countWalk } from "./count";
import { loadEntryThrough, pageByHost } from "./hierarchy";
import { LeafMemo } from "./leaf-memo";
import { Memory } from "./physmem";
import { lowAddress, lowTable, pageOf } from "./pte";
import { PAGE_OF_DATA } from "./tlb";
import { cachedLevel, cachedRestrictions, WalkCache } from "./walk-cache";
import { isLogging } from "./walk-log";
import { AGAIN, failed, GO_ON, Step, stepByStep, WalkResult } from "./walk-step";

/**
 * The walk of an access that misses all TLBs, written into it. Nearly every entry it meets is a plain
 * table or a leaf like one before; the others take `stepByStep`, all of them while the log is on.
 */
export class Walk {
  /**
   * Translates `va` for `access` through the tables at `root`, updating accessed and dirty state. Returns
   * the TLB data word for the base page of `va` (abi/tlb.ts); 0 = `WalkResult.fault` says why not.
   * @param need what the access needs of a page, as a data word denies it
   */
  @inline
  static run(cpu: u32, half: u32, tag: u32, root: u64, va: u64, access: u32, need: u32): u64 {
    if ((va & load<u64>(half, HALF_RANGE_MASK)) != load<u64>(half, HALF_RANGE_VALUE)) {
      return beforeFirstEntry(half, FaultKind.OutOfRange);
    }
    if ((root & load<u64>(half, HALF_ADDRESS_LIMIT)) != 0) {
      bump(Counter.Walks);
      return beforeFirstEntry(half, FaultKind.AddressSize);
    }
    const top = load<u32>(half, HALF_TOP_LEVEL);
    const cached = WalkCache.find(cpu, half, tag, va, top);
    let first = top;
    let table = root;
    let restrictions: u32 = 0;
    if (cached != 0) {
      first = cachedLevel(cached) - 1;
      table = load<u64>(cached, TLB_DATA);
      restrictions = cachedRestrictions(cached);
    }
    // Caches and log have copies of the loop of their own: one test here, none in the loop.
    const data =
      (load<u32>(cpu, CPU_CACHE_LEVELS) | <u32>isLogging()) == 0
        ? Walk.descend(cpu, half, tag, first, table, restrictions, va, access, need, false)
        : descendOtherwise(cpu, half, tag, first, table, restrictions, va, access, need);
    countWalk(first, WalkResult.lastLevel, cached != 0);
    return data;
  }

  /** Steps 1 to 4, down to the leaf. `cached`: entries are read through the data caches. */
  @inline
  static descend(
    cpu: u32,
    half: u32,
    tag: u32,
    first: u32,
    root: u64,
    inherited: u32,
    va: u64,
    access: u32,
    need: u32,
    cached: bool,
  ): u64 {
    let table = root;
    let restrictions = inherited;
    let l = first;
    let level: u32 = half + HALF_LEVELS + first * LEVEL_BYTES;
    let result = GO_ON;
    while (result == GO_ON) {
      const index = (va >> load<u32>(level, LEVEL_SHIFT)) & load<u32>(level, LEVEL_INDEX_MASK);
      const pa = table + (index << 3);
      const word = Memory.word(pa);
      const entry = load<u64>(word);
      const plainTable = load<u64>(level, LEVEL_PLAIN_TABLE);
      if ((entry & plainTable) == load<u64>(level, LEVEL_PLAIN_TABLE + 8)) {
        table = lowTable(level, entry);
        if (cached) loadEntryThrough(cpu, pa);
      } else {
        WalkResult.lastLevel = l;
        WalkResult.entryPa = pa;
        const memo = LeafMemo.find(level, entry, restrictions, need);
        if (memo != 0) {
          const flags = LeafMemo.flags(memo);
          if ((<u32>flags & need) == 0) {
            WalkResult.entry = LeafMemo.update(memo, word, entry);
            if (cached) loadEntryThrough(cpu, pa);
            return pageOf(level, lowAddress(level, entry), va) | flags;
          }
        }
        result = stepByStep(half, l, level, word, entry, restrictions, va, access);
        if (result == AGAIN) {
          result = GO_ON;
          continue;
        }
        if (cached) loadEntryThrough(cpu, pa);
        if (result != GO_ON) break;
        table = Step.table;
        restrictions |= Step.restrictions;
      }
      WalkCache.insert(cpu, level, tag, va, l, table, restrictions);
      level -= LEVEL_BYTES;
      l--;
    }
    return result;
  }
}

function descendOtherwise(
  cpu: u32,
  half: u32,
  tag: u32,
  first: u32,
  table: u64,
  restrictions: u32,
  va: u64,
  access: u32,
  need: u32,
): u64 {
  const data = isLogging()
    ? descendSlowly(cpu, half, tag, first, table, restrictions, va, access)
    : Walk.descend(cpu, half, tag, first, table, restrictions, va, access, need, true);
  if (data != 0) pageByHost(cpu, data & PAGE_OF_DATA);
  return data;
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
export function walkForAssist(half: u32, root: u64, va: u64, access: u32): u32 {
  const top = load<u32>(half, HALF_TOP_LEVEL);
  return descendSlowly(NO_CPU_BASE, half, 0, top, root, 0, va, access) == 0
    ? WalkResult.fault
    : FaultKind.None;
}

/** As `Walk.descend`, with every step taken. `NO_CPU_BASE`: tables are not cached. */
function descendSlowly(
  cpu: u32,
  half: u32,
  tag: u32,
  first: u32,
  root: u64,
  inherited: u32,
  va: u64,
  access: u32,
): u64 {
  let table = root;
  let restrictions = inherited;
  for (let l = <i32>first; l >= 0; l--) {
    const level = half + HALF_LEVELS + l * LEVEL_BYTES;
    const index = (va >> load<u32>(level, LEVEL_SHIFT)) & load<u32>(level, LEVEL_INDEX_MASK);
    WalkResult.entryPa = table + (index << 3);
    WalkResult.lastLevel = l;
    const word = Memory.word(WalkResult.entryPa);
    const result = stepByStep(half, l, level, word, load<u64>(word), restrictions, va, access);
    if (result == AGAIN) {
      l++;
      continue;
    }
    if (load<u32>(cpu, CPU_CACHE_LEVELS) != 0) loadEntryThrough(cpu, WalkResult.entryPa);
    if (result != GO_ON) return result;
    table = Step.table;
    restrictions |= Step.restrictions;
    WalkCache.insert(cpu, level, tag, va, l, table, restrictions);
  }
  assert(false, "a last-level entry was classed as a table");
  return failed(FaultKind.NotPresent);
}
