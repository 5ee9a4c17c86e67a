// The simple mapper's configuration: how a not-present entry is filled on demand.
//
// Two policies, split at an address: below it the first, from it on the second. Each says at which
// level pages are mapped, how many entries are made at once (a contiguous group), with which bits,
// and where the next physical page comes from.

/** u32: 1 = fill not-present entries during the walk, 0 = stop with a fault. */
export const DEMAND_ENABLED = 0;
/** u64: first address of the second policy. */
export const DEMAND_SPLIT = 8;
/** u64: bits of an entry that points to a table. */
export const DEMAND_TABLE_BITS = 16;
export const DEMAND_POLICIES = 64;

/** u32: level of the leaf. */
export const POLICY_LEVEL = 0;
/** u32: log2 of how many entries are made at once. */
export const POLICY_GROUP = 4;
/** u64: bits of the leaf. */
export const POLICY_LEAF_BITS = 8;
/** u64: next free physical address. */
export const POLICY_NEXT = 16;
/** u64: last physical address that may be given out. */
export const POLICY_LAST = 24;
export const POLICY_BYTES = 32;
export const DEMAND_BYTES = 128;
