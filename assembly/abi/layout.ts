// How a compiled layout lies in linear memory: all that the core knows of an architecture.
//
//   layout                    one half (TTBR0, TTBR1; both halves of x86-64 share a root)
//   +--------+----------+     +---------+--------+-----------+---------+-------+--------+
//   | header | half 0/1 | --> | scalars | levels | class map | rights  | keys  | codes  |
//   +--------+----------+     +---------+--------+-----------+---------+-------+--------+
//
// Levels are counted from the leaf: 0 is the level whose entries map base pages (x86-64 PTE, arm64
// level 3), so that one number means one page size whatever the depth of the tree (of one granule).

export const MAX_LEVELS = 6;
/** Forbidden forms of a level, those of tables and of leaves together. */
export const MAX_FORBIDDEN = 8;
export const MAX_CLASSES = 7;
export const MAX_KEYS = 16;
/** Chunks in which permission bits are gathered from an entry. */
export const GATHER_CHUNKS = 3;

// --- One level -------------------------------------------------------------------------------
/** u32: lowest address bit that this level translates. */
export const LEVEL_SHIFT = 0;
/** u32: entries of the table - 1. */
export const LEVEL_INDEX_MASK = LEVEL_SHIFT + 4;
/** u32: left shift that turns the masked address field into an address. */
export const LEVEL_ADDRESS_SHIFT = LEVEL_INDEX_MASK + 4;
/** u32: left shift of the second, high address field. */
export const LEVEL_HIGH_SHIFT = LEVEL_ADDRESS_SHIFT + 4;
/** u32: log2 bytes of a contiguous group, 0 where the level has none. */
export const LEVEL_GROUP_SHIFT = LEVEL_HIGH_SHIFT + 4;
/** u32: page-size class of a leaf. */
export const LEVEL_CLASS = LEVEL_GROUP_SHIFT + 4;
/** u32: page-size class of a contiguous group. */
export const LEVEL_GROUP_CLASS = LEVEL_CLASS + 4;
/** u32, u32: how many forms are forbidden to a table entry, and to a leaf. */
export const LEVEL_TABLE_FORBIDDEN_COUNT = LEVEL_GROUP_CLASS + 4;
export const LEVEL_LEAF_FORBIDDEN_COUNT = LEVEL_TABLE_FORBIDDEN_COUNT + 4;
/** u64: address field of an entry that points to a table. */
export const LEVEL_TABLE_ADDRESS = (LEVEL_LEAF_FORBIDDEN_COUNT + 11) & ~7;
/** u64: address field of a leaf. */
export const LEVEL_LEAF_ADDRESS = LEVEL_TABLE_ADDRESS + 8;
/** u64: second address field. */
export const LEVEL_HIGH_ADDRESS = LEVEL_LEAF_ADDRESS + 8;
/** u64: bits that must be zero in an entry that points to a table. */
export const LEVEL_TABLE_RESERVED = LEVEL_HIGH_ADDRESS + 8;
/** u64: bits that must be zero in a leaf. */
export const LEVEL_LEAF_RESERVED = LEVEL_TABLE_RESERVED + 8;
/** u64 pair: a leaf is contiguous when (entry & mask) == value. */
export const LEVEL_GROUP_MASK = LEVEL_LEAF_RESERVED + 8;
export const LEVEL_GROUP_VALUE = LEVEL_GROUP_MASK + 8;
/** u64 pairs: an entry is malformed when (entry & mask) == value. Those of tables, then those of leaves. */
export const LEVEL_FORBIDDEN = LEVEL_GROUP_VALUE + 8;
/**
 * u64 pair: an entry with (entry & mask) == value is a table without any peculiarity: well-formed,
 * already accessed, restricting nothing, with its address in the main field. mask 0, value 1 = no such
 * test. It only saves the steps that would find nothing.
 */
export const LEVEL_PLAIN_TABLE = LEVEL_FORBIDDEN + 16 * MAX_FORBIDDEN;
/** u64: bits of a leaf that are no address bit within the output size. */
export const LEVEL_LEAF_ATTRIBUTES = LEVEL_PLAIN_TABLE + 16;
/** u64: address bits from LEVEL_SHIFT up. */
export const LEVEL_PAGE_MASK = LEVEL_LEAF_ATTRIBUTES + 8;
export const LEVEL_BYTES = LEVEL_PAGE_MASK + 8;

