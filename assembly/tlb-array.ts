// One array of either kind: stamped (few ways, kept in predictors) or tagged (many ways).

import { ARRAY_TAGS } from "./abi/tlb";
import { dropStamped, Stamped } from "./tlb-stamped";
import { dropTagged, Tagged } from "./tlb-tagged";

/** The entry with `key` in the set that `page` selects, made youngest; 0 = absent. */
export function findEntry(cpu: u32, array: u32, page: u64, key: u64): u32 {
  return load<u32>(array, ARRAY_TAGS) == 0
    ? Stamped.find(cpu, array, page, key)
    : Tagged.findIn(cpu, array, Tagged.setOf(array, page), key);
}

/** Replaces the oldest way of the set; the key must be absent. Returns the entry. */
export function insertEntry(cpu: u32, array: u32, page: u64, key: u64, data: u64): u32 {
  return load<u32>(array, ARRAY_TAGS) == 0
    ? Stamped.insert(cpu, array, page, key, data)
    : Tagged.insertIn(cpu, array, Tagged.setOf(array, page), key, data);
}

export function dropEntry(cpu: u32, array: u32, entry: u32): void {
  if (load<u32>(array, ARRAY_TAGS) == 0) dropStamped(entry);
  else dropTagged(cpu, array, entry);
}
