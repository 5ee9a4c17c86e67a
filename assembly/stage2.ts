// The second stage: a guest-physical address becomes a physical one, by tables of its own with their own rights,
// accessed and dirty state and faults (SDM 3C, chapter "VMX support for address translation", EPT; Arm ARM D8, stage 2).
//
//   gpa --pages cached?--> page            the same steps as of the first stage (walk-step.ts), on other words:
//    |  --tables cached?--> deepest one    classes, reserved bits, rights over the levels, A and D are those of the
//    |                                     half at STAGE2_HALF
//   root --entry by entry--> leaf
//
// Results stand in static fields, as in walk-step.ts. Each guest has a root of its own, and what is cached has its number.

import { Counter } from "./abi/counters";
import {
  HALF_ADDRESS_LIMIT,
  HALF_FLAG_DIRTY_BY_HARDWARE,
  HALF_FLAGS,
  HALF_RANGE_LEVEL,
  HALF_RANGE_MASK,
  HALF_RANGE_VALUE,
  HALF_TOP_LEVEL,
  LEVEL_GROUP_MASK,
  LEVEL_LEAF_ADDRESS,
  LEVEL_SHIFT,
  LEVEL_TABLE_ADDRESS,
} from "./abi/layout";
import { GEOMETRY_BASE, STAGE2_BASE } from "./abi/memory-map";
import {
  CACHED_ADDRESS,
  CACHED_SHIFT,
  CACHED_WORD,
  STAGE2_DEMAND,
  STAGE2_DEMAND_GROUP,
  STAGE2_DEMAND_LEVEL,
  STAGE2_HALF,
  STAGE2_LEAF_BITS,
  STAGE2_PAGE_ENTRIES,
  STAGE2_PAGES,
  STAGE2_ROOTS,
  STAGE2_TABLE_BITS,
  STAGE2_TABLE_ENTRIES,
  STAGE2_TABLES,
} from "./abi/stage2";
import { CLASS_LEAF, CLASS_TABLE, FaultKind, RIGHTS_MASK } from "./abi/stop";
import { CPU_TAG, GEOMETRY_GUESTS, TLB_DATA_CLEAN, TLB_GUEST_SHIFT } from "./abi/tlb";
import { accessedFault, dirtyFault, isDirty, markLeaf, markTable } from "./accessed-dirty";
import { bump } from "./count";
import { allocateTable, refuseForMemory } from "./demand";
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
import { findCached, keepCached } from "./stage2-cache";
import { entryPaOf, levelOf } from "./walk-way";

const HALF: u32 = STAGE2_BASE + STAGE2_HALF;
/** Of a cached table: what restricts it, and above that the level of its entries. */
const RESTRICTIONS: u32 = 0xffff;
const LEVEL_AT: u32 = 16;
/** No physical address is so high. */
export const NO_ADDRESS: u64 = u64.MAX_VALUE;

/** Whose address is translated. */
let guest: u32 = 0;

/** What the last translation came to, besides the address. */
export class Stage2 {
  static fault: u32 = 0;
  static level: u32 = 0;
  static gpa: u64 = 0;
  /** What was tried: of a guest's table not what the guest tried. */
  static access: u32 = 0;
  /** Rights that the entries left, six bits as in `Access`. */
  static rights: u32 = 0;
  /** An assist walks again and is counted as such, not by what it reads (docs/adr/0005). */
  static isCounted: bool = true;
  /** log2 bytes of the page; rights that it lacks and `TLB_DATA_CLEAN`, as in a TLB's data word. */
  static shift: u32 = 0;
  static denied: u32 = 0;
}

