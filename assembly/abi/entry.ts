// How software's view of page-table entries lies in linear memory: flags, and rules that change them.
//
// The core does not know what a flag means. It knows that one holds where a test fits, and which rules to
// apply when it is to be set or cleared:
//
//   test   (entry & mask) == value                                                     2 x u64
//   rule   where (entry & mask) == value:  entry = (entry & keep) | put                4 x u64
//
// Bits of a flags word: 0 "present", 1 "filled" (not none), then one per flag of the compiled layout.

/** The kernel takes the entry for a mapping of a page, whatever the CPU thinks of it. */
export const FLAG_PRESENT = 1;
/** The entry is not none. */
export const FLAG_FILLED = 2;
/** Number of the first flag that has a meaning for the kernel only. */
export const FIRST_FLAG = 2;
export const MAX_FLAGS = 16;

export const TEST_BYTES = 16;
export const RULE_BYTES = 32;
export const RULE_MASK = 0;
export const RULE_VALUE = 8;
export const RULE_KEEP = 16;
export const RULE_PUT = 24;
export const FLAG_RULES = 2;
export const PROTECTION_RULES = 4;
export const MAX_PROTECTIONS = 8;

/** A test of the list that reading flags goes through: the test, then u32: the flag's bit (and 4 bytes unused). */
export const LISTED_BIT = TEST_BYTES;
export const LISTED_BYTES = TEST_BYTES + 8;
/** A flag has up to two tests, and holds where one fits. */
export const MAX_LISTED = 2 * MAX_FLAGS;

// --- One flag ----------------------------------------------------------------------------------
export const FLAG_SET = 0;
export const FLAG_CLEAR = FLAG_SET + FLAG_RULES * RULE_BYTES;
export const FLAG_BYTES = FLAG_CLEAR + FLAG_RULES * RULE_BYTES;

// --- The view ----------------------------------------------------------------------------------
/** u64: bits of which at least one is set unless the entry is none. */
export const VIEW_FILLED = 0;
/** Two tests; the entry is present where one fits. */
export const VIEW_PRESENT = VIEW_FILLED + 8;
/** Test: where it fails and the entry is filled, these bits of it are stored inverted. */
export const VIEW_UPRIGHT = VIEW_PRESENT + 2 * TEST_BYTES;
/** u64: those bits of a leaf. */
export const VIEW_INVERTED = VIEW_UPRIGHT + TEST_BYTES;
/** u64: bits of an absent entry that are stored inverted. */
export const VIEW_ABSENT_INVERTED = VIEW_INVERTED + 8;
/** u64: physical address of frame 0. */
export const VIEW_FRAME_BASE = VIEW_ABSENT_INVERTED + 8;
/** u64: bits of an entry that points to a table. */
export const VIEW_TABLE = VIEW_FRAME_BASE + 8;
/** u64 mask, u32 shift (and 4 bytes unused): type of an absent entry. */
export const VIEW_TYPE_MASK = VIEW_TABLE + 8;
export const VIEW_TYPE_SHIFT = VIEW_TYPE_MASK + 8;
/** The same for its offset. */
export const VIEW_OFFSET_MASK = VIEW_TYPE_SHIFT + 8;
export const VIEW_OFFSET_SHIFT = VIEW_OFFSET_MASK + 8;
/** u32, u32: how many tests a present, and an absent entry goes through. */
export const VIEW_PRESENT_TESTS = VIEW_OFFSET_SHIFT + 8;
export const VIEW_ABSENT_TESTS = VIEW_PRESENT_TESTS + 4;
/** u32: flags that one entry of a contiguous group may have for all of it (and 4 bytes unused). */
export const VIEW_JOINED = VIEW_ABSENT_TESTS + 4;
/** u64[MAX_LEVELS]: bits of every leaf of a level. */
export const VIEW_LEAF = VIEW_JOINED + 8;
const VIEW_LEVELS = 6;
export const VIEW_PROTECTIONS = VIEW_LEAF + 8 * VIEW_LEVELS;
export const PROTECTION_BYTES = PROTECTION_RULES * RULE_BYTES;
export const VIEW_FLAGS = VIEW_PROTECTIONS + MAX_PROTECTIONS * PROTECTION_BYTES;
export const VIEW_FLAGS_ABSENT = VIEW_FLAGS + MAX_FLAGS * FLAG_BYTES;
/** The tests of present entries, and of absent ones. */
export const VIEW_LIST = VIEW_FLAGS_ABSENT + MAX_FLAGS * FLAG_BYTES;
export const VIEW_LIST_ABSENT = VIEW_LIST + MAX_LISTED * LISTED_BYTES;
export const VIEW_BYTES = VIEW_LIST_ABSENT + MAX_LISTED * LISTED_BYTES;
