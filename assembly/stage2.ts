// The second stage: a guest-physical address becomes a physical one, by tables of its own with their own rights,
// accessed and dirty state and faults (SDM 3C, chapter "VMX support for address translation", EPT; Arm ARM D8, stage 2).
//
//   gpa --pages cached?--> page            the same steps as of the first stage (walk-step.ts), on other words:
//    |  --tables cached?--> deepest one    classes, reserved bits, rights over the levels, A and D are those of the
//    |                                     half at STAGE2_HALF
//   root --entry by entry--> leaf
//
// Results stand in static fields, as in walk-step.ts. One guest at a time: a change of root must invalidate.

import { Counter } from "./abi/counters";
import {
  HALF_ADDRESS_LIMIT,
  HALF_FLAG_DIRTY_BY_HARDWARE,
  HALF_FLAGS,
  HALF_RANGE_LEVEL,
  HALF_RANGE_MASK,
  HALF_RANGE_VALUE,
  HALF_TOP_LEVEL,
  LEVEL_LEAF_ADDRESS,
  LEVEL_PAGE_MASK,
  LEVEL_SHIFT,
  LEVEL_TABLE_ADDRESS,
} from "./abi/layout";
import { STAGE2_BASE } from "./abi/memory-map";
import {
  CACHED_ADDRESS,
  CACHED_BYTES,
  CACHED_KEY,
  CACHED_SHIFT,
  CACHED_STAMP,
  CACHED_WORD,
  STAGE2_DEMAND,
  STAGE2_DEMAND_LEVEL,
  STAGE2_HALF,
  STAGE2_LEAF_BITS,
  STAGE2_PAGE_ENTRIES,
  STAGE2_PAGES,
  STAGE2_ROOT,
  STAGE2_TABLE_BITS,
  STAGE2_TABLE_ENTRIES,
  STAGE2_TABLES,
} from "./abi/stage2";
import { CLASS_LEAF, CLASS_TABLE, FaultKind, RIGHTS_MASK } from "./abi/stop";
import { TLB_DATA_CLEAN } from "./abi/tlb";
import { accessedFault, dirtyFault, isDirty, markLeaf, markTable } from "./accessed-dirty";
import { bump } from "./count";
import { allocateTable } from "./demand";
import { loadStage2Entry } from "./hierarchy";
import { denial, restrictionsOf, rightsOf } from "./permission";
import { isBacked, Memory } from "./physmem";
import {
  classOf,
  encodeAddress,
  groupShiftOf,
  isMalformed,
  leafAddress,
  tableAddress,
} from "./pte";
import { entryPaOf, levelOf } from "./walk-way";

const HALF: u32 = STAGE2_BASE + STAGE2_HALF;
/** Base pages of every stage are at least so large. */
const PAGE_SHIFT: u64 = 12;
/** Of a cached table: what restricts it, and above that the level of its entries. */
const RESTRICTIONS: u32 = 0xffff;
const LEVEL_AT: u32 = 16;
/** No physical address is so high. */
export const NO_ADDRESS: u64 = u64.MAX_VALUE;

let clock: u64 = 0;

/** What the last translation came to, besides the address. */
export class Stage2 {
  static fault: u32 = 0;
  static level: u32 = 0;
  static gpa: u64 = 0;
  /** What was tried: of a guest's table not what the guest tried. */
  static access: u32 = 0;
  /** Rights that the entries left, six bits as in `Access`. */
  static rights: u32 = 0;
  /** log2 bytes of the page; rights that it lacks and `TLB_DATA_CLEAN`, as in a TLB's data word. */
  static shift: u32 = 0;
  static denied: u32 = 0;
}

function failed(fault: u32, level: u32): u64 {
  Stage2.fault = fault;
  Stage2.level = level;
  bump(Counter.SecondStageFaults);
  return NO_ADDRESS;
}

