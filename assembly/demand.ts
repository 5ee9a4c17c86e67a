// The simple mapper: fills a not-present entry while the walk waits.
//
// It stands for "some kernel maps memory at first touch", no more: tables and pages come from counters,
// nothing is freed, rights are the template's. A whole kernel works by stop and resume instead.

import { Counter } from "./abi/counters";
import {
  DEMAND_ENABLED,
  DEMAND_POLICIES,
  DEMAND_SPLIT,
  DEMAND_TABLE_BITS,
  POLICY_BYTES,
  POLICY_GROUP,
  POLICY_LAST,
  POLICY_LEAF_BITS,
  POLICY_LEVEL,
  POLICY_NEXT,
} from "./abi/demand";
import {
  HALF_LEVELS,
  HALF_TOP_LEVEL,
  LEVEL_BYTES,
  LEVEL_GROUP_MASK,
  LEVEL_INDEX_MASK,
  LEVEL_LEAF_ADDRESS,
  LEVEL_SHIFT,
  LEVEL_TABLE_ADDRESS,
} from "./abi/layout";
import { DEMAND_BASE, FRAME_BYTES } from "./abi/memory-map";
import { FaultKind, Stop } from "./abi/stop";
import { bump, bumpBy } from "./count";
import { allocateArena, isBacked, windowAddress } from "./physmem";
import { classOf, encodeAddress } from "./pte";

/** Why the last entry could not be filled; `Stop.Fault` while all could. */
export let demandStop: u32 = Stop.Fault;

export function resetDemandStop(): void {
  demandStop = Stop.Fault;
}

function refuse(stop: u32): bool {
  demandStop = stop;
  return false;
}

/** The same for a second stage that could not be filled. */
export function refuseForMemory(): void {
  demandStop = Stop.OutOfMemory;
}

/** Bytes of the table at a level: small ones share a frame, but a root has its own. */
export function tableBytes(half: u32, level: u32): u32 {
  const entries = load<u32>(half + HALF_LEVELS + level * LEVEL_BYTES, LEVEL_INDEX_MASK) + 1;
  const least: u32 = level == load<u32>(half, HALF_TOP_LEVEL) ? FRAME_BYTES : 8;
  return max(entries * 8, least);
}

/** A zeroed table for entries of `level`, in the window. Returns its address, or u64.MAX_VALUE. */
export function allocateTable(half: u32, level: u32): u64 {
  const linear = allocateArena(tableBytes(half, level));
  return linear == 0 ? u64.MAX_VALUE : windowAddress(linear);
}

/**
 * Fills the entry at `word` if it is not present and the mapper is on. False: it stays as it is, and the
 * walk takes its steps.
 */
export function demanded(half: u32, l: u32, level: u32, word: u32, va: u64): bool {
  if (load<u32>(DEMAND_BASE, DEMAND_ENABLED) == 0) return false;
  if (classOf(half, l, load<u64>(word)) != FaultKind.NotPresent) return false;
  return demandEntry(half, l, level, word, va);
}

/**
 * Fills the entry at `word`, which is not present, on the way to `va`. False, with
 * `demandStop` set: memory is used up (or the table lies where there is none) or the policy's leaf
 * level lies above this one.
 */
function demandEntry(half: u32, level: u32, words: u32, word: u32, va: u64): bool {
  if (!isBacked(word)) return refuse(Stop.OutOfMemory);
  const second = va >= load<u64>(DEMAND_BASE, DEMAND_SPLIT);
  const policy: u32 = DEMAND_BASE + DEMAND_POLICIES + (second ? POLICY_BYTES : 0);
  const leafLevel = load<u32>(policy, POLICY_LEVEL);
  if (level < leafLevel) return refuse(Stop.DemandConflict);
  if (level == leafLevel) return fillLeaves(policy, words, word, va);

  const table = allocateTable(half, level - 1);
  if (table == u64.MAX_VALUE) return refuse(Stop.OutOfMemory);
  const field = load<u64>(words, LEVEL_TABLE_ADDRESS);
  const entry = encodeAddress(words, field, table) | load<u64>(DEMAND_BASE, DEMAND_TABLE_BITS);
  store<u64>(word, entry);
  bump(Counter.DemandTables);
  return true;
}

/** Makes the 2^group entries around `word`; they lie in one table because a group never crosses one. */
function fillLeaves(policy: u32, words: u32, word: u32, va: u64): bool {
  const shift = load<u32>(words, LEVEL_SHIFT);
  const group = load<u32>(policy, POLICY_GROUP);
  const bytes = (<u64>1) << (shift + group);
  const base = (load<u64>(policy, POLICY_NEXT) + bytes - 1) & ~(bytes - 1);
  if (base + bytes - 1 > load<u64>(policy, POLICY_LAST)) {
    return refuse(Stop.OutOfMemory);
  }
  store<u64>(policy, base + bytes, POLICY_NEXT);

  const count: u32 = (<u32>1) << group;
  const position = <u32>(va >> shift) & (count - 1);
  const first = word - position * 8;
  const field = load<u64>(words, LEVEL_LEAF_ADDRESS);
  const bits = load<u64>(policy, POLICY_LEAF_BITS);
  const fixed: u64 = group ? load<u64>(words, LEVEL_GROUP_MASK) : 0;
  for (let i: u32 = 0; i < count; i++) {
    const address = encodeAddress(words, field, base + ((<u64>i) << shift));
    store<u64>(first + i * 8, (address & ~fixed) | bits);
  }
  bump(Counter.DemandMappings);
  bumpBy(Counter.DemandEntries, count);
  return true;
}