// --- One half --------------------------------------------------------------------------------
/** u64 pair: an address belongs to this half's range when (va & mask) == value. */
export const HALF_RANGE_MASK = 0;
export const HALF_RANGE_VALUE = HALF_RANGE_MASK + 8;
/** u64: address bits that exceed the output size. */
export const HALF_ADDRESS_LIMIT = HALF_RANGE_VALUE + 8;
/** u64: bits a walk sets in every table entry it uses (x86-64: A). */
export const HALF_TABLE_SET = HALF_ADDRESS_LIMIT + 8;
/** u64 pair: a leaf is accessed when (entry & mask) == value; made so by writing value there. */
export const HALF_ACCESSED_MASK = HALF_TABLE_SET + 8;
export const HALF_ACCESSED_VALUE = HALF_ACCESSED_MASK + 8;
/** u64 pair: a leaf is dirty when (entry & mask) == value; made so by writing value there. */
export const HALF_DIRTY_MASK = HALF_ACCESSED_VALUE + 8;
export const HALF_DIRTY_VALUE = HALF_DIRTY_MASK + 8;
/** u64 pair: a leaf is global when (entry & mask) == value; mask 0 means never. */
export const HALF_GLOBAL_MASK = HALF_DIRTY_VALUE + 8;
export const HALF_GLOBAL_VALUE = HALF_GLOBAL_MASK + 8;
/** u32: level at which the walk starts. */
export const HALF_TOP_LEVEL = HALF_GLOBAL_VALUE + 8;
/** u32: level reported for an address or root that is out of range. */
export const HALF_RANGE_LEVEL = HALF_TOP_LEVEL + 4;
/** u32: `HALF_FLAG_*`. */
export const HALF_FLAGS = HALF_RANGE_LEVEL + 4;
/** u32: right shift that brings the type bits of an entry into its low byte. */
export const HALF_TYPE_SHIFT = HALF_FLAGS + 4;
/** u32: index bits taken by leaf permissions; table restrictions stand above them. */
export const HALF_LEAF_WIDTH = HALF_TYPE_SHIFT + 4;
/** u32: gathered table bits are xored with this, so that 1 always means "restricts". */
export const HALF_TABLE_INVERT = HALF_LEAF_WIDTH + 4;
/** u32, u32: rotation right and mask of the protection key; mask 0 = no keys. */
export const HALF_KEY_ROTATE = HALF_TABLE_INVERT + 4;
export const HALF_KEY_MASK = HALF_KEY_ROTATE + 4;
/** u32 pairs (rotation right, mask) for leaves, then for table entries. */
export const HALF_LEAF_GATHER = HALF_KEY_MASK + 4;
export const HALF_TABLE_GATHER = HALF_LEAF_GATHER + 8 * GATHER_CHUNKS;
export const HALF_LEVELS = (HALF_TABLE_GATHER + 8 * GATHER_CHUNKS + 7) & ~7;
/** u8[levels][256]: class of an entry by its type byte. */
export const HALF_TYPES = HALF_LEVELS + LEVEL_BYTES * MAX_LEVELS;
/** u8[keys]: rights that a protection key takes away. */
export const HALF_KEYS = HALF_TYPES + 256 * MAX_LEVELS;
/** u16[kinds][levels][accesses]: the architecture's fault code. */
export const HALF_CODES = HALF_KEYS + MAX_KEYS;
const FAULT_KIND_COUNT = 9;
const ACCESS_COUNT = 6;
/** u8[2^11]: rights by permission index. */
export const HALF_RIGHTS = HALF_CODES + 2 * FAULT_KIND_COUNT * MAX_LEVELS * ACCESS_COUNT;
export const MAX_RIGHTS = 2048;
export const HALF_BYTES = (HALF_RIGHTS + MAX_RIGHTS + 63) & ~63;

/** The walker sets the accessed flag; otherwise an access through a clear one faults. */
export const HALF_FLAG_ACCESSED_BY_HARDWARE = 1;
/** Software sets the accessed flag: an access through a clear one faults. */
export const HALF_FLAG_ACCESSED_FAULTS = 2;
/** That fault comes before the permission check (arm64), not after it (riscv64). */
export const HALF_FLAG_ACCESSED_FIRST = 4;
/** The walker updates the dirty state on a store. */
export const HALF_FLAG_DIRTY_BY_HARDWARE = 8;
/** Software sets the dirty state: a store to a clean page faults. */
export const HALF_FLAG_DIRTY_FAULTS = 16;
/** A TLB entry that denies an access is dropped by the access itself (x86-64). */
export const HALF_FLAG_FAULT_DROPS_TLB = 32;

// --- The layout ------------------------------------------------------------------------------
/** u32: address bit that selects the half. */
export const LAYOUT_SELECT_BIT = 0;
/** u32: log2 bytes of the base page. */
export const LAYOUT_PAGE_SHIFT = 4;
/** u32[8]: log2 bytes of each page-size class, smallest first; class 0 is unused. */
export const LAYOUT_CLASS_SHIFTS = 16;
export const LAYOUT_HALVES = 64;
export const LAYOUT_BYTES = LAYOUT_HALVES + 2 * HALF_BYTES;
