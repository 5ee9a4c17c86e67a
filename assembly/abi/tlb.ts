// How TLBs, walk caches and data caches lie in linear memory. All CPUs are made alike: the *geometry*, written
// by TypeScript, stands once, at a fixed address; the state and the entries of each CPU stand in its block,
// which the core owns.
//
//   geometry (GEOMETRY_BASE)                         block of a CPU
//   +--------+--------+-------------+--------+       +-------+------+------------+---------------------------+
//   | scalars| probes | walk caches | arrays | ----> | state | live | predictors | entries, tags, orders ... |
//   +--------+--------+-------------+--------+       +-------+------+------------+---------------------------+
//
// A *structure* is what one access looks into at once. It has one *probe* per page-size class: how the
// array is made that may hold such a page. Several classes may share an array, and a class may be filled
// as a smaller one (a CPU that splits 1 GiB pages into 2 MiB pieces).

export enum TlbStructure {
  DataL1 = 0,
  FetchL1 = 1,
  /** First level for stores, where a CPU has one of its own. */
  StoreL1 = 2,
  L2 = 3,
}
export const TLB_STRUCTURES = 4;

// --- State -----------------------------------------------------------------------------------
/** u32: context of the running process, already in its place in a key. */
export const CPU_TAG = 0;
/** u32: 0 user, `ACCESS_MODE_STRIDE` supervisor. */
export const CPU_MODE = 4;
/** u64 pair: roots of the two halves. */
export const CPU_ROOTS = 16;

/**
 * u64[8]: by record kind, what an access of it needs of an entry (low word), and 1 << 32 for a write,
 * 1 << 48 for a fetch, so that one sum counts them.
 */
export const CPU_NEEDS = 64;
export const NEED_WRITES_SHIFT = 32;
export const NEED_FETCHES_SHIFT = 48;
/**
 * u32[structures]: bit c: a page of class c was filled, bit 8 + c: a global one. Only those are looked
 * for.
 */
export const CPU_LIVE = CPU_NEEDS + 8 * 8;
export const LIVE_GLOBAL_SHIFT = 8;
/** u32[access kinds][1024]: entry that last translated an address, by its bits 21:12. */
export const CPU_PREDICTORS = (CPU_LIVE + 4 * TLB_STRUCTURES + 63) & ~63;
/** log2 bytes of one kind's predictor. Kinds that are no accesses have one, empty, as well. */
export const PREDICTOR_SHIFT = 12;
/** Right shift and mask that turn an address into the byte offset of its slot. */
export const PREDICTOR_ADDRESS_SHIFT = 10;
export const PREDICTOR_OFFSET_MASK = 0xffc;
export const CPU_ENTRIES = CPU_PREDICTORS + (8 << PREDICTOR_SHIFT);
/** From here on a flush clears, up to GEOMETRY_TLB_END; a reset clears all behind it. */
export const CPU_CLEARED = CPU_LIVE;

// --- One entry -------------------------------------------------------------------------------
//
//   key    63                    12 11       3 2     0
//         | virtual address of page| context  | class |     class 0 = invalid
//   data   63 62 61    56 55           12   11   10   8    7      6     5     0
//         | level| by key | physical page | level | class | global | clean | denied |
//   stamp  time of last use (stamped arrays only); the smallest in a set is the victim
//   extra  TLB: physical - virtual address; walk cache: restrictions gathered so far
//
// What an access needs and what an entry denies meet in one AND: bit = `Access` for a right that the page
// lacks, bit 6 for a page that is not dirty. The class is never 0, so no data word is.
//
// The page's whole address is in the key, so that no two addresses ever look alike. Context 511 is
// "every context": global pages are filled under it.
export const TLB_KEY = 0;
export const TLB_DATA = 8;
export const TLB_STAMP = 16;
export const TLB_EXTRA = 24;
export const STAMPED_ENTRY_SHIFT = 5;
export const TAGGED_ENTRY_SHIFT = 4;

export const TLB_CLASS_MASK = 7;
export const TLB_CONTEXT_SHIFT = 3;
/** Fewer than PCIDs or ASIDs: see `setContext` in cpu.ts. */
export const MAX_CONTEXTS = 511;
export const GLOBAL_TAG = 511 << TLB_CONTEXT_SHIFT;
export const TLB_TAG_MASK = 0xfff;
/**
 * Where guests are told apart (VMID, VPID), the upper bits of the context are theirs:
 *
 *   11    9 8         3 2     0
 *  | guest | context   | class |     context 63 = every context of the guest
 */
export const MAX_GUESTS = 8;
export const GUEST_CONTEXTS = 63;
export const TLB_GUEST_SHIFT = 9;