/** Translates a guest-physical address for an access. `NO_ADDRESS`: `Stage2` says why not. */
export function translateGuest(cpu: u32, gpa: u64, access: u32, need: u32): u64 {
  Stage2.gpa = gpa;
  Stage2.access = access;
  Stage2.rights = RIGHTS_MASK;
  if ((gpa & load<u64>(HALF, HALF_RANGE_MASK)) != load<u64>(HALF, HALF_RANGE_VALUE)) {
    Stage2.rights = 0;
    return failed(FaultKind.OutOfRange, load<u32>(HALF, HALF_RANGE_LEVEL));
  }
  const page = find(STAGE2_PAGES, STAGE2_PAGE_ENTRIES, gpa);
  if (page != 0 && (load<u32>(page, CACHED_WORD) & need) == 0) {
    bump(Counter.SecondStagePageHits);
    Stage2.shift = load<u32>(page, CACHED_SHIFT);
    Stage2.denied = load<u32>(page, CACHED_WORD);
    return load<u64>(page, CACHED_ADDRESS) | (gpa & (((<u64>1) << Stage2.shift) - 1));
  }
  return walkStage2(cpu, gpa, access);
}

function walkStage2(cpu: u32, gpa: u64, access: u32): u64 {
  bump(Counter.SecondStageWalks);
  let l = <i32>load<u32>(HALF, HALF_TOP_LEVEL);
  let table = load<u64>(STAGE2_BASE, STAGE2_ROOT);
  let restrictions: u32 = 0;
  const cached = find(STAGE2_TABLES, STAGE2_TABLE_ENTRIES, gpa);
  if (cached != 0) {
    bump(Counter.SecondStageTableHits);
    table = load<u64>(cached, CACHED_ADDRESS);
    restrictions = load<u32>(cached, CACHED_WORD) & RESTRICTIONS;
    l = load<u32>(cached, CACHED_WORD) >> LEVEL_AT;
  }
  for (; l >= 0; l--) {
    const level = levelOf(HALF, l);
    const pa = entryPaOf(level, table, gpa);
    const word = Memory.word(pa);
    fillOnDemand(l, level, word, gpa);
    const entry = load<u64>(word);
    bump(Counter.SecondStageLoads);
    loadStage2Entry(cpu, pa);
    const entryClass = classOf(HALF, l, entry);
    if (entryClass < <u32>CLASS_TABLE) {
      Stage2.rights = 0;
      return failed(entryClass, l);
    }
    if (isMalformed(level, entry, entryClass)) return failed(FaultKind.Reserved, l);
    if (entryClass == CLASS_LEAF) return leafOf(l, level, word, entry, restrictions, gpa, access);
    table = tableAddress(level, entry);
    if ((table & load<u64>(HALF, HALF_ADDRESS_LIMIT)) != 0) return failed(FaultKind.AddressSize, l);
    restrictions |= restrictionsOf(HALF, entry);
    markTable(HALF, word, entry);
    const word32: u32 = restrictions | ((<u32>(l - 1)) << LEVEL_AT);
    const reach = load<u32>(level, LEVEL_SHIFT);
    insert(STAGE2_TABLES, STAGE2_TABLE_ENTRIES, gpa, reach, table, word32);
  }
  assert(false, "a last-level entry was classed as a table");
  return NO_ADDRESS;
}

function leafOf(
  l: u32,
  level: u32,
  word: u32,
  entry: u64,
  restrictions: u32,
  gpa: u64,
  access: u32,
): u64 {
  const address = leafAddress(level, entry);
  if ((address & load<u64>(HALF, HALF_ADDRESS_LIMIT)) != 0) return failed(FaultKind.AddressSize, l);
  let fault = accessedFault(HALF, entry, true);
  if (fault != FaultKind.None) return failed(fault, l);
  const rights = rightsOf(HALF, entry, restrictions) & RIGHTS_MASK;
  Stage2.rights = rights;
  fault = denial(rights, 0, access);
  if (fault == FaultKind.None) fault = accessedFault(HALF, entry, false);
  if (fault == FaultKind.None) fault = dirtyFault(HALF, entry, access);
  if (fault != FaultKind.None) return failed(fault, l);

  const marked = markLeaf(HALF, word, entry, access);
  const group = groupShiftOf(level, entry);
  Stage2.shift = group != 0 ? group : load<u32>(level, LEVEL_SHIFT);
  const keepsDirty = (load<u32>(HALF, HALF_FLAGS) & HALF_FLAG_DIRTY_BY_HARDWARE) != 0;
  const clean: u32 = keepsDirty && !isDirty(HALF, marked) ? TLB_DATA_CLEAN : 0;
  Stage2.denied = (rights ^ RIGHTS_MASK) | clean;
  const inPage: u64 = ((<u64>1) << Stage2.shift) - 1;
  const at = (address & ~inPage) | (gpa & inPage);
  insert(STAGE2_PAGES, STAGE2_PAGE_ENTRIES, gpa, Stage2.shift, at & ~inPage, Stage2.denied);
  return at;
}

