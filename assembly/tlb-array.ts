// A set-associative array with true LRU: the one building block of TLBs and walk caches.

import {
  ARRAY_ENTRIES,
  ARRAY_SET_MASK,
  ARRAY_WAYS,
  TLB_DATA,
  TLB_ENTRY_BYTES,
  TLB_EXTRA,
  TLB_KEY,
  TLB_STAMP,
} from "./abi/tlb";

/** Counts uses; an entry's stamp is its last one. */
let clock: u64 = 0;

export function resetClock(): void {
  clock = 0;
}

function setAt(array: u32, page: u64): u32 {
  const set = <u32>page & load<u32>(array, ARRAY_SET_MASK);
  return load<u32>(array, ARRAY_ENTRIES) + set * load<u32>(array, ARRAY_WAYS) * TLB_ENTRY_BYTES;
}

/** Address of the entry with `key` in the set that `page` selects, made youngest; 0 = absent. */
export function findEntry(array: u32, page: u64, key: u64): u32 {
  let entry = setAt(array, page);
  const end = entry + load<u32>(array, ARRAY_WAYS) * TLB_ENTRY_BYTES;
  for (; entry < end; entry += TLB_ENTRY_BYTES) {
    if (load<u64>(entry, TLB_KEY) == key) {
      store<u64>(entry, ++clock, TLB_STAMP);
      return entry;
    }
  }
  return 0;
}

/** Fills the least recently used way (an invalid one has stamp 0). Returns the entry. */
export function insertEntry(array: u32, page: u64, key: u64, data: u64, extra: u64): u32 {
  const first = setAt(array, page);
  const end = first + load<u32>(array, ARRAY_WAYS) * TLB_ENTRY_BYTES;
  let victim = first;
  for (let entry = first; entry < end; entry += TLB_ENTRY_BYTES) {
    // A key may be present with other rights: an access that was denied walks again.
    if (load<u64>(entry, TLB_KEY) == key) {
      victim = entry;
      break;
    }
    if (load<u64>(entry, TLB_STAMP) < load<u64>(victim, TLB_STAMP)) victim = entry;
  }
  store<u64>(victim, key, TLB_KEY);
  store<u64>(victim, data, TLB_DATA);
  store<u64>(victim, extra, TLB_EXTRA);
  store<u64>(victim, ++clock, TLB_STAMP);
  return victim;
}

export function dropEntry(entry: u32): void {
  store<u64>(entry, 0, TLB_KEY);
  store<u64>(entry, 0, TLB_STAMP);
}
