// Remembers what the last leaves translated to, by everything about them but their address.
//
// Two leaves of one level that agree in all attribute bits, below tables that restrict alike, get the same
// rights, the same dirty state and the same level and class. So when a leaf that needed no update was
// translated, its flags are kept; the next leaf like it takes them as they are, provided they deny
// nothing that the access needs. Pages of a program mostly differ in nothing but the dirty state, hence
// four slots, chosen by the two bits where x86-64 and arm64 have that.
//
// Only plain translations are kept: no contiguous group, not global. A new layout forgets all.

import { LEVEL_LEAF_ATTRIBUTES } from "./abi/layout";
import { MEMO_BASE } from "./abi/memory-map";

const SLOT_SHIFT: u32 = 5;
const SLOTS: u32 = 4;
const CHOICE_SHIFT: u32 = 6;
const MEMO_ATTRIBUTES: usize = 0;
const MEMO_PLACE: usize = 8;
const MEMO_FLAGS: usize = 16;

/** Never the flags of a page: those deny "no access" only. */
export const NO_MEMO: u64 = 0;

function slotOf(entry: u64): u32 {
  return MEMO_BASE + (((<u32>entry >> CHOICE_SHIFT) & (SLOTS - 1)) << SLOT_SHIFT);
}

/** Where in the walk: the level, and what the tables above restrict. */
function placeOf(level: u32, restrictions: u32): u64 {
  return ((<u64>restrictions) << 32) | level;
}

export class LeafMemo {
  /** Flags of the TLB data word for a leaf like this one, or `NO_MEMO`. */
  @inline
  static find(level: u32, entry: u64, restrictions: u32): u64 {
    const slot = slotOf(entry);
    const attributes = entry & load<u64>(level, LEVEL_LEAF_ATTRIBUTES);
    if (load<u64>(slot, MEMO_ATTRIBUTES) != attributes) return NO_MEMO;
    if (load<u64>(slot, MEMO_PLACE) != placeOf(level, restrictions)) return NO_MEMO;
    return load<u64>(slot, MEMO_FLAGS);
  }
}

export function rememberLeaf(level: u32, entry: u64, restrictions: u32, flags: u64): void {
  const slot = slotOf(entry);
  store<u64>(slot, entry & load<u64>(level, LEVEL_LEAF_ATTRIBUTES), MEMO_ATTRIBUTES);
  store<u64>(slot, placeOf(level, restrictions), MEMO_PLACE);
  store<u64>(slot, flags, MEMO_FLAGS);
}

export function forgetLeaves(): void {
  memory.fill(MEMO_BASE, 0, SLOTS << SLOT_SHIFT);
}
