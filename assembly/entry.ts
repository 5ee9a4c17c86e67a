// Entries as a kernel sees them: flags, frame, and changes by rule (abi/entry.ts).
//
// A slot is the linear address of an entry. The caller holds a slot only as long as its table exists.

import {
  FIRST_FLAG,
  FLAG_BYTES,
  FLAG_CLEAR,
  FLAG_FILLED,
  FLAG_PRESENT,
  FLAG_RULES,
  FLAG_SET,
  LISTED_BIT,
  LISTED_BYTES,
  PROTECTION_BYTES,
  PROTECTION_RULES,
  RULE_BYTES,
  RULE_KEEP,
  RULE_MASK,
  RULE_PUT,
  RULE_VALUE,
  TEST_BYTES,
  VIEW_ABSENT_INVERTED,
  VIEW_ABSENT_TESTS,
  VIEW_FILLED,
  VIEW_FLAGS,
  VIEW_FLAGS_ABSENT,
  VIEW_FRAME_BASE,
  VIEW_INVERTED,
  VIEW_JOINED,
  VIEW_LEAF,
  VIEW_LIST,
  VIEW_LIST_ABSENT,
  VIEW_OFFSET_MASK,
  VIEW_OFFSET_SHIFT,
  VIEW_PRESENT,
  VIEW_PRESENT_TESTS,
  VIEW_PROTECTIONS,
  VIEW_TYPE_MASK,
  VIEW_TYPE_SHIFT,
  VIEW_UPRIGHT,
} from "./abi/entry";
import {
  HALF_LEVELS,
  LAYOUT_HALVES,
  LAYOUT_PAGE_SHIFT,
  LEVEL_BYTES,
  LEVEL_LEAF_ADDRESS,
  LEVEL_SHIFT,
} from "./abi/layout";
import { LAYOUT_BASE, VIEW_BASE } from "./abi/memory-map";
import { encodeAddress, groupShiftOf, leafAddress } from "./pte";

/** Words of a level of the user's half. */
export function userLevel(level: u32): u32 {
  return LAYOUT_BASE + LAYOUT_HALVES + HALF_LEVELS + level * LEVEL_BYTES;
}

function fits(test: u32, entry: u64): bool {
  return (entry & load<u64>(test)) == load<u64>(test, 8);
}

function isFilled(entry: u64): bool {
  return (entry & load<u64>(VIEW_BASE, VIEW_FILLED)) != 0;
}

/** The kernel takes it for a mapping of a page. */
export function isPresent(entry: u64): bool {
  return (
    fits(VIEW_BASE + VIEW_PRESENT, entry) || fits(VIEW_BASE + VIEW_PRESENT + TEST_BYTES, entry)
  );
}

/** Flags word of an entry. */
export function flagsOf(entry: u64): u32 {
  if (!isFilled(entry)) return 0;
  const present = isPresent(entry);
  const list: u32 = VIEW_BASE + (present ? VIEW_LIST : VIEW_LIST_ABSENT);
  const count = load<u32>(VIEW_BASE + (present ? VIEW_PRESENT_TESTS : VIEW_ABSENT_TESTS));
  let word: u32 = present ? FLAG_FILLED | FLAG_PRESENT : FLAG_FILLED;
  const end = list + count * LISTED_BYTES;
  for (let test = list; test < end; test += LISTED_BYTES) {
    word |= fits(test, entry) ? load<u32>(test, LISTED_BIT) : 0;
  }
  return word;
}

/** Applies `count` rules in order. */
export function applyRules(entry: u64, rules: u32, count: u32): u64 {
  let changed = entry;
  for (let i: u32 = 0; i < count; i++) {
    const rule = rules + i * RULE_BYTES;
    const fit = (changed & load<u64>(rule, RULE_MASK)) == load<u64>(rule, RULE_VALUE);
    const to = (changed & load<u64>(rule, RULE_KEEP)) | load<u64>(rule, RULE_PUT);
    changed = fit ? to : changed;
  }
  return changed;
}

/** Clears the flags of one word, then sets those of another, each from the lowest up. */
function change(entry: u64, clear: u32, set: u32): u64 {
  const table: u32 = VIEW_BASE + (isPresent(entry) ? VIEW_FLAGS : VIEW_FLAGS_ABSENT);
  let changed = entry;
  for (let left = clear >> FIRST_FLAG; left != 0; left &= left - 1) {
    const flag = table + ctz(left) * FLAG_BYTES;
    changed = applyRules(changed, flag + FLAG_CLEAR, FLAG_RULES);
  }
  for (let left = set >> FIRST_FLAG; left != 0; left &= left - 1) {
    const flag = table + ctz(left) * FLAG_BYTES;
    changed = applyRules(changed, flag + FLAG_SET, FLAG_RULES);
  }
  return changed;
}

/** Bits that are stored inverted in this entry. */
function inversionOf(entry: u64): u64 {
  if (!isFilled(entry) || fits(VIEW_BASE + VIEW_UPRIGHT, entry)) return 0;
  return load<u64>(VIEW_BASE, VIEW_INVERTED);
}

