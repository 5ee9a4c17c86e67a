// Simulated physical memory: sparse frames of 4 KiB, found by a hash, or a window that needs none.
//
//   window on:  address --------------- + arena base -----> arena       (address < arena top)
//   otherwise:  address >> 12 -- hash --> arena offset ---> arena
//
// A first-time reader may skip `grow`: linear memory is asked for 16 MiB at a time.

import {
  ARENA_ALIGNMENT,
  ARENA_LIMIT,
  DYNAMIC_BASE,
  FRAME_BYTES,
  FRAME_SHIFT,
  HASH_BASE,
  HASH_LIMIT,
  HASH_SLOT_BYTES,
  HASH_SLOTS,
  HASH_USED,
  ZERO_FRAME,
} from "./abi/memory-map";

const GROW_PAGES: i32 = 256;

let arenaBase: u32 = align(DYNAMIC_BASE);
/** Next free byte of the arena; below it everything is allocated. */
let arenaTop: u32 = arenaBase;
/** Memory from here on has never been written. */
let untouched: u32 = DYNAMIC_BASE;
let framesUsed: u32 = 0;
let windowOn: bool = false;
/** Simulated addresses below this are arena memory; 0 without the window. */
let windowEnd: u64 = 0;

function align(address: u32): u32 {
  return (address + ARENA_ALIGNMENT - 1) & ~(<u32>ARENA_ALIGNMENT - 1);
}

/**
 * Sets memory aside between the fixed regions and the arena, zeroed. Returns false, with nothing
 * changed, when there is not so much. Simulated memory is forgotten.
 */
export function setAside(bytes: u64): bool {
  const end = <u64>(<u32>DYNAMIC_BASE) + bytes;
  if (end + ARENA_ALIGNMENT > <u64>(<u32>ARENA_LIMIT) || !grow(<u32>end)) return false;
  memory.fill(DYNAMIC_BASE, 0, min(<u32>end, untouched) - DYNAMIC_BASE);
  untouched = max(<u32>end, untouched);
  arenaBase = align(<u32>end);
  resetMemory(windowOn);
  return true;
}

/** Forgets every frame. With `window`, addresses from 0 up become the arena itself. */
export function resetMemory(window: bool): void {
  for (let i: u32 = 0; i < framesUsed; i++) {
    store<u64>(load<u32>(HASH_USED + i * 4), 0);
  }
  framesUsed = 0;
  arenaTop = arenaBase;
  windowOn = window;
  windowEnd = 0;
}

/** Linear addresses may exceed 2^31, and `memory.size` counts pages of 64 KiB. */
function grow(end: u32): bool {
  const have = (<u64>memory.size()) << 16;
  if (<u64>end <= have) return true;
  const need = <i32>((<u64>end - have + 0xffff) >> 16);
  if (memory.grow(max(need, GROW_PAGES)) >= 0) return true;
  return memory.grow(need) >= 0;
}

/**
 * Takes zeroed bytes from the arena, aligned to their own size (a power of two from 8 up).
 * Returns their linear address, 0 when memory is used up.
 */
export function allocateArena(bytes: u32): u32 {
  assert(bytes >= 8 && (bytes & (bytes - 1)) == 0);
  const mask = <u64>bytes - 1;
  const at64 = (<u64>(arenaTop - arenaBase) + mask) & ~mask;
  const end64 = at64 + bytes + arenaBase;
  if (end64 > <u64>(<u32>ARENA_LIMIT)) return 0;
  const at = <u32>at64 + arenaBase;
  const end = <u32>end64;
  if (!grow(end)) return 0;
  if (arenaTop < untouched) memory.fill(arenaTop, 0, min(end, untouched) - arenaTop);
  arenaTop = end;
  untouched = max(end, untouched);
  if (windowOn) windowEnd = <u64>(arenaTop - arenaBase);
  return at;
}

/** Simulated address of arena memory; only meaningful with the window on. */
export function windowAddress(linear: u32): u64 {
  return <u64>(linear - arenaBase);
}

/** The slot that holds a frame, or the empty one where it would go (`HASH_LIMIT` keeps some empty). */
function hashSlot(frame: u64): u32 {
  const start = <u32>((frame * 0x9e3779b97f4a7c15) >> 48);
  return slotFrom(HASH_BASE + (start & (HASH_SLOTS - 1)) * HASH_SLOT_BYTES, frame + 1);
}

function slotFrom(start: u32, key: u64): u32 {
  const end: u32 = HASH_BASE + HASH_SLOTS * HASH_SLOT_BYTES;
  for (let slot = start; slot < end; slot += HASH_SLOT_BYTES) {
    const held = load<u64>(slot);
    if (held == key || held == 0) return slot;
  }
  return slotFrom(HASH_BASE, key);
}

/**
 * Linear address of the 8-byte word at a simulated physical address. Absent memory reads as zero:
 * such an address lies in the zero frame, which the caller must not write.
 */
export function wordAt(pa: u64): u32 {
  return Memory.word(pa & ~(<u64>7));
}

/** Whether a word from `wordAt` is memory of its own, not the zero frame's. */
export function isBacked(word: u32): bool {
  return word - ZERO_FRAME >= <u32>FRAME_BYTES;
}

/** Written into the walk. `pa` is a multiple of 8. */
export class Memory {
  @inline
  static word(pa: u64): u32 {
    return pa < windowEnd ? arenaBase + <u32>pa : hashedWord(pa);
  }
}

function hashedWord(pa: u64): u32 {
  const slot = hashSlot(pa >> FRAME_SHIFT);
  const inFrame = <u32>pa & (FRAME_BYTES - 8);
  if (load<u64>(slot) == 0) return ZERO_FRAME + inFrame;
  return load<u32>(slot, 8) + inFrame;
}

/**
 * Writes the word at a simulated physical address, making its frame. False: memory is used up, or the
 * window is on and the address lies above it (the window holds page tables only).
 */
export function writeWord(pa: u64, value: u64): bool {
  let word = wordAt(pa);
  if (!isBacked(word)) {
    if (windowOn || framesUsed == HASH_LIMIT) return false;
    const slot = hashSlot(pa >> FRAME_SHIFT);
    const linear = allocateArena(FRAME_BYTES);
    if (linear == 0) return false;
    store<u64>(slot, (pa >> FRAME_SHIFT) + 1);
    store<u32>(slot, linear, 8);
    store<u32>(HASH_USED + framesUsed * 4, slot);
    framesUsed++;
    word = linear + (<u32>pa & (FRAME_BYTES - 8));
  }
  store<u64>(word, value);
  return true;
}
