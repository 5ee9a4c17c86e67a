// The walk of a guest: each entry of its tables, and the page it comes to, lies at a guest-physical address, which the
// second stage translates first (stage2.ts).
//
//   n levels of the guest, m of the second stage        references of a walk that finds nothing cached
//
//     entry of level n    m + 1                          4 x 4:  4 * (4 + 1) + 4 = 24
//     ...                                                5 x 4:  5 * (4 + 1) + 4 = 29
//     entry of level 1    m + 1                          5 x 5:  5 * (5 + 1) + 5 = 35
//     the page            m
//                         n * m + n + m
//
// Where the second stage keeps accessed and dirty flags of its own, it may count reads of a guest's tables as writes
// (SDM 3C, EPT: "accesses to guest paging-structure entries are treated as writes"); where it does not, setting a flag in a
// guest's entry is a write all the same, and needs the right.
//
// A TLB entry holds both stages at once: the smaller of both pages, the rights of both, and it is clean while either
// leaf is. A walk cache holds the table's physical address, so that a hit saves its translation, too.

import { Counter } from "./abi/counters";
import { HALF_TOP_LEVEL, LEVEL_INDEX_MASK } from "./abi/layout";
import { GEOMETRY_BASE, STAGE2_BASE } from "./abi/memory-map";
import { STAGE2_TABLES_WRITTEN } from "./abi/stage2";
import { Access, FaultKind } from "./abi/stop";
import { GEOMETRY_CACHE_LEVELS, PROBE_CLASSES, TLB_DATA_CLASS_SHIFT } from "./abi/tlb";
import { needOf } from "./accessed-dirty";
import { bumpBy, countOf, countWalk, originOf } from "./count";
import { loadEntryThrough } from "./hierarchy";
import { Memory } from "./physmem";
import { NO_ADDRESS, Stage2, translateGuest } from "./stage2";
import { classShift, Data, PAGE_OF_DATA } from "./tlb";
import { WalkCache } from "./walk-cache";
import { AGAIN, failed, GO_ON, Step, stepByStep, WalkResult } from "./walk-step";
import { entryPaOf, levelOf, NO_TABLE, Way } from "./walk-way";

const CLASS_MASK: u64 = ~((<u64>7) << TLB_DATA_CLASS_SHIFT);

/** Which stage the last fault was of, and what for (`STOP_STAGE`). */
export let faultedStage: u32 = 0;

export function forgetStage(): void {
  faultedStage = 0;
}

/** The fault of the second stage is the access's. */
function secondStage(stage: u32): u64 {
  faultedStage = stage;
  WalkResult.level = Stage2.level;
  return failed(Stage2.fault);
}

/** Translates `va`, as `walk` does: counted, and with caches. */
export function walkNested(cpu: u32, half: u32, tag: u32, root: u64, va: u64, access: u32): u64 {
  const top = load<u32>(half, HALF_TOP_LEVEL);
  for (let l: u32 = 1; l <= top; l++) {
    const table = Way.cached(cpu, half, l, tag, va);
    if (table == NO_TABLE) continue;
    return goOn(cpu, half, tag, l - 1, NO_ADDRESS, table, va, access, true);
  }
  Way.origin = originOf(top, false);
  Way.restrictions = 0;
  return goOn(cpu, half, tag, top, root, NO_ADDRESS, va, access, true);
}

/** Walks again for a store through a clean entry; leaves no trace but in the tables. Returns the fault. */
export function walkNestedForAssist(cpu: u32, half: u32, root: u64, va: u64, access: u32): u32 {
  Way.restrictions = 0;
  const top = load<u32>(half, HALF_TOP_LEVEL);
  Stage2.isCounted = false;
  const data = goOn(cpu, half, 0, top, root, NO_ADDRESS, va, access, false);
  Stage2.isCounted = true;
  return data == 0 ? WalkResult.fault : FaultKind.None;
}

/**
 * From level `l` on.
 * @param guest guest-physical address of the table, where that is what is known
 * @param host else its physical one
 */
