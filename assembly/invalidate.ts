// TLB maintenance: one verb for every instruction that makes a CPU forget translations.
//
//   structure x class --> sets that pages of the range select --> entries whose leaf meets the range
//
// What counts is the leaf that an entry was made from, not the piece of it that the entry holds: where a
// CPU keeps a large page in pieces, any address of the page drops them all, because software cannot know
// of the pieces (SDM 3A 4.10.4.1; TLBI, too, drops every "cached copy" of the entry that translates the
// address, Arm ARM D8.17). The leaf's level stands in each entry.
//
// Dropped entries are the next victims of their sets. Predictions may still lead to them, and find
// another key there than the one they look for.

import { Counter } from "./abi/counters";
import {
  INVALIDATE_ANY,
  INVALIDATE_ANY_GUEST,
  INVALIDATE_CURRENT,
  INVALIDATE_EVERY_CPU,
  INVALIDATE_GLOBAL,
  INVALIDATE_GUEST_GIVEN,
  INVALIDATE_OWN,
  INVALIDATE_STAGE2,
  INVALIDATE_STAGE2_ADDRESS,
  INVALIDATE_TABLES,
  INVALIDATE_TABLES_ON_WAY,
} from "./abi/invalidate";
import { HALF_LEVELS, LEVEL_BYTES, LEVEL_SHIFT } from "./abi/layout";
import { GEOMETRY_BASE } from "./abi/memory-map";
import {
  ARRAY_BYTES,
  ARRAY_ENTRIES,
  ARRAY_HASHED,
  ARRAY_SET_BYTES,
  ARRAY_SET_MASK,
  ARRAY_TAGS,
  ARRAY_WAYS,
  CPU_LIVE,
  CPU_TAG,
  GEOMETRY_GUESTS,
  GEOMETRY_PROBES,
  GEOMETRY_STAGE2,
  GEOMETRY_WALK_CACHES,
  GLOBAL_TAG,
  LIVE_GLOBAL_SHIFT,
  MAX_GUESTS,
  PROBE_BYTES,
  PROBE_FILL_CLASS,
  PROBE_SHIFT,
  STAMPED_ENTRY_SHIFT,
  STRUCTURE_BYTES,
  TAGGED_ENTRY_SHIFT,
  TLB_CLASS_MASK,
  TLB_CONTEXT_SHIFT,
  TLB_DATA,
  TLB_GUEST_SHIFT,
  TLB_KEY,
  TLB_STRUCTURES,
  TLB_TAG_MASK,
  WALK_CACHE_LEVELS,
} from "./abi/tlb";
import { bumpBy } from "./count";
import { blockOf, contexts, cpu, cpuCount, guestTag } from "./cpu";
import { EVERY_GUEST, forgetGuest } from "./stage2-cache";
import { classShift, Data, inPieces } from "./tlb";
import { dropEntry } from "./tlb-array";
import { dropStamped } from "./tlb-stamped";
import { Tagged } from "./tlb-tagged";
import { halfIndexOf, halfOf } from "./walk-way";

/** The operation under way: what it drops, of which guest and context (in their places in a key), in which range. */
let flags: u32 = 0;
let guest: u32 = 0;
let tag: u32 = 0;
let first: u64 = 0;
let last: u64 = 0;

/**
 * Makes the running CPU, or every CPU, forget what `kinds` (`INVALIDATE_*`) says of the pages that meet
 * `from`..`to`, both included; 0 to the last address there is: of all pages. `context` counts where no flag
 * names another; it is the guest where the flags say so. The guest is else that of the running CPU, on every CPU.
 * Returns how many TLB entries were dropped.
 */
