// A program over a run of entries, as it lies in linear memory (assembly/bulk.ts runs it).
//
//   program:  cases | copy? | case 0 | case 1 | ...
//   case:     test | second test | rules | rules of the copy | columns | count
//
// The first case whose tests fit an entry is the entry's. It changes the entry, what is copied of it and
// words of its frame's record. An entry that fits no case, or whose frame a column guards against, stops the
// program.

export const MAX_CASES = 24;
export const CASE_RULES = 6;
export const MAX_COLUMNS = 4;

// --- A column: one word of the frame's record (abi/frames.ts) --------------------------------------
/** u32: offset of the word in the record. */
export const COLUMN_WORD = 0;
/** u32, u32: the program stops before an entry of whose frame (word & mask) != value. */
export const COLUMN_GUARD_MASK = 4;
export const COLUMN_GUARD_VALUE = 8;
/** u32, u32: word = (word & keep) + add. */
export const COLUMN_KEEP = 12;
export const COLUMN_ADD = 16;
export const COLUMN_BYTES = 24;

// --- A case --------------------------------------------------------------------------------------
/** Two tests of the entry; both must fit. */
export const CASE_TESTS = 0;
/** u32: rules of the entry; of the copy; columns; whether the entry maps a frame of the columns. */
export const CASE_RULE_COUNT = 32;
export const CASE_COPY_RULE_COUNT = 36;
export const CASE_COLUMN_COUNT = 40;
/** u32: 1 = the copy is written (else it stays what it was). */
export const CASE_COPIES = 44;
/** u64: entries of this case, added up over runs until the host clears it. */
export const CASE_COUNT = 48;
export const CASE_RULE_LIST = 64;
const RULE = 32;
export const CASE_COPY_RULES = CASE_RULE_LIST + CASE_RULES * RULE;
export const CASE_COLUMNS = CASE_COPY_RULES + CASE_RULES * RULE;
export const CASE_BYTES = (CASE_COLUMNS + MAX_COLUMNS * COLUMN_BYTES + 15) & ~15;

/** u32: cases. */
export const PROGRAM_CASE_COUNT = 0;
export const PROGRAM_CASES = 16;
export const PROGRAM_BYTES = PROGRAM_CASES + MAX_CASES * CASE_BYTES;
/** Programs that fit their region. */
export const MAX_PROGRAMS = 8;

/** Entries that `gather` describes at once: u32 pairs (flags, frame). */
export const GATHER_CAPACITY = 8192;
export const GATHER_BYTES = GATHER_CAPACITY * 8;