export const TLB_DATA_CLEAN = 64;
export const TLB_DATA_GLOBAL = 128;
export const TLB_DATA_CLASS_SHIFT = 8;
/** Level of the leaf: bits 2:1 at the top, bit 0 apart. */
export const TLB_DATA_LEVEL_SHIFT = 62;
export const TLB_DATA_LEVEL_LOW_SHIFT = 11;
export const TLB_DATA_KEY_SHIFT = 56;

// --- One array -------------------------------------------------------------------------------
/** u32: where its entries lie. */
export const ARRAY_ENTRIES = 0;
/** u32: sets - 1 (sets are a power of two), and `ARRAY_HASHED`. */
export const ARRAY_SET_MASK = 4;
/** Of a tagged array: the set is chosen by a hash of the page, not by its low bits. */
export const ARRAY_HASHED = 0x80000000;
/** u32: ways; 0 = there is no such array. */
export const ARRAY_WAYS = 8;
/** u32: bytes of the entries of a set. */
export const ARRAY_SET_BYTES = 12;
/** u32: where its partial tags lie, 16 x u32 a set; 0 = the array is stamped. */
export const ARRAY_TAGS = 16;
/** u32: where its order words lie, u64 a set: ways from youngest to oldest, a nibble each. */
export const ARRAY_ORDERS = 20;
/**
 * u32: what of a CPU's block address is added to these places: all bits, for they count from the block; or
 * none, for they are addresses, in an array that all CPUs share (data caches only).
 */
export const ARRAY_OWN = 24;
/** u32: of a data cache, log2 bytes of a line. */
export const ARRAY_LINE_SHIFT = 28;
export const ARRAY_BYTES = 32;
export const MAX_ARRAYS = 24;
export const TAGS_SET_BYTES = 64;
export const MAX_TAGGED_WAYS = 16;

// --- One probe: an array, and how a structure uses it for pages of a class -------------------
/** u32: log2 bytes of the page. */
export const PROBE_SHIFT = ARRAY_LINE_SHIFT;
/** u32: class under which a page of this class is filled; 0 = it is not kept. */
export const PROBE_FILL_CLASS = 32;
/**
 * u32: class and global bit of the data words that fit in here as they are: the probe's own class, of
 * one context. 0 = none does.
 */
export const PROBE_FITS = 36;
/** u64: address bits that tell pages apart: those from PROBE_SHIFT up. */
export const PROBE_PAGE_MASK = 40;
export const PROBE_BYTES = 48;
export const PROBE_CLASSES = 8;
export const STRUCTURE_BYTES = PROBE_BYTES * PROBE_CLASSES;

// --- The geometry ----------------------------------------------------------------------------
/** u32: structure by access kind, two bits each: 0b..SSFFDD for reads, writes, fetches. */
export const GEOMETRY_ROUTES = 0;
/** u32: bytes from the start of a block that a flush of the TLBs clears up to. */
export const GEOMETRY_TLB_END = 4;
/** u32: levels of data caches in front of memory; 0 = every load of a walk costs the same. */
export const GEOMETRY_CACHE_LEVELS = 8;
/** u32: cache at which loads of walks begin. */
export const GEOMETRY_WALKER_ENTERS = 12;
/** u32: 1 = reads and writes go through the caches, too. */
export const GEOMETRY_DATA_CACHED = 16;
/** u32: log2 bytes of the host's pages, where the machine is a guest (nested.ts); 0 = it is none. */
export const GEOMETRY_NESTED_SHIFT = 20;
/** u32: cache that is filled with what the one before it evicts; `NO_VICTIM_CACHE` = none is. */
export const GEOMETRY_VICTIM_CACHE = 24;
export const NO_VICTIM_CACHE = 0xff;
/** u32: 1 = the CPU runs a guest whose second stage is walked (walk-nested.ts). */
export const GEOMETRY_STAGE2 = 28;
/** u32: bits of a tag that name the guest; 0 = there are none, and contexts have all of them. */
export const GEOMETRY_GUESTS = 32;
export const GEOMETRY_PROBES = 64;
/** Arrays by the level of the entries they hold. */
export const GEOMETRY_WALK_CACHES = GEOMETRY_PROBES + STRUCTURE_BYTES * TLB_STRUCTURES;
export const WALK_CACHE_LEVELS = 8;
/** Data caches, from the nearest. */
export const GEOMETRY_CACHES = GEOMETRY_WALK_CACHES + ARRAY_BYTES * WALK_CACHE_LEVELS;
export const MAX_CACHES = 4;
/** All arrays, each once. */
export const GEOMETRY_ARRAYS = GEOMETRY_CACHES + ARRAY_BYTES * MAX_CACHES;
export const GEOMETRY_BYTES = GEOMETRY_ARRAYS + ARRAY_BYTES * MAX_ARRAYS;
