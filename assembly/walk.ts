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
// Results stand in the exported variables below: the core has no allocation to return a record in.

import { Counter } from "./abi/counters";
import { DEMAND_ENABLED } from "./abi/demand";
import {
  HALF_ADDRESS_LIMIT,
  HALF_GLOBAL_MASK,
  HALF_GLOBAL_VALUE,
  HALF_LEVELS,
  HALF_RANGE_LEVEL,
  HALF_RANGE_MASK,
  HALF_RANGE_VALUE,
  HALF_TOP_LEVEL,
  LEVEL_ADDRESS_SHIFT,
  LEVEL_BYTES,
  LEVEL_CLASS,
  LEVEL_GROUP_CLASS,
  LEVEL_INDEX_MASK,
  LEVEL_LEAF_ADDRESS,
  LEVEL_PLAIN_TABLE,
  LEVEL_SHIFT,
  LEVEL_TABLE_ADDRESS,
} from "./abi/layout";
import { DEMAND_BASE } from "./abi/memory-map";
import { CLASS_LEAF, CLASS_TABLE, FaultKind, RIGHTS_MASK } from "./abi/stop";
import {
  TLB_DATA,
  TLB_DATA_CLEAN,
  TLB_DATA_KEY_SHIFT,
  TLB_DATA_LEVEL_SHIFT,
  TLB_DATA_NO_ACCESS,
} from "./abi/tlb";
import { accessedFault, dirtyFault, isDirty, markLeaf, markTable, needOf } from "./accessed-dirty";
import { bump, countWalk } from "./count";
import { demandEntry } from "./demand";
import { LeafMemo, NO_MEMO, rememberLeaf } from "./leaf-memo";
import { denial, keyDenials, restrictionsOf, rightsOf } from "./permission";
import { Memory } from "./physmem";
import { classOf, groupShiftOf, isMalformed, leafAddress, tableAddress } from "./pte";
import { classShift } from "./tlb";
import { cachedLevel, cachedRestrictions, WalkCache } from "./walk-cache";
import { isLogging, logDecision, logStep, logUpdate } from "./walk-log";

/** Physical address of the access. */
export let walkPa: u64 = 0;
/** Physical address and value of the last entry read; 0 when none was. */
export let walkEntryPa: u64 = 0;
export let walkEntry: u64 = 0;
/** Level of that entry, counted from the leaf. */
export let walkLevel: u32 = 0;
/** Page-size class of the translation. */
export let walkClass: u32 = 0;
/** Flags of its TLB data word: level, rights denied (and which of them by key), dirty state. */
export let walkFlags: u64 = 0;
/** Whether the translation serves every context. */
export let walkGlobal: bool = false;

/** So that an access which needs no walk is not told with the entry of the one before. */
export function forgetWalk(): void {
  walkEntryPa = 0;
  walkEntry = 0;
}

/**
 * Translates `va` for `access` through the tables at `root`, updating accessed and dirty state.
 * Returns `FaultKind.None` and leaves the result in `walk*`, or the fault.
 */
export function walk(cpu: u32, half: u32, tag: u32, root: u64, va: u64, access: u32): u32 {
  if ((va & load<u64>(half, HALF_RANGE_MASK)) != load<u64>(half, HALF_RANGE_VALUE)) {
    return beforeFirstEntry(half, FaultKind.OutOfRange);
  }
  if ((root & load<u64>(half, HALF_ADDRESS_LIMIT)) != 0) {
    bump(Counter.Walks);
    return beforeFirstEntry(half, FaultKind.AddressSize);
  }
  const top = load<u32>(half, HALF_TOP_LEVEL);
  const cached = WalkCache.find(cpu, half, tag, va, top);
  if (cached == 0) {
    const fault = descend(cpu, half, tag, top, root, 0, va, access);
    countWalk(top, walkLevel, false);
    return fault;
  }
  const first = cachedLevel(cached) - 1;
  const table = load<u64>(cached, TLB_DATA);
  const fault = descend(cpu, half, tag, first, table, cachedRestrictions(cached), va, access);
  countWalk(first, walkLevel, true);
  return fault;
}

function beforeFirstEntry(half: u32, fault: u32): u32 {
  forgetWalk();
  walkLevel = load<u32>(half, HALF_RANGE_LEVEL);
  return fault;
}

/**
 * Walks again from the root for an access whose TLB entry is clean: neither counted nor cached, because
 * its loads are part of what the assist costs. The range was checked when the entry was filled.
 */
export function walkForAssist(half: u32, root: u64, va: u64, access: u32): u32 {
  return descend(0, half, 0, load<u32>(half, HALF_TOP_LEVEL), root, 0, va, access);
}

/** Steps 1 to 4, down to the leaf. `cpu` 0: tables are not cached. */
function descend(
  cpu: u32,
  half: u32,
  tag: u32,
  top: u32,
  root: u64,
  inherited: u32,
  va: u64,
  access: u32,
): u32 {
  const logging = isLogging();
  const need = needOf(access);
  let table = root;
  let restrictions = inherited;
  let level: u32 = half + HALF_LEVELS + top * LEVEL_BYTES;
  for (let l = <i32>top; l >= 0; l--) {
    const index = (va >> load<u32>(level, LEVEL_SHIFT)) & load<u32>(level, LEVEL_INDEX_MASK);
    const pa = table + (index << 3);
    const word = Memory.word(pa);
    const entry = load<u64>(word);
    const plainTable = load<u64>(level, LEVEL_PLAIN_TABLE);
    if ((entry & plainTable) == load<u64>(level, LEVEL_PLAIN_TABLE + 8) && !logging) {
      table =
        (entry & load<u64>(level, LEVEL_TABLE_ADDRESS)) << load<u32>(level, LEVEL_ADDRESS_SHIFT);
    } else {
      walkLevel = l;
      walkEntryPa = pa;
      const flags = LeafMemo.find(level, entry, restrictions);
      if (flags != NO_MEMO && (flags & need) == 0 && !logging) {
        return plainLeaf(level, entry, flags, va);
      }
      const result = stepByStep(half, l, level, word, entry, restrictions, va, access);
      if (result != GO_ON) return result;
      table = stepTable;
      restrictions |= stepRestrictions;
    }
    if (cpu != 0) WalkCache.insert(cpu, half, tag, va, l, table, restrictions);
    level -= LEVEL_BYTES;
  }
  assert(false, "a last-level entry was classed as a table");
  return FaultKind.NotPresent;
}

