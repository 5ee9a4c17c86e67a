// The part of a walk that is not written out: the levels above, and from the first entry on that is neither a
// plain table nor a leaf like one before, all that follow.

import { HALF_TOP_LEVEL } from "./abi/layout";
import { GEOMETRY_BASE } from "./abi/memory-map";
import { FaultKind } from "./abi/stop";
import { CPU_ROOTS, GEOMETRY_CACHE_LEVELS, GEOMETRY_STAGE2 } from "./abi/tlb";
import { countWalk, originOf } from "./count";
import { loadEntryThrough, pageByHost } from "./hierarchy";
import { PAGE_OF_DATA } from "./tlb";
import { WalkCache } from "./walk-cache";
import { isLogging } from "./walk-log";
import { walkNestedForAssist } from "./walk-nested";
import { AGAIN, failed, GO_ON, Step, stepByStep, WalkResult } from "./walk-step";
import { entryPaOf, halfOf, levelOf, NO_TABLE, Way } from "./walk-way";

/** A walk with nothing written out. */
export function fromTop(
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
 * root; to be gone on with at `Way.level` and `Way.table`.
 */
function begin(cpu: u32, half: u32, level: u32, tag: u32, root: u64, va: u64): void {
  const top = load<u32>(half, HALF_TOP_LEVEL);
  for (let l = level; l <= top; l++) {
    const table = Way.cached(cpu, half, l, tag, va);
    if (table == NO_TABLE) continue;
    Way.level = l - 1;
    Way.table = table;
    return;
  }
  Way.origin = originOf(top, false);
  Way.restrictions = 0;
  Way.level = top;
  Way.table = root;
}

/** The table that holds the entry of level 1 on the way to `va`, by the levels above; else `NO_TABLE`. */
export function tableOfLevel1(cpu: u32, half: u32, tag: u32, root: u64, va: u64): u64 {
  begin(cpu, half, 3, tag, root, va);
  for (; Way.level > 1; Way.level--) {
    const table = Way.below(cpu, half, Way.level, tag, Way.table, va);
    if (table == NO_TABLE) return NO_TABLE;
    Way.table = table;
  }
  return Way.table;
}

/**
 * Walks again from the root for an access whose TLB entry is clean: neither counted nor cached, because
 * its loads are part of what the assist costs. The range was checked when the entry was filled. Returns
 * the fault.
 */
export function walkForAssist(cpu: u32, halfIndex: u32, va: u64, access: u32, need: u32): u32 {
  const half = halfOf(halfIndex);
  const root = load<u64>(cpu + (halfIndex << 3), CPU_ROOTS);
  if (load<u32>(GEOMETRY_BASE, GEOMETRY_STAGE2) != 0)
    return walkNestedForAssist(cpu, half, root, va, access);
  Way.origin = ASSIST;
  Way.restrictions = 0;
  Way.level = load<u32>(half, HALF_TOP_LEVEL);
  Way.table = root;
  if (!isLogging()) {
    for (; Way.level > 0; Way.level--) {
      const level = levelOf(half, Way.level);
      const table = Way.plainTable(level, entryPaOf(level, Way.table, va));
      if (table == NO_TABLE) break;
      Way.table = table;
    }
    const level = levelOf(half, Way.level);
    if (Way.alike(level, entryPaOf(level, Way.table, va), va, need) != 0) return FaultKind.None;
  }
  return descend(cpu, half, 0, va, access, need) == 0 ? WalkResult.fault : FaultKind.None;
}

/** Origin of a walk that leaves no trace but in the tables. */
const ASSIST: u32 = u32.MAX_VALUE;

/** The rest of a walk, entry by entry, from that of `Way.level` in `Way.table` on. */
export function descend(cpu: u32, half: u32, tag: u32, va: u64, access: u32, need: u32): u64 {
  const isCounted = Way.origin != ASSIST;
  const isCached = isCounted && load<u32>(GEOMETRY_BASE, GEOMETRY_CACHE_LEVELS) != 0;
  const isShort = !isLogging();
  let table = Way.table;
  for (let l = <i32>Way.level; l >= 0; l--) {
    const level = levelOf(half, l);
    const pa = entryPaOf(level, table, va);
    let result = AGAIN;
    while (result == AGAIN) {
      result = isShort ? Way.alike(level, pa, va, need) : 0;
      if (result == 0) result = stepByStep(half, l, level, pa, Way.restrictions, va, access);
    }
    if (isCached) loadEntryThrough(cpu, pa);
    if (result != GO_ON) {
      if (isCached && result != 0) pageByHost(cpu, result & PAGE_OF_DATA);
      if (isCounted) countWalk(Way.origin, l);
      return result;
    }
    table = Step.table;
    Way.restrictions |= Step.restrictions;
    if (isCounted) WalkCache.insert(cpu, level, tag, va, l, table, Way.restrictions);
  }
  assert(false, "a last-level entry was classed as a table");
  return failed(FaultKind.NotPresent);
}