function count(counter: u32): void {
  if (Stage2.isCounted) bump(counter);
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
  guest = (load<u32>(cpu, CPU_TAG) & load<u32>(GEOMETRY_BASE, GEOMETRY_GUESTS)) >> TLB_GUEST_SHIFT;
  if ((gpa & load<u64>(HALF, HALF_RANGE_MASK)) != load<u64>(HALF, HALF_RANGE_VALUE)) {
    Stage2.rights = 0;
    return failed(FaultKind.OutOfRange, load<u32>(HALF, HALF_RANGE_LEVEL));
  }
  const page = findCached(STAGE2_PAGES, STAGE2_PAGE_ENTRIES, guest, gpa);
  if (page != 0 && (load<u32>(page, CACHED_WORD) & need) == 0) {
    count(Counter.SecondStagePageHits);
    Stage2.shift = load<u32>(page, CACHED_SHIFT);
    Stage2.denied = load<u32>(page, CACHED_WORD);
    return load<u64>(page, CACHED_ADDRESS) | (gpa & (((<u64>1) << Stage2.shift) - 1));
  }
  return walkStage2(cpu, gpa, access);
}

function walkStage2(cpu: u32, gpa: u64, access: u32): u64 {
  count(Counter.SecondStageWalks);
  let l = <i32>load<u32>(HALF, HALF_TOP_LEVEL);
  let table = load<u64>(STAGE2_BASE + (guest << 3), STAGE2_ROOTS);
  let restrictions: u32 = 0;
  const cached = findCached(STAGE2_TABLES, STAGE2_TABLE_ENTRIES, guest, gpa);
  if (cached != 0) {
    count(Counter.SecondStageTableHits);
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
    count(Counter.SecondStageLoads);
    if (Stage2.isCounted) loadStage2Entry(cpu, pa);
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
    keepCached(STAGE2_TABLES, STAGE2_TABLE_ENTRIES, guest, gpa, reach, table, word32);
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
  keepCached(
    STAGE2_PAGES,
    STAGE2_PAGE_ENTRIES,
    guest,
    gpa,
    Stage2.shift,
    at & ~inPage,
    Stage2.denied,
  );
  return at;
}

/** A zeroed root table, in the window; u64.MAX_VALUE = memory is used up. */
export function newStage2Root(): u64 {
  return allocateTable(HALF, load<u32>(HALF, HALF_TOP_LEVEL));
}

/** The simple mapper gives a guest the memory at its own addresses, by pages of the level that was chosen. */
function fillOnDemand(l: u32, level: u32, word: u32, gpa: u64): void {
  if (load<u32>(STAGE2_BASE, STAGE2_DEMAND) == 0) return;
  if (classOf(HALF, l, load<u64>(word)) != FaultKind.NotPresent) return;
  if (!isBacked(word)) {
    refuseForMemory();
    return;
  }
  if (l == load<u32>(STAGE2_BASE, STAGE2_DEMAND_LEVEL)) {
    fillLeaves(level, word, gpa);
    return;
  }
  const table = allocateTable(HALF, l - 1);
  if (table == u64.MAX_VALUE) {
    refuseForMemory();
    return;
  }
  const bits = encodeAddress(level, load<u64>(level, LEVEL_TABLE_ADDRESS), table);
  store<u64>(word, bits | load<u64>(STAGE2_BASE, STAGE2_TABLE_BITS));
}

/** The leaf for an address, and those beside it that are mapped with it: 2^group of them, which lie in one table. */
function fillLeaves(level: u32, word: u32, gpa: u64): void {
  const shift: u64 = load<u32>(level, LEVEL_SHIFT);
  const group: u64 = load<u32>(STAGE2_BASE, STAGE2_DEMAND_GROUP);
  const page = (gpa >> shift) << shift;
  const first = (gpa >> (shift + group)) << (shift + group);
  const count: u64 = (<u64>1) << group;
  const at = word - ((<u32>((page - first) >> shift)) << 3);
  // Fields of a group may lie where the address has its low bits.
  const fixed: u64 = group != 0 ? load<u64>(level, LEVEL_GROUP_MASK) : 0;
  for (let i: u64 = 0; i < count; i++) {
    const bits = encodeAddress(level, load<u64>(level, LEVEL_LEAF_ADDRESS), first + (i << shift));
    store<u64>(at + ((<u32>i) << 3), (bits & ~fixed) | load<u64>(STAGE2_BASE, STAGE2_LEAF_BITS));
  }
}