/** Frame that a leaf of a level maps. */
export function frameOf(entry: u64, level: u32): u32 {
  const address = leafAddress(userLevel(level), entry ^ inversionOf(entry));
  return <u32>(
    ((address - load<u64>(VIEW_BASE, VIEW_FRAME_BASE)) >> load<u32>(LAYOUT_BASE, LAYOUT_PAGE_SHIFT))
  );
}

/**
 * What the entry in a slot is, as a flags word; 0 = none. Of a contiguous group any one entry may hold a joined
 * flag (accessed, dirty), because the CPU sets it where it walked.
 */
export function entryFlags(slot: u32): u32 {
  const entry = load<u64>(slot);
  const flags = flagsOf(entry);
  if ((flags & FLAG_PRESENT) == 0) return flags;
  const level = userLevel(0);
  const group = groupShiftOf(level, entry);
  return group == 0
    ? flags
    : flags | joinedFlags(slot, 8 << (group - load<u32>(level, LEVEL_SHIFT)));
}

/** Joined flags of the group that lies in `bytes` around a slot. */
function joinedFlags(slot: u32, bytes: u32): u32 {
  const first = slot & ~(bytes - 1);
  let flags: u32 = 0;
  for (let at = first; at < first + bytes; at += 8) flags |= flagsOf(load<u64>(at));
  return flags & load<u32>(VIEW_BASE, VIEW_JOINED);
}

/** Frame that the leaf in a slot maps; the entry must be present. */
export function entryFrame(slot: u32, level: u32): u32 {
  return frameOf(load<u64>(slot), level);
}

/** Clears and sets flags of the filled entry in a slot. Returns its flags. */
export function updateEntry(slot: u32, clear: u32, set: u32): u32 {
  const entry = change(load<u64>(slot), clear, set);
  store<u64>(slot, entry);
  return flagsOf(entry);
}

function protect(entry: u64, protection: u32): u64 {
  const upright = entry ^ inversionOf(entry);
  const rules: u32 = VIEW_BASE + VIEW_PROTECTIONS + protection * PROTECTION_BYTES;
  const changed = applyRules(upright, rules, PROTECTION_RULES);
  return changed ^ inversionOf(changed);
}

/** Gives the present entry in a slot another protection; all else is kept. Returns its flags. */
export function protectEntry(slot: u32, protection: u32): u32 {
  const entry = protect(load<u64>(slot), protection);
  store<u64>(slot, entry);
  return flagsOf(entry);
}

/** Writes a leaf of a level: a frame with a protection, and flags beside it. */
export function makeLeaf(slot: u32, level: u32, frame: u32, protection: u32, set: u32): void {
  const words = userLevel(level);
  const shift = load<u32>(LAYOUT_BASE, LAYOUT_PAGE_SHIFT);
  const address = load<u64>(VIEW_BASE, VIEW_FRAME_BASE) + ((<u64>frame) << shift);
  const field = load<u64>(words, LEVEL_LEAF_ADDRESS);
  const bits = load<u64>(VIEW_BASE + VIEW_LEAF + level * 8);
  const rules: u32 = VIEW_BASE + VIEW_PROTECTIONS + protection * PROTECTION_BYTES;
  const upright = applyRules(encodeAddress(words, field, address) | bits, rules, PROTECTION_RULES);
  store<u64>(slot, change(upright ^ inversionOf(upright), 0, set));
}

/** Writes an entry that maps nothing: a type, an offset, and flags. */
export function makeAbsent(slot: u32, type: u32, offset: u32, set: u32): void {
  const typed =
    ((<u64>type) << load<u32>(VIEW_BASE, VIEW_TYPE_SHIFT)) & load<u64>(VIEW_BASE, VIEW_TYPE_MASK);
  const placed =
    ((<u64>offset) << load<u32>(VIEW_BASE, VIEW_OFFSET_SHIFT)) &
    load<u64>(VIEW_BASE, VIEW_OFFSET_MASK);
  store<u64>(slot, change((typed | placed) ^ load<u64>(VIEW_BASE, VIEW_ABSENT_INVERTED), 0, set));
}

/** Type of the absent entry in a slot. */
export function absentType(slot: u32): u32 {
  return <u32>(
    ((load<u64>(slot) & load<u64>(VIEW_BASE, VIEW_TYPE_MASK)) >>
      load<u32>(VIEW_BASE, VIEW_TYPE_SHIFT))
  );
}

/** Low 32 bits of its offset. */
export function absentOffset(slot: u32): u32 {
  const upright = load<u64>(slot) ^ load<u64>(VIEW_BASE, VIEW_ABSENT_INVERTED);
  return <u32>(
    ((upright & load<u64>(VIEW_BASE, VIEW_OFFSET_MASK)) >> load<u32>(VIEW_BASE, VIEW_OFFSET_SHIFT))
  );
}

/** Makes the entry none. Returns the flags it had. */
export function clearEntry(slot: u32): u32 {
  const flags = flagsOf(load<u64>(slot));
  store<u64>(slot, 0);
  return flags;
}

/** Moves an entry, whatever it is, to another slot. */
export function moveEntry(from: u32, to: u32): void {
  store<u64>(to, load<u64>(from));
  store<u64>(from, 0);
}

/** Copies an entry, whatever it is, to another slot. */
export function copyEntry(from: u32, to: u32): void {
  store<u64>(to, load<u64>(from));
}
