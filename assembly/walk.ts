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
// Results stand in the exported variables below: the core has no allocation to return a record in.

import { Counter } from "./abi/counters";
import { DEMAND_ENABLED } from "./abi/demand";
import {
  HALF_ADDRESS_LIMIT,
  HALF_CLASS_SHIFTS,
  HALF_LEVELS,
  HALF_RANGE_LEVEL,
  HALF_RANGE_MASK,
  HALF_RANGE_VALUE,
  HALF_TOP_LEVEL,
  LEVEL_BYTES,
  LEVEL_CLASS,
  LEVEL_GROUP_CLASS,
  LEVEL_INDEX_MASK,
  LEVEL_SHIFT,
} from "./abi/layout";
import { DEMAND_BASE } from "./abi/memory-map";
import { CLASS_LEAF, CLASS_TABLE, FaultKind, RIGHTS_MASK } from "./abi/stop";
import { TLB_DATA } from "./abi/tlb";
import { accessedFault, dirtyFault, markLeaf, markTable } from "./accessed-dirty";
import { bump } from "./count";
import { demandEntry } from "./demand";
import { denial, keyDenials, restrictionsOf, rightsOf } from "./permission";
import { wordAt } from "./physmem";
import { classOf, groupShiftOf, isMalformed, leafAddress, tableAddress } from "./pte";
import { cachedLevel, cachedRestrictions, findTable, insertTable } from "./walk-cache";
import { logDecision, logStep, logUpdate } from "./walk-log";

/** Physical address of the access. */
export let walkPa: u64 = 0;
/** Physical address and value of the last entry read; 0 when none was. */
export let walkEntryPa: u64 = 0;
export let walkEntry: u64 = 0;
/** Level of that entry, counted from the leaf. */
export let walkLevel: u32 = 0;
/** Page-size class of the translation. */
export let walkClass: u32 = 0;
/** Rights left to the page after keys; bit = `Access`. */
export let walkRights: u32 = 0;
/** Rights that its protection key takes away. */
export let walkDenied: u32 = 0;

/**
 * Translates `va` for `access` through the tables at `root`, updating accessed and dirty state.
 * Returns `FaultKind.None` and leaves the result in `walk*`, or the fault.
 */
export function walk(half: u32, context: u32, root: u64, va: u64, access: u32): u32 {
  walkEntryPa = 0;
  walkEntry = 0;
  walkLevel = load<u32>(half, HALF_RANGE_LEVEL);
  if ((va & load<u64>(half, HALF_RANGE_MASK)) != load<u64>(half, HALF_RANGE_VALUE)) {
    return FaultKind.OutOfRange;
  }
  if ((root & load<u64>(half, HALF_ADDRESS_LIMIT)) != 0) return FaultKind.AddressSize;

  bump(Counter.Walks);
  const top = load<u32>(half, HALF_TOP_LEVEL);
  const cached = findTable(half, context, va, top);
  if (cached == 0) return descend(half, context, top, root, 0, va, access, true);
  const table = load<u64>(cached, TLB_DATA);
  const level = cachedLevel(cached) - 1;
  return descend(half, context, level, table, cachedRestrictions(cached), va, access, true);
}

/**
 * Walks again from the root for an access whose TLB entry is clean: neither counted nor cached, because
 * its loads are part of what the assist costs. The range was checked when the entry was filled.
 */
export function walkForAssist(half: u32, root: u64, va: u64, access: u32): u32 {
  return descend(half, 0, load<u32>(half, HALF_TOP_LEVEL), root, 0, va, access, false);
}

/** Steps 1 to 4, down to the leaf. `seen`: loads are counted and tables cached. */
function descend(
  half: u32,
  context: u32,
  top: u32,
  root: u64,
  inherited: u32,
  va: u64,
  access: u32,
  seen: bool,
): u32 {
  const limit = load<u64>(half, HALF_ADDRESS_LIMIT);
  let table = root;
  let restrictions = inherited;
  for (let l = <i32>top; l >= 0; l--) {
    const level = half + HALF_LEVELS + <u32>l * LEVEL_BYTES;
    const index = (va >> load<u32>(level, LEVEL_SHIFT)) & load<u32>(level, LEVEL_INDEX_MASK);
    const pa = table + (index << 3);
    const word = wordAt(pa);
    let entry = load<u64>(word);
    walkLevel = l;
    walkEntryPa = pa;
    walkEntry = entry;
    if (seen) bump(Counter.WalkLoadsLevel0 + l);

    let entryClass = classOf(half, l, entry);
    if (entryClass == FaultKind.NotPresent && load<u32>(DEMAND_BASE, DEMAND_ENABLED) != 0) {
      entry = demandEntry(half, l, level, word, va);
      entryClass = classOf(half, l, entry);
    }
    logStep(pa, entry, l, entryClass, restrictions);
    if (entryClass < <u32>CLASS_TABLE) return entryClass;
    if (isMalformed(level, entry, entryClass)) return logDecision(FaultKind.Reserved, 0);

    if (entryClass == CLASS_LEAF) {
      return translateLeaf(half, level, word, entry, restrictions, va, access);
    }
    table = tableAddress(level, entry);
    if ((table & limit) != 0) return logDecision(FaultKind.AddressSize, 0);
    restrictions |= restrictionsOf(half, entry);
    walkEntry = markTable(half, word, entry);
    logUpdate(walkEntry);
    if (seen) insertTable(half, context, va, l, table, restrictions);
  }
  assert(false, "a last-level entry was classed as a table");
  return FaultKind.NotPresent;
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

  const rights = rightsOf(half, entry, restrictions);
  walkDenied = keyDenials(half, entry, rights);
  walkRights = rights & RIGHTS_MASK & ~walkDenied;
  fault = denial(rights, walkDenied, access);
  if (fault == FaultKind.None) fault = accessedFault(half, entry, false);
  if (fault == FaultKind.None) fault = dirtyFault(half, entry, access);
  if (fault != FaultKind.None) return logDecision(fault, walkRights);

  walkEntry = markLeaf(half, word, entry, access);
  logUpdate(walkEntry);
  const group = groupShiftOf(level, entry);
  walkClass = group ? load<u32>(level, LEVEL_GROUP_CLASS) : load<u32>(level, LEVEL_CLASS);
  // In a contiguous group the address bits below the group's size come from the input address, not
  // from the entry (Arm ARM StageOA: the output is "baseaddress<..:ia_msb> : ia<ia_msb-1:0>"; Svnapot
  // says the same of its low PPN bits). Whole groups give the entry's own address either way.
  const shift = load<u32>(half + (walkClass << 2), HALF_CLASS_SHIFTS);
  const offset: u64 = ((<u64>1) << shift) - 1;
  walkPa = (address & ~offset) | (va & offset);
  return logDecision(FaultKind.None, walkRights);
}