export function invalidate(kinds: u32, context: u32, from: u64, to: u64): u32 {
  const given = (kinds & INVALIDATE_GUEST_GIVEN) != 0;
  let end = contexts();
  if (given) end = MAX_GUESTS;
  assert(context < end && from <= to);
  flags = kinds;
  guest = given ? context << TLB_GUEST_SHIFT : guestTag(cpu);
  first = from;
  last = to;
  const whose = (kinds & INVALIDATE_ANY_GUEST) != 0 ? EVERY_GUEST : guest >> TLB_GUEST_SHIFT;
  if ((kinds & INVALIDATE_STAGE2) != 0) forgetGuest(whose, 0, u64.MAX_VALUE);
  else if ((kinds & INVALIDATE_STAGE2_ADDRESS) != 0) forgetGuest(whose, from, to);
  if ((kinds & INVALIDATE_EVERY_CPU) == 0) return perform(cpu, context);
  let dropped: u32 = 0;
  for (let number: u32 = 0; number < cpuCount; number++) {
    dropped += perform(blockOf(number), context);
  }
  return dropped;
}

function perform(block: u32, context: u32): u32 {
  const dropped = drop(block, context);
  bumpBy(Counter.Invalidations, 1);
  bumpBy(Counter.InvalidatedEntries, dropped);
  return dropped;
}

/**
 * What a CPU forgets by itself of the page of `va` in its context, and is not counted. `kinds` as of
 * `invalidate`.
 */
export function forget(block: u32, kinds: u32, va: u64): void {
  flags = kinds | INVALIDATE_CURRENT;
  guest = guestTag(block);
  first = va;
  last = va;
  drop(block, 0);
}

function drop(block: u32, context: u32): u32 {
  const current = (flags & INVALIDATE_CURRENT) != 0;
  const own = load<u32>(block, CPU_TAG) ^ guestTag(block);
  tag = guest | (current ? own : context << TLB_CONTEXT_SHIFT);
  let dropped: u32 = 0;
  if ((flags & (INVALIDATE_OWN | INVALIDATE_GLOBAL)) != 0) dropped = dropTranslations(block);
  if ((flags & (INVALIDATE_TABLES | INVALIDATE_TABLES_ON_WAY)) != 0) dropTables(block);
  return dropped;
}

/** Whether an entry with this key is of a guest and a context that the operation names. */
function isNamed(key: u64): bool {
  if (!isOfGuest(key)) return false;
  const guests = load<u32>(GEOMETRY_BASE, GEOMETRY_GUESTS);
  const owner = <u32>key & (TLB_TAG_MASK & ~TLB_CLASS_MASK);
  if ((owner | guests) == <u32>GLOBAL_TAG) return (flags & INVALIDATE_GLOBAL) != 0;
  return (flags & INVALIDATE_OWN) != 0 && (owner == tag || (flags & INVALIDATE_ANY) != 0);
}

function isOfGuest(key: u64): bool {
  const other = (<u32>key ^ guest) & load<u32>(GEOMETRY_BASE, GEOMETRY_GUESTS);
  return other == 0 || (flags & INVALIDATE_ANY_GUEST) != 0;
}

/** Whether the 2^shift bytes around an address (the bits below are ignored) meet the range. */
function meets(address: u64, shift: u64): bool {
  const page = address >> shift;
  return page >= first >> shift && page <= last >> shift;
}

function levelShift(va: u64, level: u32): u32 {
  const half = halfOf(halfIndexOf(va));
  return load<u32>(half + HALF_LEVELS + level * LEVEL_BYTES, LEVEL_SHIFT);
}

function dropTranslations(block: u32): u32 {
  let dropped: u32 = 0;
  for (let structure: u32 = 0; structure < <u32>TLB_STRUCTURES; structure++) {
    const live = load<u32>(block + (structure << 2), CPU_LIVE);
    let classes = (live | (live >> LIVE_GLOBAL_SHIFT)) & 0xff;
    const probes: u32 = GEOMETRY_BASE + GEOMETRY_PROBES + structure * STRUCTURE_BYTES;
    for (; classes != 0; classes &= classes - 1) {
      dropped += dropClass(block, probes, <u32>ctz(classes));
    }
  }
  return dropped;
}

