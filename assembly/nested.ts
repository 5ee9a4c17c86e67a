// Nested paging, approximated: the machine is a guest, and its physical addresses are translated once more.
//
//   guest-physical page --place--> host page           placed at random, once for all
//   host leaf table:  512 entries of 8 bytes, in a page of its own, placed likewise
//
// Whenever a walk reads a guest entry, and once for the page it comes to, the host's leaf entry is loaded
// through the data caches. Upper levels of the host's tables are taken to be in its walk caches, and nothing
// keeps a host translation by itself: TLB entries hold both stages at once (the smaller of both pages, which
// src/layout/cpu.ts sees to). Host faults, permissions and accessed flags are left out. A true second stage
// would walk; this only asks what a walk costs.
//
// Why at random: a host gives a guest its pages as they come, so physically indexed caches see them spread
// unevenly over their sets, and fill unevenly. With consecutive frames they would fill to the last way.

import { placeOf } from "./scatter";

const ADDRESS_BITS: u64 = 52;
const HOST_TABLE_SHIFT: u64 = 12;
const HOST_INDEX_BITS: u64 = 9;
/** Host tables lie above every page. */
const HOST_TABLES: u64 = (<u64>1) << ADDRESS_BITS;

/** Where the host keeps a guest-physical address. */
export function hostAddress(shift: u64, gpa: u64): u64 {
  const inPage: u64 = ((<u64>1) << shift) - 1;
  return (placeOf(gpa >> shift, ADDRESS_BITS - shift) << shift) | (gpa & inPage);
}

/** Where the host's leaf entry for it lies. */
export function hostEntryAddress(shift: u64, gpa: u64): u64 {
  const page = gpa >> shift;
  const index = page & (((<u64>1) << HOST_INDEX_BITS) - 1);
  const table = placeOf(page >> HOST_INDEX_BITS, ADDRESS_BITS - HOST_TABLE_SHIFT);
  return HOST_TABLES | (table << HOST_TABLE_SHIFT) | (index << 3);
}