function goOn(
  cpu: u32,
  half: u32,
  tag: u32,
  top: u32,
  guest: u64,
  host: u64,
  va: u64,
  access: u32,
  counted: bool,
): u64 {
  faultedStage = 0;
  let table = guest;
  let known = host;
  let denied: u32 = 0;
  for (let l = <i32>top; l >= 0; l--) {
    const level = levelOf(half, l);
    if (known == NO_ADDRESS) {
      known = tableOf(cpu, level, table, va);
      if (known == NO_ADDRESS) return secondStage(2);
      denied = Stage2.denied;
      if (counted && l < <i32>top && isWithinPage(level)) {
        WalkCache.insert(cpu, levelOf(half, l + 1), tag, va, l + 1, known, Way.restrictions);
      }
    }
    const pa = entryPaOf(level, known, va);
    const result = stepAt(cpu, half, l, level, pa, table, denied, va, access);
    if (faultedStage != 0) return 0;
    if (counted && load<u32>(GEOMETRY_BASE, GEOMETRY_CACHE_LEVELS) != 0) loadEntryThrough(cpu, pa);
    if (result != GO_ON) {
      if (counted) countWalk(Way.origin, l);
      return result == 0 ? 0 : combined(cpu, result, access);
    }
    table = Step.table;
    known = NO_ADDRESS;
    Way.restrictions |= Step.restrictions;
  }
  return failed(FaultKind.NotPresent);
}

/** A table that its translation holds whole; a larger one is translated anew for each of its entries. */
function isWithinPage(level: u32): bool {
  const bytes: u64 = (<u64>load<u32>(level, LEVEL_INDEX_MASK) + 1) << 3;
  return bytes <= (<u64>1) << Stage2.shift;
}

/** Physical address of a guest's table, where its entry for `va` lies; other pages of it may lie elsewhere. */
function tableOf(cpu: u32, level: u32, table: u64, va: u64): u64 {
  const gpa = entryPaOf(level, table, va);
  const written = load<u32>(STAGE2_BASE, STAGE2_TABLES_WRITTEN) != 0;
  const access: u32 = written ? Access.SupervisorWrite : Access.SupervisorRead;
  const pa = translateGuest(cpu, gpa, access, needOf(access));
  return pa == NO_ADDRESS ? NO_ADDRESS : pa - (gpa - table);
}

/**
 * The steps for one entry, and the right to write it where they changed it; without the right it is as before.
 * @param denied what the translation of its table lacks
 */
function stepAt(
  cpu: u32,
  half: u32,
  l: u32,
  level: u32,
  pa: u64,
  table: u64,
  denied: u32,
  va: u64,
  access: u32,
): u64 {
  let result = AGAIN;
  let before: u64 = 0;
  const accessed = countOf(Counter.AccessedSet);
  const dirty = countOf(Counter.DirtySet);
  while (result == AGAIN) {
    before = load<u64>(Memory.word(pa));
    result = stepByStep(half, l, level, pa, Way.restrictions, va, access);
  }
  const word = Memory.word(pa);
  if (load<u64>(word) == before || load<u32>(STAGE2_BASE, STAGE2_TABLES_WRITTEN) != 0)
    return result;
  // Behind a cached table the guest-physical address is not known, and the right was asked for when it was cached.
  if (table == NO_ADDRESS) return result;
  const write: u32 = Access.SupervisorWrite;
  if ((denied & needOf(write)) == 0) return result;
  const gpa = entryPaOf(level, table, va);
  if (translateGuest(cpu, gpa, write, needOf(write)) != NO_ADDRESS) return result;
  store<u64>(word, before);
  bumpBy(Counter.AccessedSet, accessed - countOf(Counter.AccessedSet));
  bumpBy(Counter.DirtySet, dirty - countOf(Counter.DirtySet));
  return secondStage(2);
}

/** The first stage's data word becomes that of both: page, size, rights and cleanness. */
function combined(cpu: u32, data: u64, access: u32): u64 {
  const gpa = data & PAGE_OF_DATA;
  const pa = translateGuest(cpu, gpa, access, needOf(access));
  if (pa == NO_ADDRESS) return secondStage(1);
  const shift = min<u32>(classShift(Data.pageClass(data)), Stage2.shift);
  let pageClass: u32 = 1;
  for (let larger: u32 = 2; larger < <u32>PROBE_CLASSES; larger++) {
    const size = classShift(larger);
    if (size != 0 && size <= shift) pageClass = larger;
  }
  const flags = (data & ~PAGE_OF_DATA & CLASS_MASK) | Stage2.denied;
  return (pa & PAGE_OF_DATA) | flags | ((<u64>pageClass) << TLB_DATA_CLASS_SHIFT);
}
