// Permissions are a truth table.
//
//   entry bits --gather--> small index --table--> six rights {user, supervisor} x {read, write, fetch}
//
// Table entries only restrict: their gathered bits (xored so that 1 restricts) are ORed over the levels
// and stand above the leaf's bits in the index. What the control registers take away (WP, SMEP, PAN,
// WXN...) is already in the table: TypeScript computed it where the rules read like the manual.

import {
  HALF_KEY_MASK,
  HALF_KEY_ROTATE,
  HALF_KEYS,
  HALF_LEAF_GATHER,
  HALF_LEAF_WIDTH,
  HALF_RIGHTS,
  HALF_TABLE_GATHER,
  HALF_TABLE_INVERT,
} from "./abi/layout";
import { FaultKind, RIGHTS_KEYED, RIGHTS_MASK } from "./abi/stop";

/** Up to three runs of bits, each rotated into its place in the index (unrolled: it runs per level). */
function gather(chunks: u32, entry: u64): u32 {
  return (
    (<u32>rotr<u64>(entry, load<u32>(chunks)) & load<u32>(chunks, 4)) |
    (<u32>rotr<u64>(entry, load<u32>(chunks, 8)) & load<u32>(chunks, 12)) |
    (<u32>rotr<u64>(entry, load<u32>(chunks, 16)) & load<u32>(chunks, 20))
  );
}

/** Restrictions that a table entry adds to those of the levels above it. */
export function restrictionsOf(half: u32, entry: u64): u32 {
  return gather(half + HALF_TABLE_GATHER, entry) ^ load<u32>(half, HALF_TABLE_INVERT);
}

/** Rights of a page: bit = `Access`; `RIGHTS_KEYED` beside them where protection keys apply. */
export function rightsOf(half: u32, entry: u64, restrictions: u32): u32 {
  const leaf = gather(half + HALF_LEAF_GATHER, entry);
  const index = leaf | (restrictions << load<u32>(half, HALF_LEAF_WIDTH));
  return load<u8>(half + HALF_RIGHTS + index);
}

/** The rights that the page's protection key takes away. */
export function keyDenials(half: u32, entry: u64, rights: u32): u32 {
  const mask = load<u32>(half, HALF_KEY_MASK);
  if (mask == 0 || (rights & RIGHTS_KEYED) == 0) return 0;
  const key = <u32>rotr<u64>(entry, load<u32>(half, HALF_KEY_ROTATE)) & mask;
  return load<u8>(half + HALF_KEYS + key);
}

/**
 * `FaultKind.None`, or why the access is denied. The key comes first: x86-64 reports it beside whatever
 * else denies the access (SDM 3A 4.7: PK "is 1 if the access ... was a data access to a user-mode
 * address with protection key disallowed", with no word on the other rights).
 */
export function denial(rights: u32, denied: u32, access: u32): u32 {
  if (((denied >> access) & 1) != 0) return FaultKind.Key;
  if (((rights & RIGHTS_MASK) >> access) & 1) return FaultKind.None;
  return FaultKind.Permission;
}
