// What is kept of a second stage's translations: pages by guest-physical address, of any size, and tables by the address
// bits above them, of any level. Two small, fully associative arrays with true LRU; of every CPU, for they are not told apart.
//
//   key = guest | address of the page or of what the table is for        0 = free

import { STAGE2_BASE } from "./abi/memory-map";
import {
  CACHED_ADDRESS,
  CACHED_BYTES,
  CACHED_GUEST_SHIFT,
  CACHED_KEY,
  CACHED_SHIFT,
  CACHED_STAMP,
  CACHED_WORD,
  STAGE2_PAGE_ENTRIES,
  STAGE2_PAGES,
  STAGE2_TABLE_ENTRIES,
  STAGE2_TABLES,
} from "./abi/stage2";

/** Base pages of every stage are at least so large. */
const PAGE_SHIFT: u64 = 12;
/** Instead of the number of one. */
export const EVERY_GUEST: u32 = u32.MAX_VALUE;

let clock: u64 = 0;

/** Of the guest's 2^shift bytes around an address; never 0. */
function keyOf(owner: u32, gpa: u64, shift: u64): u64 {
  return (((gpa >> shift) << shift) >> PAGE_SHIFT) + 1 + ((<u64>owner) << CACHED_GUEST_SHIFT);
}

/** The entry for an address in one of the caches, the one that covers least, made youngest; 0 = there is none. */
export function findCached(cache: u32, entries: u32, guest: u32, gpa: u64): u32 {
  const count = load<u32>(STAGE2_BASE + entries);
  const first: u32 = STAGE2_BASE + cache;
  let found: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const entry = first + i * CACHED_BYTES;
    const key = load<u64>(entry, CACHED_KEY);
    if (key == 0) continue;
    const shift: u64 = load<u32>(entry, CACHED_SHIFT);
    if (keyOf(guest, gpa, shift) != key) continue;
    if (found == 0 || <u32>shift < load<u32>(found, CACHED_SHIFT)) found = entry;
  }
  if (found != 0) store<u64>(found, ++clock, CACHED_STAMP);
  return found;
}

/** In place of the entry for the same addresses, else of the oldest. */
export function keepCached(
  cache: u32,
  entries: u32,
  guest: u32,
  gpa: u64,
  shift: u32,
  address: u64,
  word: u32,
): void {
  const count = load<u32>(STAGE2_BASE + entries);
  if (count == 0) return;
  const first: u32 = STAGE2_BASE + cache;
  const key = keyOf(guest, gpa, shift);
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

/** Both caches forget guest-physical addresses `from`..`to` of a guest, or of `EVERY_GUEST`. */
export function forgetGuest(owner: u32, from: u64, to: u64): void {
  drop(STAGE2_PAGES, STAGE2_PAGE_ENTRIES, owner, from, to);
  drop(STAGE2_TABLES, STAGE2_TABLE_ENTRIES, owner, from, to);
}

function drop(cache: u32, entries: u32, owner: u32, from: u64, to: u64): void {
  const count = load<u32>(STAGE2_BASE + entries);
  const first: u32 = STAGE2_BASE + cache;
  for (let i: u32 = 0; i < count; i++) {
    const entry = first + i * CACHED_BYTES;
    const key = load<u64>(entry, CACHED_KEY);
    if (key == 0) continue;
    if (owner != EVERY_GUEST && <u32>(key >> CACHED_GUEST_SHIFT) != owner) continue;
    const shift: u64 = load<u32>(entry, CACHED_SHIFT);
    const pages = (key & (((<u64>1) << CACHED_GUEST_SHIFT) - 1)) - 1;
    const at = (pages << PAGE_SHIFT) >> shift;
    if (at < from >> shift || at > to >> shift) continue;
    store<u64>(entry, 0, CACHED_KEY);
    store<u64>(entry, 0, CACHED_STAMP);
  }
}
