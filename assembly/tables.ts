// Page tables as a kernel builds them, in the window: found, made and freed by page number.
//
// A page number (address >> log2 of the base page) is a float64 at the border to the host, exact up to
// 2^53; a root is the simulated address of the top table. Levels are counted from the leaf.

import { VIEW_TABLE } from "./abi/entry";
import {
  HALF_TOP_LEVEL,
  LAYOUT_HALVES,
  LAYOUT_PAGE_SHIFT,
  LEVEL_INDEX_MASK,
  LEVEL_SHIFT,
  LEVEL_TABLE_ADDRESS,
  MAX_LEVELS,
} from "./abi/layout";
import { LAYOUT_BASE, TABLE_LISTS_BASE, VIEW_BASE } from "./abi/memory-map";
import { CLASS_TABLE } from "./abi/stop";
import { giveRoom, takeRoom } from "./allocation";
import { tableBytes } from "./demand";
import { userLevel } from "./entry";
import { allocateArena, windowAddress, wordAt } from "./physmem";
import { classOf, encodeAddress, tableAddress } from "./pte";

const USER: u32 = LAYOUT_BASE + LAYOUT_HALVES;
const NO_TABLE: u64 = u64.MAX_VALUE;

/** Tables in use, roots left out. */
export let tableCount: u32 = 0;

/** Where the first freed table of a level is kept, 0 = none; they are linked through their first word. */
function listOf(level: u32): u32 {
  return TABLE_LISTS_BASE + level * 4;
}

/** Memory was reset. */
export function forgetTables(): void {
  memory.fill(TABLE_LISTS_BASE, 0, MAX_LEVELS * 4);
  tableCount = 0;
}

function topLevel(): u32 {
  return load<u32>(USER, HALF_TOP_LEVEL);
}

function addressOfPage(page: f64): u64 {
  return (<u64>page) << load<u32>(LAYOUT_BASE, LAYOUT_PAGE_SHIFT);
}

/** Slot of the entry of `level` for an address in the table at `table`. */
function slotIn(table: u64, level: u32, va: u64): u32 {
  const words = userLevel(level);
  const index = <u32>(va >> load<u32>(words, LEVEL_SHIFT)) & load<u32>(words, LEVEL_INDEX_MASK);
  return wordAt(table) + index * 8;
}

/** The table that an entry of `level` points to, or NO_TABLE. */
function tableBelow(slot: u32, level: u32): u64 {
  const entry = load<u64>(slot);
  if (classOf(USER, level, entry) != CLASS_TABLE) return NO_TABLE;
  return tableAddress(userLevel(level), entry);
}

/** A zeroed table for entries of `level` (not the top). Returns its linear address, 0: no memory. */
function takeTable(level: u32): u32 {
  if (!takeRoom(1)) return 0;
  const bytes = tableBytes(USER, level);
  let linear = load<u32>(listOf(level));
  if (linear != 0) {
    store<u32>(listOf(level), load<u32>(linear));
    memory.fill(linear, 0, bytes);
  } else {
    linear = allocateArena(bytes);
  }
  if (linear != 0) tableCount++;
  else giveRoom(1);
  return linear;
}

function giveTable(linear: u32, level: u32): void {
  store<u32>(linear, load<u32>(listOf(level)));
  store<u32>(listOf(level), linear);
  tableCount--;
  giveRoom(1);
}

/** Slot of the entry of `level` that a page belongs to; 0: no table there (a hole, or a leaf above). */
export function findEntry(root: u32, page: f64, level: u32): u32 {
  const va = addressOfPage(page);
  let table: u64 = root;
  for (let at = topLevel(); at > level; at--) {
    table = tableBelow(slotIn(table, at, va), at);
    if (table == NO_TABLE) return 0;
  }
  return slotIn(table, level, va);
}

/**
 * The same, making the tables on the way. 0: no memory, or an entry on the way is filled and no table: a
 * leaf, which the caller knows of.
 */
export function makeEntry(root: u32, page: f64, level: u32): u32 {
  const va = addressOfPage(page);
  let table: u64 = root;
  for (let at = topLevel(); at > level; at--) {
    const slot = slotIn(table, at, va);
    table = tableBelow(slot, at);
    if (table != NO_TABLE) continue;
    if (load<u64>(slot) != 0) return 0;
    const linear = takeTable(at - 1);
    if (linear == 0) return 0;
    table = windowAddress(linear);
    setTable(slot, at, table);
  }
  return slotIn(table, level, va);
}

function setTable(slot: u32, level: u32, table: u64): void {
  const words = userLevel(level);
  const address = encodeAddress(words, load<u64>(words, LEVEL_TABLE_ADDRESS), table);
  store<u64>(slot, address | load<u64>(VIEW_BASE, VIEW_TABLE));
}

/** Whether the entry in a slot points to a table. */
export function isTable(slot: u32, level: u32): bool {
  return classOf(USER, level, load<u64>(slot)) == CLASS_TABLE;
}

/**
 * The first page from `page` on, before `end`, whose entry of `level` has a table, or below one filled entry
 * above that is no table; `end` when there is none. Holes are skipped as whole tables.
 */
export function nextEntry(root: u32, page: f64, end: f64, level: u32): f64 {
  const shift = load<u32>(LAYOUT_BASE, LAYOUT_PAGE_SHIFT);
  const last = addressOfPage(end);
  let va = addressOfPage(page);
  while (va < last) {
    let table: u64 = root;
    let at = topLevel();
    for (; at > level; at--) {
      const slot = slotIn(table, at, va);
      table = tableBelow(slot, at);
      if (table == NO_TABLE) {
        if (load<u64>(slot) != 0) return <f64>(va >> shift);
        break;
      }
    }
    if (at == level) return <f64>(va >> shift);
    const span: u64 = (<u64>1) << load<u32>(userLevel(at), LEVEL_SHIFT);
    va = (va & ~(span - 1)) + span;
  }
  return end;
}

/**
 * Frees the tables that lie wholly within [floor, ceiling) and meet [first, end); their entries must be none.
 * Returns how many.
 */
export function freeTables(root: u32, first: f64, end: f64, floor: f64, ceiling: f64): u32 {
  const before = tableCount;
  const to = addressOfPage(ceiling);
  freeBelow(root, topLevel(), addressOfPage(first), addressOfPage(end), addressOfPage(floor), to);
  return before - tableCount;
}

/** Tables that the entries of the table at `table` point to, for [first, end). */
function freeBelow(table: u64, level: u32, first: u64, end: u64, floor: u64, ceiling: u64): void {
  if (level == 0) return;
  const span: u64 = (<u64>1) << load<u32>(userLevel(level), LEVEL_SHIFT);
  for (let va = first & ~(span - 1); va < end; va += span) {
    const slot = slotIn(table, level, va);
    const below = tableBelow(slot, level);
    if (below == NO_TABLE) continue;
    freeBelow(below, level - 1, max(va, first), min(va + span, end), floor, ceiling);
    if (va < floor || va + span > ceiling) continue;
    giveTable(wordAt(below), level - 1);
    store<u64>(slot, 0);
  }
}

/** Takes the table out of an entry of `level` and puts it into another, which must be none. */
export function moveTable(from: u32, to: u32): void {
  store<u64>(to, load<u64>(from));
  store<u64>(from, 0);
}
