// The steps of a walk for one entry, in the order of the manuals (see walk.ts for their list).
//
// Results stand in static fields: the core has no allocation to return a record in.

import { Counter } from "./abi/counters";
import {
  HALF_ADDRESS_LIMIT,
  HALF_GLOBAL_MASK,
  HALF_GLOBAL_VALUE,
  LEVEL_CLASS,
  LEVEL_GROUP_CLASS,
} from "./abi/layout";
import { CLASS_LEAF, CLASS_TABLE, FaultKind, RIGHTS_MASK } from "./abi/stop";
import {
  TLB_DATA_CLASS_SHIFT,
  TLB_DATA_CLEAN,
  TLB_DATA_GLOBAL,
  TLB_DATA_KEY_SHIFT,
  TLB_DATA_LEVEL_LOW_SHIFT,
  TLB_DATA_LEVEL_SHIFT,
} from "./abi/tlb";
import { accessedFault, dirtyFault, isDirty, markLeaf, markTable, needOf } from "./accessed-dirty";
import { countOf } from "./count";
import { demanded } from "./demand";
import { rememberLeaf } from "./leaf-memo";
import { denial, keyDenials, restrictionsOf, rightsOf } from "./permission";
import { Memory } from "./physmem";
import {
  classOf,
  groupShiftOf,
  isMalformed,
  leafAddress,
  lowAddress,
  pageOf,
  tableAddress,
} from "./pte";
import { PAGE_OF_DATA } from "./tlb";
import { logDecision, logStep, logUpdate } from "./walk-log";

/** What the last walk came to, besides the data word. */
export class WalkResult {
  static fault: u32 = 0;
  /** Level that a fault is reported for. */
  static level: u32 = 0;
  /** Physical address and value of the last entry read; 0 when none was. */
  static entryPa: u64 = 0;
  static entry: u64 = 0;

  /** So that an access which needs no walk is not told with the entry of the one before. */
  static forget(): void {
    WalkResult.entryPa = 0;
    WalkResult.entry = 0;
  }
}

export function failed(fault: u32): u64 {
  WalkResult.fault = fault;
  return 0;
}

/** `stepByStep` found a table, which `Step` describes. */
export const GO_ON: u64 = 1;
/** It filled an entry that was not present: the step is to be taken with what stands there now. */
export const AGAIN: u64 = 2;

/** The table found: where it lies, and what its entry restricts. */
export class Step {
  static table: u64 = 0;
  static restrictions: u32 = 0;
}

/** Steps 2 to 4 for an entry that is not plain. Returns the data word, 0 on a fault, `GO_ON`, `AGAIN`. */
export function stepByStep(
  half: u32,
  l: u32,
  level: u32,
  pa: u64,
  restrictions: u32,
  va: u64,
  access: u32,
): u64 {
  WalkResult.entryPa = pa;
  WalkResult.level = l;
  const word = Memory.word(pa);
  const entry = load<u64>(word);
  if (demanded(half, l, level, word, va)) return AGAIN;
  const entryClass = classOf(half, l, entry);
  WalkResult.entry = entry;
  logStep(WalkResult.entryPa, entry, l, entryClass, restrictions);
  if (entryClass < <u32>CLASS_TABLE) return failed(entryClass);
  if (isMalformed(level, entry, entryClass)) return decided(FaultKind.Reserved, 0);

  if (entryClass == CLASS_LEAF) {
    return translateLeaf(half, level, word, entry, restrictions, va, access);
  }
  Step.table = tableAddress(level, entry);
  if ((Step.table & load<u64>(half, HALF_ADDRESS_LIMIT)) != 0) {
    return decided(FaultKind.AddressSize, 0);
  }
  Step.restrictions = restrictionsOf(half, entry);
  WalkResult.entry = markTable(half, word, entry);
  logUpdate(WalkResult.entry);
  return GO_ON;
}

function decided(fault: u32, rights: u32): u64 {
  return failed(logDecision(fault, rights));
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
): u64 {
  const address = leafAddress(level, entry);
  if ((address & load<u64>(half, HALF_ADDRESS_LIMIT)) != 0) {
    return decided(FaultKind.AddressSize, 0);
  }
  let fault = accessedFault(half, entry, true);
  if (fault != FaultKind.None) return decided(fault, 0);

  const granted = rightsOf(half, entry, restrictions);
  const byKey = keyDenials(half, entry, granted);
  const rights = granted & RIGHTS_MASK & ~byKey;
  fault = denial(granted, byKey, access);
  if (fault == FaultKind.None) fault = accessedFault(half, entry, false);
  if (fault == FaultKind.None) fault = dirtyFault(half, entry, access);
  if (fault != FaultKind.None) return decided(fault, rights);

  const accessedBefore = countOf(Counter.AccessedSet);
  const dirtyBefore = countOf(Counter.DirtySet);
  WalkResult.entry = markLeaf(half, word, entry, access);
  logUpdate(WalkResult.entry);
  logDecision(FaultKind.None, rights);
  const group = groupShiftOf(level, entry);
  const pageClass =
    group != 0 ? load<u32>(level, LEVEL_GROUP_CLASS) : load<u32>(level, LEVEL_CLASS);
  const flags =
    flagsOf(half, WalkResult.entry, rights, byKey) | (pageClass << TLB_DATA_CLASS_SHIFT);
  if (group == 0) {
    if (address == lowAddress(level, entry)) {
      rememberLeaf(
        level,
        entry,
        WalkResult.entry,
        restrictions,
        needOf(access),
        flags,
        countOf(Counter.AccessedSet) - accessedBefore,
        countOf(Counter.DirtySet) - dirtyBefore,
      );
    }
    return pageOf(level, address, va) | flags;
  }
  // In a contiguous group the address bits below the group's size come from the input address, not
  // from the entry (Arm ARM StageOA: the output is "baseaddress<..:ia_msb> : ia<ia_msb-1:0>"; Svnapot
  // says the same of its low PPN bits). Whole groups give the entry's own address either way.
  const inGroup: u64 = ((<u64>1) << group) - 1;
  return (address & ~inGroup) | (va & inGroup & PAGE_OF_DATA) | flags;
}

/** All of a data word but the page and its class. */
function flagsOf(half: u32, entry: u64, rights: u32, byKey: u32): u64 {
  const global = (entry & load<u64>(half, HALF_GLOBAL_MASK)) == load<u64>(half, HALF_GLOBAL_VALUE);
  const flags =
    (rights ^ RIGHTS_MASK) |
    (isDirty(half, entry) ? 0 : TLB_DATA_CLEAN) |
    (global ? TLB_DATA_GLOBAL : 0) |
    ((WalkResult.level & 1) << TLB_DATA_LEVEL_LOW_SHIFT);
  const level = (<u64>(WalkResult.level >> 1)) << TLB_DATA_LEVEL_SHIFT;
  return level | ((<u64>byKey) << TLB_DATA_KEY_SHIFT) | flags;
}
