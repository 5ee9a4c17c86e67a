// The second stage of a guest: how its layout, root and caches lie in linear memory.
//
//   header, roots | pages cached (64 entries) | tables cached (64 entries) | one half, as in abi/layout.ts

/** u64 pair: bits of a table entry, and of a leaf, that the simple mapper writes. */
export const STAGE2_TABLE_BITS = 8;
export const STAGE2_LEAF_BITS = 16;
/** u32: level at which the simple mapper maps a guest's memory at first touch, each page to itself. */
export const STAGE2_DEMAND_LEVEL = 24;
/** u32: 1 = it does. */
export const STAGE2_DEMAND = 28;
/** u32: 1 = reads of a guest's tables count as writes to them. */
export const STAGE2_TABLES_WRITTEN = 32;
/** u32, u32: entries in use of the caches of pages and of tables; 0 = there is none. */
export const STAGE2_PAGE_ENTRIES = 36;
export const STAGE2_TABLE_ENTRIES = 40;
/** u32: log2 pages that the simple mapper maps at once, each with the bits of `STAGE2_LEAF_BITS`. */
export const STAGE2_DEMAND_GROUP = 44;
/** u32: 1 = a fault on a guest's table is told by what the guest tried, 0 = by what the walk did to the table. */
export const STAGE2_TELLS_GUEST_ACCESS = 48;
/** u64[8]: root table of each guest (EPTP, VTTBR). */
export const STAGE2_ROOTS = 64;
/** From a guest-physical page, of any size, to a page; from the address bits above a table, of any level, to it. */
export const STAGE2_PAGES = 128;
export const STAGE2_MAX_ENTRIES = 64;
/** One cached entry: u64 key (0 = free; the guest in its upper byte), u64 address, u32 what it says beside, u32 log2 bytes it is for, u64 stamp. */
export const CACHED_KEY = 0;
export const CACHED_GUEST_SHIFT = 56;
export const CACHED_ADDRESS = 8;
export const CACHED_WORD = 16;
export const CACHED_SHIFT = 20;
export const CACHED_STAMP = 24;
export const CACHED_BYTES = 32;
export const STAGE2_TABLES = STAGE2_PAGES + STAGE2_MAX_ENTRIES * CACHED_BYTES;
export const STAGE2_HALF = STAGE2_TABLES + STAGE2_MAX_ENTRIES * CACHED_BYTES;
