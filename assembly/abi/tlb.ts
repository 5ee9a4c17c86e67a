// How TLBs and walk caches lie in linear memory: configuration words written by TypeScript, entries
// owned by the core.
//
// A *structure* is what one access looks into at once (first-level data, first-level fetch, second
// level). For each half of the address space it has one *probe* per page-size class: the array that
// may hold such a page and the shift that makes its virtual page number. Several classes may share an
// array, and a class may be filled as a smaller one (a CPU that splits 1 GiB pages into 2 MiB pieces).

export enum TlbStructure {
  DataL1 = 0,
  FetchL1 = 1,
  L2 = 2,
}
export const TLB_STRUCTURES = 3;

// --- One entry: four u64 words ---------------------------------------------------------------
//
//   key    63                    19 18        3 2     0
//         | virtual page number    | context   | class |     class 0 = invalid
//   data   55                    12 11   8   7      6     5      0
//         | physical page         |     | global | dirty | rights |
export const TLB_KEY = 0;
export const TLB_DATA = 8;
/** Time of last use; the smallest in a set is the victim (true LRU). */
export const TLB_STAMP = 16;
/** TLB: level of the leaf. Walk cache: restrictions gathered so far. */
export const TLB_EXTRA = 24;
export const TLB_ENTRY_BYTES = 32;

export const TLB_KEY_CONTEXT_SHIFT = 3;
export const TLB_KEY_PAGE_SHIFT = 19;
export const TLB_DATA_DIRTY = 64;
export const TLB_DATA_GLOBAL = 128;
export const TLB_DATA_FLAGS = 0xfff;

// --- One array -------------------------------------------------------------------------------
/** u32: address of its entries. */
export const ARRAY_ENTRIES = 0;
/** u32: sets - 1 (sets are a power of two). */
export const ARRAY_SET_MASK = 4;
/** u32: ways. */
export const ARRAY_WAYS = 8;
export const ARRAY_BYTES = 16;
export const MAX_ARRAYS = 16;

// --- One probe -------------------------------------------------------------------------------
/** u32: address of the array, 0 = this structure never holds the class. */
export const PROBE_ARRAY = 0;
/** u32: log2 bytes of the page. */
export const PROBE_SHIFT = 4;
/** u32: class under which a page of this class is filled. */
export const PROBE_FILL_CLASS = 8;
export const PROBE_BYTES = 16;

// --- Probe lists: [structure][half], each a live mask and one probe per class -----------------
/** u32: bit c is set once a page of class c was filled: only those are looked for. */
export const PROBES_LIVE = 0;
export const PROBES_FIRST = 16;
export const PROBES_CLASSES = 8;
export const PROBES_BYTES = PROBES_FIRST + PROBE_BYTES * PROBES_CLASSES;

// --- The block -------------------------------------------------------------------------------
export const TLB_PROBES = 0;
/** Addresses of the walk-cache arrays by level, 0 = none. */
export const TLB_WALK_CACHES = TLB_PROBES + PROBES_BYTES * TLB_STRUCTURES * 2;
export const TLB_WALK_CACHE_LEVELS = 8;
export const TLB_ARRAYS = (TLB_WALK_CACHES + 4 * TLB_WALK_CACHE_LEVELS + 15) & ~15;
export const TLB_ENTRIES = (TLB_ARRAYS + ARRAY_BYTES * MAX_ARRAYS + 63) & ~63;
