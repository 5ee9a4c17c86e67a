// Work on runs of entries: a program that the host wrote (abi/bulk.ts), or a description of each.
//
//   for each entry:  which case?  --none--> stop
//                    guards of its frame's columns  --broken--> stop
//                    entry by rules; copy by rules; columns
//
// A run lies in one table. What a stop is for, the host knows: it deals with that entry by itself and goes on
// behind it.

import {
  CASE_BYTES,
  CASE_COLUMN_COUNT,
  CASE_COLUMNS,
  CASE_COPIES,
  CASE_COPY_RULE_COUNT,
  CASE_COPY_RULES,
  CASE_COUNT,
  CASE_RULE_COUNT,
  CASE_RULE_LIST,
  CASE_TESTS,
  COLUMN_ADD,
  COLUMN_BYTES,
  COLUMN_GUARD_MASK,
  COLUMN_GUARD_VALUE,
  COLUMN_KEEP,
  COLUMN_WORD,
  GATHER_CAPACITY,
  PROGRAM_CASE_COUNT,
  PROGRAM_CASES,
} from "./abi/bulk";
import { FLAG_PRESENT } from "./abi/entry";
import { FRAME_FLAGS, FRAME_MAPS } from "./abi/frames";
import { LEVEL_INDEX_MASK } from "./abi/layout";
import { GATHER_BASE } from "./abi/memory-map";
import { alikeEntries, attributesOf, changeAlike, copyChanged } from "./alike";
import { applyRules, flagsOf, frameOf, userLevel } from "./entry";
import { hasRecord, recordOf } from "./frames";
import { findEntry } from "./tables";

/** Address of the first case that fits; 0 = none. */
function caseOf(program: u32, entry: u64): u32 {
  const end = program + PROGRAM_CASES + load<u32>(program, PROGRAM_CASE_COUNT) * CASE_BYTES;
  for (let at = program + PROGRAM_CASES; at < end; at += CASE_BYTES) {
    const first = (entry & load<u64>(at, CASE_TESTS)) == load<u64>(at, CASE_TESTS + 8);
    const second = (entry & load<u64>(at, CASE_TESTS + 16)) == load<u64>(at, CASE_TESTS + 24);
    if (first && second) return at;
  }
  return 0;
}

function isGuarded(columns: u32, count: u32, record: u32): bool {
  for (let i: u32 = 0; i < count; i++) {
    const column = columns + i * COLUMN_BYTES;
    const word = load<u32>(record + load<u32>(column, COLUMN_WORD));
    if ((word & load<u32>(column, COLUMN_GUARD_MASK)) != load<u32>(column, COLUMN_GUARD_VALUE))
      return true;
  }
  return false;
}

function changeColumns(columns: u32, count: u32, record: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const column = columns + i * COLUMN_BYTES;
    const at = record + load<u32>(column, COLUMN_WORD);
    store<u32>(
      at,
      (load<u32>(at) & load<u32>(column, COLUMN_KEEP)) + load<u32>(column, COLUMN_ADD),
    );
  }
}

/**
 * Entries that are alike, of a case that does not care which frames they map: what becomes of one becomes of all.
 * Returns how many of the `count`.
 */
function changeRun(at: u32, slot: u32, copy: u32, count: u32): u32 {
  const entry = load<u64>(slot);
  const changed = applyRules(entry, at + CASE_RULE_LIST, load<u32>(at, CASE_RULE_COUNT));
  let alike: u32 = 0;
  if (load<u32>(at, CASE_COPIES) != 0) {
    const copied = applyRules(changed, at + CASE_COPY_RULES, load<u32>(at, CASE_COPY_RULE_COUNT));
    alike = alikeEntries(slot, count);
    copyChanged(slot, copy, alike, entry ^ copied);
  }
  if (changed != entry) alike = changeAlike(slot, count, entry ^ changed);
  else if (alike == 0) alike = alikeEntries(slot, count);
  store<u64>(at, load<u64>(at, CASE_COUNT) + alike, CASE_COUNT);
  return alike;
}

/**
 * Runs a program over the `count` last-level entries from `slot` on. `copy` is the slot that corresponds to
 * the first one, where the program copies. Returns how many it got through: `count`, or the index of the
 * entry it stops before, which is unchanged.
 */