/** `stepByStep` found a table: it lies at `stepTable`, its entry adds `stepRestrictions`. */
const GO_ON: u32 = 0xff;
let stepTable: u64 = 0;
let stepRestrictions: u32 = 0;

/** Steps 2 to 4 for an entry that is not plain. */
function stepByStep(
  half: u32,
  l: u32,
  level: u32,
  word: u32,
  read: u64,
  restrictions: u32,
  va: u64,
  access: u32,
): u32 {
  let entry = read;
  let entryClass = classOf(half, l, entry);
  if (entryClass == FaultKind.NotPresent && load<u32>(DEMAND_BASE, DEMAND_ENABLED) != 0) {
    entry = demandEntry(half, l, level, word, va);
    entryClass = classOf(half, l, entry);
  }
  walkEntry = entry;
  logStep(walkEntryPa, entry, l, entryClass, restrictions);
  if (entryClass < <u32>CLASS_TABLE) return entryClass;
  if (isMalformed(level, entry, entryClass)) return logDecision(FaultKind.Reserved, 0);

  if (entryClass == CLASS_LEAF) {
    return translateLeaf(half, level, word, entry, restrictions, va, access);
  }
  stepTable = tableAddress(level, entry);
  if ((stepTable & load<u64>(half, HALF_ADDRESS_LIMIT)) != 0)
    return logDecision(FaultKind.AddressSize, 0);
  stepRestrictions = restrictionsOf(half, entry);
  walkEntry = markTable(half, word, entry);
  logUpdate(walkEntry);
  return GO_ON;
}

/** A leaf like one before: its flags are known, it needs no update. */
function plainLeaf(level: u32, entry: u64, flags: u64, va: u64): u32 {
  walkEntry = entry;
  walkFlags = flags;
  walkGlobal = false;
  walkClass = load<u32>(level, LEVEL_CLASS);
  const address = lowAddress(level, entry);
  const inPage: u64 = ((<u64>1) << load<u32>(level, LEVEL_SHIFT)) - 1;
  walkPa = address | (va & inPage);
  return FaultKind.None;
}

/** The page of a leaf that has nothing in the high address field. */
function lowAddress(level: u32, entry: u64): u64 {
  return (entry & load<u64>(level, LEVEL_LEAF_ADDRESS)) << load<u32>(level, LEVEL_ADDRESS_SHIFT);
}

/** Steps 5 to 7. */
function translateLeaf(
  half: u32,
  level: u32,
  word: u32,
  entry: u64,
  restrictions: u32,
  va: u64,
  access: u32,
): u32 {
  const address = leafAddress(level, entry);
  if ((address & load<u64>(half, HALF_ADDRESS_LIMIT)) != 0) {
    return logDecision(FaultKind.AddressSize, 0);
  }
  let fault = accessedFault(half, entry, true);
  if (fault != FaultKind.None) return logDecision(fault, 0);

  const granted = rightsOf(half, entry, restrictions);
  const byKey = keyDenials(half, entry, granted);
  const rights = granted & RIGHTS_MASK & ~byKey;
  fault = denial(granted, byKey, access);
  if (fault == FaultKind.None) fault = accessedFault(half, entry, false);
  if (fault == FaultKind.None) fault = dirtyFault(half, entry, access);
  if (fault != FaultKind.None) return logDecision(fault, rights);

  walkEntry = markLeaf(half, word, entry, access);
  logUpdate(walkEntry);
  walkFlags = flagsOf(isDirty(half, walkEntry), rights, byKey);
  walkGlobal = (entry & load<u64>(half, HALF_GLOBAL_MASK)) == load<u64>(half, HALF_GLOBAL_VALUE);
  const group = groupShiftOf(level, entry);
  walkClass = group != 0 ? load<u32>(level, LEVEL_GROUP_CLASS) : load<u32>(level, LEVEL_CLASS);
  if (walkEntry == entry && group == 0 && !walkGlobal && address == lowAddress(level, entry)) {
    rememberLeaf(level, entry, restrictions, walkFlags);
  }
  // In a contiguous group the address bits below the group's size come from the input address, not
  // from the entry (Arm ARM StageOA: the output is "baseaddress<..:ia_msb> : ia<ia_msb-1:0>"; Svnapot
  // says the same of its low PPN bits). Whole groups give the entry's own address either way.
  const offset: u64 = ((<u64>1) << classShift(walkClass)) - 1;
  walkPa = (address & ~offset) | (va & offset);
  return logDecision(FaultKind.None, rights);
}

function flagsOf(dirty: bool, rights: u32, byKey: u32): u64 {
  const denied = (rights ^ RIGHTS_MASK) | (dirty ? 0 : TLB_DATA_CLEAN) | TLB_DATA_NO_ACCESS;
  return ((<u64>byKey) << TLB_DATA_KEY_SHIFT) | (walkLevel << TLB_DATA_LEVEL_SHIFT) | denied;
}
