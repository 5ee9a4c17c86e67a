// Remembers what the last leaves translated to, by everything about them but their address.
//
// Two leaves of one level that agree in all attribute bits, below tables that restrict alike, get the same
// rights, the same accessed and dirty updates and the same class. So when a leaf was translated, its flags
// and its update are kept; the next leaf like it takes them as they are, provided they deny nothing that
// the access needs. Whether the access is a store decides the update, so the two have slots of their own.
// Pages of a program mostly differ in accessed and dirty state alone: slots are chosen by the bits where
// x86-64, and by and large arm64, have those.
//
// Only plain translations are kept: no contiguous group. A new layout forgets all.

import { Counter } from "./abi/counters";
import { LEVEL_LEAF_ATTRIBUTES } from "./abi/layout";
import { MEMO_BASE } from "./abi/memory-map";
import { TLB_DATA_CLEAN } from "./abi/tlb";
import { bumpBy } from "./count";

const SLOT_SHIFT: u32 = 6;
const CHOICE_SHIFT: u32 = 5;
const CHOICES: u32 = 8;
const MEMO_BYTES: u32 = (2 * CHOICES) << SLOT_SHIFT;
const MEMO_ATTRIBUTES: usize = 0;
const MEMO_PLACE: usize = 8;
const MEMO_FLAGS: usize = 16;
/** What the update flips, and how often it is counted as an accessed and as a dirty update. */
const MEMO_FLIPS: usize = 24;
const MEMO_ACCESSED: usize = 32;
const MEMO_DIRTY: usize = 40;

function slotOf(entry: u64, need: u32): u32 {
  const choice = (<u32>entry >> CHOICE_SHIFT) & (CHOICES - 1);
  const store: u32 = (need & TLB_DATA_CLEAN) == 0 ? 0 : CHOICES;
  return MEMO_BASE + ((choice + store) << SLOT_SHIFT);
}

/** Where in the walk: the level, and what the tables above restrict. */
function placeOf(level: u32, restrictions: u32): u64 {
  return ((<u64>restrictions) << 32) | level;
}

export class LeafMemo {
  /** The slot of a leaf like this one, 0 = none is remembered. */
  @inline
  static find(level: u32, entry: u64, restrictions: u32, need: u32): u32 {
    const slot = slotOf(entry, need);
    const attributes = entry & load<u64>(level, LEVEL_LEAF_ATTRIBUTES);
    if (load<u64>(slot, MEMO_ATTRIBUTES) != attributes) return 0;
    if (load<u64>(slot, MEMO_PLACE) != placeOf(level, restrictions)) return 0;
    return slot;
  }

  /** Flags of the TLB data word for a leaf of the slot. */
  @inline
  static flags(slot: u32): u64 {
    return load<u64>(slot, MEMO_FLAGS);
  }

  /** Updates a leaf of the slot that lies at `word`; returns its new value. */
  @inline
  static update(slot: u32, word: u32, entry: u64): u64 {
    const flips = load<u64>(slot, MEMO_FLIPS);
    return flips == 0 ? entry : flip(slot, word, entry ^ flips);
  }
}

function flip(slot: u32, word: u32, entry: u64): u64 {
  store<u64>(word, entry);
  bumpBy(Counter.AccessedSet, load<u64>(slot, MEMO_ACCESSED));
  bumpBy(Counter.DirtySet, load<u64>(slot, MEMO_DIRTY));
  return entry;
}

/** Remembers a leaf that went through: its value before and after, and what was counted for that. */
export function rememberLeaf(
  level: u32,
  before: u64,
  after: u64,
  restrictions: u32,
  need: u32,
  flags: u64,
  accessed: u64,
  dirty: u64,
): void {
  const slot = slotOf(before, need);
  store<u64>(slot, before & load<u64>(level, LEVEL_LEAF_ATTRIBUTES), MEMO_ATTRIBUTES);
  store<u64>(slot, placeOf(level, restrictions), MEMO_PLACE);
  store<u64>(slot, flags, MEMO_FLAGS);
  store<u64>(slot, before ^ after, MEMO_FLIPS);
  store<u64>(slot, accessed, MEMO_ACCESSED);
  store<u64>(slot, dirty, MEMO_DIRTY);
}

export function forgetLeaves(): void {
  memory.fill(MEMO_BASE, 0, MEMO_BYTES);
}