export function apply(program: u32, slot: u32, copy: u32, count: u32): u32 {
  for (let i: u32 = 0; i < count; i++) {
    const entry = load<u64>(slot + i * 8);
    const at = caseOf(program, entry);
    if (at == 0) return i;
    const columnCount = load<u32>(at, CASE_COLUMN_COUNT);
    if (columnCount != 0) {
      const record = recordOf(frameOf(entry, 0));
      if (isGuarded(at + CASE_COLUMNS, columnCount, record)) return i;
      changeColumns(at + CASE_COLUMNS, columnCount, record);
    }
    if (columnCount == 0) {
      i += changeRun(at, slot + i * 8, copy + i * 8, count - i) - 1;
      continue;
    }
    const rules = load<u32>(at, CASE_RULE_COUNT);
    const changed = rules == 0 ? entry : applyRules(entry, at + CASE_RULE_LIST, rules);
    if (rules != 0) store<u64>(slot + i * 8, changed);
    if (load<u32>(at, CASE_COPIES) != 0) {
      const copied = applyRules(changed, at + CASE_COPY_RULES, load<u32>(at, CASE_COPY_RULE_COUNT));
      store<u64>(copy + i * 8, copied);
    }
    store<u64>(at, load<u64>(at, CASE_COUNT) + 1, CASE_COUNT);
  }
  return count;
}

/** Describes `count` last-level entries in the gather buffer: pairs (flags, frame; 0 where not present). */
export function gather(slot: u32, count: u32): void {
  assert(count <= <u32>GATHER_CAPACITY);
  for (let i: u32 = 0; i < count; i++) {
    const entry = load<u64>(slot + i * 8);
    const flags = entry == 0 ? 0 : flagsOf(entry);
    const frame = (flags & FLAG_PRESENT) != 0 ? frameOf(entry, 0) : 0;
    store<u32>(GATHER_BASE + i * 8, flags);
    store<u32>(GATHER_BASE + i * 8, frame, 4);
  }
}

/**
 * Describes `count` last-level entries run by run of those that are alike: pairs (flags, length) in the gather
 * buffer. Returns how many runs.
 */
export function gatherAlike(slot: u32, count: u32): u32 {
  assert(count <= <u32>GATHER_CAPACITY);
  let runs: u32 = 0;
  for (let i: u32 = 0; i < count; ) {
    const entry = load<u64>(slot + i * 8);
    const alike = alikeEntries(slot + i * 8, count - i);
    const at = GATHER_BASE + runs++ * 8;
    store<u32>(at, entry == 0 ? 0 : flagsOf(entry));
    store<u32>(at, alike, 4);
    i += alike;
  }
  return runs;
}

/**
 * How many whole last-level tables from `page` on, before `end`, hold nothing but entries like the one in `slot`. Both
 * pages begin a table.
 */
export function alikeTables(root: u32, page: f64, end: f64, slot: u32): u32 {
  const first = load<u64>(slot);
  const attributes = attributesOf(first);
  const size = load<u32>(userLevel(0), LEVEL_INDEX_MASK) + 1;
  let tables: u32 = 0;
  for (let at = page; at + <f64>size <= end; at += <f64>size) {
    const table = findEntry(root, at, 0);
    if (table == 0 || ((load<u64>(table) ^ first) & attributes) != 0) break;
    if (alikeEntries(table, size) != size) break;
    tables++;
  }
  return tables;
}

/**
 * Describes the pages of `count` present last-level entries, run by run of those whose frames say the same (flags and
 * how often mapped): pairs (frame of the first, length) in the gather buffer. A frame with any flag of `apart` stands
 * alone. Returns how many runs.
 */
export function gatherPages(slot: u32, count: u32, apart: u32): u32 {
  assert(count <= <u32>GATHER_CAPACITY);
  let runs: u32 = 0;
  let flags: u32 = 0;
  let maps: u32 = 0;
  let length: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const frame = frameOf(load<u64>(slot + i * 8), 0);
    const record = hasRecord(frame) ? recordOf(frame) : recordOf(0);
    const frameFlags = load<u32>(record, FRAME_FLAGS);
    const frameMaps = load<u32>(record, FRAME_MAPS);
    const same = length != 0 && frameFlags == flags && frameMaps == maps;
    if (same && (frameFlags & apart) == 0) {
      store<u32>(GATHER_BASE + (runs - 1) * 8, ++length, 4);
      continue;
    }
    flags = frameFlags;
    maps = frameMaps;
    length = 1;
    store<u32>(GATHER_BASE + runs * 8, frame);
    store<u32>(GATHER_BASE + runs++ * 8, length, 4);
  }
  return runs;
}
