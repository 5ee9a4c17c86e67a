// The walk log: what each step of the last logged walk read and decided. `mmulate walk` prints it, and
// nothing else reads it.

/** u32: 1 = log steps. */
export const LOG_ENABLED = 0;
/** u32: steps logged since `translate` began. */
export const LOG_COUNT = 4;
export const LOG_STEPS = 16;
export const LOG_MAX_STEPS = 16;

// --- One step --------------------------------------------------------------------------------
/** u64: physical address of the entry. */
export const STEP_PA = 0;
/** u64: its value as read. */
export const STEP_ENTRY = 8;
/** u32: level counted from the leaf. */
export const STEP_LEVEL = 16;
/** u32: `CLASS_TABLE`, `CLASS_LEAF` or the fault kind of its type bits. */
export const STEP_CLASS = 20;
/** u32: restrictions gathered from table entries up to here. */
export const STEP_RESTRICTIONS = 24;
/** u32: rights the leaf grants (bit = `Access`); 0 for tables. */
export const STEP_RIGHTS = 28;
/** u64: its value after accessed and dirty updates. */
export const STEP_UPDATED = 32;
/** u32: fault kind that ended the walk here, though the type bits were those of a table or leaf. */
export const STEP_FAULT = 40;
export const STEP_BYTES = 48;
export const LOG_BYTES = LOG_STEPS + STEP_BYTES * LOG_MAX_STEPS;