/** Drops a structure's entries of one class, from the sets that may hold them. */
function dropClass(block: u32, probes: u32, pageClass: u32): u32 {
  const probe = probes + pageClass * PROBE_BYTES;
  const shift: u64 = load<u32>(probe, PROBE_SHIFT);
  const largest: u64 = largestShift(probes, pageClass);
  const inLargest: u64 = ((<u64>1) << largest) - 1;
  const from = (first & ~inLargest) >> shift;
  const pages = ((last | inLargest) >> shift) - from;
  const mask: u64 = load<u32>(probe, ARRAY_SET_MASK) & ~(<u32>ARRAY_HASHED);
  let dropped: u32 = 0;
  if (pages >= mask) {
    for (let set: u32 = 0; set <= <u32>mask; set++) {
      dropped += dropInSet(block, probe, set, pageClass);
    }
    return dropped;
  }
  for (let i: u64 = 0; i <= pages; i++) {
    dropped += dropInSet(block, probe, Tagged.setOf(probe, from + i), pageClass);
  }
  return dropped;
}

/** log2 bytes of the largest page of which a structure keeps pieces as entries of a class. */
function largestShift(probes: u32, pageClass: u32): u32 {
  // Of a guest any page may be kept in pieces, as large as the host's.
  const guest = load<u32>(GEOMETRY_BASE, GEOMETRY_STAGE2) != 0;
  for (let larger: u32 = TLB_CLASS_MASK; larger > pageClass; larger--) {
    if (guest && classShift(larger) != 0) return classShift(larger);
    const filled = load<u32>(probes + larger * PROBE_BYTES, PROBE_FILL_CLASS);
    const held = (inPieces & ((<u32>1) << larger)) != 0;
    if (filled == pageClass && held) return classShift(larger);
  }
  return classShift(pageClass);
}

function dropInSet(block: u32, array: u32, set: u32, pageClass: u32): u32 {
  const entryShift = load<u32>(array, ARRAY_TAGS) == 0 ? STAMPED_ENTRY_SHIFT : TAGGED_ENTRY_SHIFT;
  const ways = load<u32>(array, ARRAY_WAYS);
  // Arrays of translations are never shared: their entries count from the block.
  const at = block + load<u32>(array, ARRAY_ENTRIES) + set * load<u32>(array, ARRAY_SET_BYTES);
  const pieceShift = classShift(pageClass);
  let dropped: u32 = 0;
  for (let way: u32 = 0; way < ways; way++) {
    const entry = at + (way << entryShift);
    const key = load<u64>(entry, TLB_KEY);
    if ((<u32>key & TLB_CLASS_MASK) != pageClass || !isNamed(key)) continue;
    const leafShift = levelShift(key, Data.level(load<u64>(entry, TLB_DATA)));
    if (!meets(key, max(pieceShift, leafShift))) continue;
    dropEntry(block, array, entry);
    dropped++;
  }
  return dropped;
}

/** Walk caches are small: all of their entries are looked at. */
function dropTables(block: u32): void {
  for (let level: u32 = 1; level < <u32>WALK_CACHE_LEVELS; level++) {
    const array: u32 = GEOMETRY_BASE + GEOMETRY_WALK_CACHES + level * ARRAY_BYTES;
    const ways = load<u32>(array, ARRAY_WAYS);
    const count: u32 = ways == 0 ? 0 : (load<u32>(array, ARRAY_SET_MASK) + 1) * ways;
    const entries = block + load<u32>(array, ARRAY_ENTRIES);
    for (let i: u32 = 0; i < count; i++) {
      const entry = entries + (i << STAMPED_ENTRY_SHIFT);
      const key = load<u64>(entry, TLB_KEY);
      if (key != 0 && isTableNamed(key, level)) dropStamped(entry);
    }
  }
}

function isTableNamed(key: u64, level: u32): bool {
  if (!isOfGuest(key)) return false;
  const owner = <u32>key & (TLB_TAG_MASK & ~TLB_CLASS_MASK);
  if (owner != tag && (flags & INVALIDATE_ANY) == 0) return false;
  return (flags & INVALIDATE_TABLES) != 0 || meets(key, levelShift(key, level));
}