/** The simple mapper gives a guest the memory at its own addresses, by pages of the level that was chosen. */
function fillOnDemand(l: u32, level: u32, word: u32, gpa: u64): void {
  if (load<u32>(STAGE2_BASE, STAGE2_DEMAND) == 0 || !isBacked(word)) return;
  if (classOf(HALF, l, load<u64>(word)) != FaultKind.NotPresent) return;
  if (l == load<u32>(STAGE2_BASE, STAGE2_DEMAND_LEVEL)) {
    const page = gpa & load<u64>(level, LEVEL_PAGE_MASK);
    const bits = encodeAddress(level, load<u64>(level, LEVEL_LEAF_ADDRESS), page);
    store<u64>(word, bits | load<u64>(STAGE2_BASE, STAGE2_LEAF_BITS));
    return;
  }
  const table = allocateTable(HALF, l - 1);
  if (table == u64.MAX_VALUE) return;
  const bits = encodeAddress(level, load<u64>(level, LEVEL_TABLE_ADDRESS), table);
  store<u64>(word, bits | load<u64>(STAGE2_BASE, STAGE2_TABLE_BITS));
}

/** The entry for an address in one of the caches, the one that covers least, made youngest; 0 = there is none. */
function find(cache: u32, entries: u32, gpa: u64): u32 {
  const count = load<u32>(STAGE2_BASE + entries);
  const first: u32 = STAGE2_BASE + cache;
  let found: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const entry = first + i * CACHED_BYTES;
    const key = load<u64>(entry, CACHED_KEY);
    if (key == 0) continue;
    const shift: u64 = load<u32>(entry, CACHED_SHIFT);
    if (((key - 1) << PAGE_SHIFT) >> shift != gpa >> shift) continue;
    if (found == 0 || <u32>shift < load<u32>(found, CACHED_SHIFT)) found = entry;
  }
  if (found != 0) store<u64>(found, ++clock, CACHED_STAMP);
  return found;
}

/** In place of the entry for the same addresses, else of the oldest. */
function insert(cache: u32, entries: u32, gpa: u64, shift: u32, address: u64, word: u32): void {
  const count = load<u32>(STAGE2_BASE + entries);
  if (count == 0) return;
  const first: u32 = STAGE2_BASE + cache;
  const key = (((gpa >> shift) << shift) >> PAGE_SHIFT) + 1;
  let victim = first;
  for (let i: u32 = 0; i < count; i++) {
    const entry = first + i * CACHED_BYTES;
    if (load<u64>(entry, CACHED_KEY) == key && load<u32>(entry, CACHED_SHIFT) == shift) {
      victim = entry;
      break;
    }
    if (load<u64>(entry, CACHED_STAMP) < load<u64>(victim, CACHED_STAMP)) victim = entry;
  }
  store<u64>(victim, key, CACHED_KEY);
  store<u64>(victim, address, CACHED_ADDRESS);
  store<u32>(victim, word, CACHED_WORD);
  store<u32>(victim, shift, CACHED_SHIFT);
  store<u64>(victim, ++clock, CACHED_STAMP);
}

/** Both caches forget guest-physical addresses `from`..`to`. */
export function forgetGuest(from: u64, to: u64): void {
  drop(STAGE2_PAGES, STAGE2_PAGE_ENTRIES, from, to);
  drop(STAGE2_TABLES, STAGE2_TABLE_ENTRIES, from, to);
}

function drop(cache: u32, entries: u32, from: u64, to: u64): void {
  const count = load<u32>(STAGE2_BASE + entries);
  const first: u32 = STAGE2_BASE + cache;
  for (let i: u32 = 0; i < count; i++) {
    const entry = first + i * CACHED_BYTES;
    const key = load<u64>(entry, CACHED_KEY);
    if (key == 0) continue;
    const shift: u64 = load<u32>(entry, CACHED_SHIFT);
    const at = ((key - 1) << PAGE_SHIFT) >> shift;
    if (at < from >> shift || at > to >> shift) continue;
    store<u64>(entry, 0, CACHED_KEY);
    store<u64>(entry, 0, CACHED_STAMP);
  }
}
