// Where everything lies in linear memory. Each region starts where the one before ends.
//
//   static data | stop .. layout | frame hash | events | zero frame | CPU blocks | held | arena --> grows
//   \___________________________ fixed ____________________________/ \___ set by `partition` ___/
//
// Simulated physical memory is sparse: frames are taken from the arena at the end, which grows; a hash
// from frame number to arena offset finds them. With a *window*, simulated addresses from 0 up are the
// arena itself, so that a walk over tables made by the simulator needs no look-up at all.

const KIB = 1024;

/** Static data of the compiler stays below; a test checks it. */
export const MEMORY_BASE = 64 * KIB;

export const STOP_BASE = MEMORY_BASE;
export const COUNTERS_BASE = STOP_BASE + 128;
export const MAX_COUNTERS = 128;
/** Walks by first and last level, not yet in the counters (count.ts). */
export const SPANS_BASE = COUNTERS_BASE + 8 * MAX_COUNTERS;
/** The last leaves (leaf-memo.ts). */
export const MEMO_BASE = SPANS_BASE + KIB;
export const LOG_BASE = MEMO_BASE + KIB;
export const DEMAND_BASE = LOG_BASE + KIB;
export const LAYOUT_BASE = DEMAND_BASE + KIB;
export const LAYOUT_REGION = 16 * KIB;
/** How TLBs and caches of every CPU are made (abi/tlb.ts); all 0 = there are none. */
export const GEOMETRY_BASE = LAYOUT_BASE + LAYOUT_REGION;
export const GEOMETRY_REGION = 4 * KIB;

/** Software's view of entries (abi/entry.ts). */
export const VIEW_BASE = GEOMETRY_BASE + GEOMETRY_REGION;
export const VIEW_REGION = 8 * KIB;
/** Programs over runs of entries, and the buffer that describes runs (abi/bulk.ts). */
export const PROGRAMS_BASE = VIEW_BASE + VIEW_REGION;
export const PROGRAMS_REGION = 104 * KIB;
export const GATHER_BASE = PROGRAMS_BASE + PROGRAMS_REGION;
export const GATHER_REGION = 64 * KIB;

/** First free block of each order (frames.ts). */
export const FREE_LISTS_BASE = GATHER_BASE + GATHER_REGION;
export const FREE_LISTS_REGION = 4 * KIB;
/** First freed table of each level (tables.ts). */
export const TABLE_LISTS_BASE = FREE_LISTS_BASE + 2 * KIB;

/** The second stage of a guest (abi/stage2.ts). */
export const STAGE2_BASE = FREE_LISTS_BASE + FREE_LISTS_REGION;
export const STAGE2_REGION = 16 * KIB;

/** The state of the one CPU there is before `partition`. */
export const NO_CPU_BASE = STAGE2_BASE + STAGE2_REGION;
export const NO_CPU_REGION = 64 * KIB;

/** Slots of the frame hash, 16 bytes each: frame number + 1 (u64), arena offset (u32). */
export const HASH_BASE = NO_CPU_BASE + NO_CPU_REGION;
export const HASH_SLOTS = 65536;
export const HASH_SLOT_BYTES = 16;
export const HASH_LIMIT = 49152;
/** Slots in use, in order of allocation, so that a reset costs what was used. */
export const HASH_USED = HASH_BASE + HASH_SLOTS * HASH_SLOT_BYTES;

export const EVENTS_BASE = HASH_USED + HASH_LIMIT * 4;
/** Records of one batch; the core needs one word more, behind them. */
export const EVENTS_CAPACITY = 65536;

/** A frame of zeroes: what absent memory reads as. Nothing writes here. */
export const ZERO_FRAME = (EVENTS_BASE + (EVENTS_CAPACITY + 1) * 8 + 4 * KIB - 1) & ~(4 * KIB - 1);
/** CPU blocks, then memory held for the host (long resident traces), then the arena. */
export const DYNAMIC_BASE = ZERO_FRAME + 4 * KIB;
/** Of the arena, so that arm64's largest tables keep their alignment in the window. */
export const ARENA_ALIGNMENT = 64 * KIB;
/** Last byte of linear memory a 32-bit address reaches, less one frame. */
export const ARENA_LIMIT = 0xffff0000;

export const FRAME_SHIFT = 12;
export const FRAME_BYTES = 4096;
