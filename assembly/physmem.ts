// Simulated physical memory: sparse frames of 4 KiB, found by a hash, or a window that needs none.
//
//   window on:  address ---------------- + ARENA_BASE ----> arena       (address < arena top)
//   otherwise:  address >> 12 -- hash --> arena offset ---> arena
//
// A first-time reader may skip `grow`: linear memory is asked for 16 MiB at a time.

import {
  ARENA_BASE,
  ARENA_LIMIT,
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

/** Next free byte of the arena; below it everything is allocated. */
let arenaTop: u32 = ARENA_BASE;
/** Highest `arenaTop` ever: memory above it is still zero. */
let arenaDirty: u32 = ARENA_BASE;
let framesUsed: u32 = 0;
let windowOn: bool = false;

/** Forgets every frame. With `window`, addresses from 0 up become the arena itself. */
export function resetMemory(window: bool): void {
  for (let i: u32 = 0; i < framesUsed; i++) {
    store<u64>(load<u32>(HASH_USED + i * 4), 0);
  }
  framesUsed = 0;
  arenaTop = ARENA_BASE;
  windowOn = window;
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
 * Takes zeroed bytes from the arena, aligned to their own size (a power of two from 4 KiB up).
 * Returns their linear address, 0 when memory is used up.
 */
export function allocateArena(bytes: u32): u32 {
  assert(bytes >= <u32>FRAME_BYTES && (bytes & (bytes - 1)) == 0);
  const mask = <u64>bytes - 1;
  const at64 = (<u64>(arenaTop - ARENA_BASE) + mask) & ~mask;
  const end64 = at64 + bytes + ARENA_BASE;
  if (end64 > <u64>(<u32>ARENA_LIMIT)) return 0;
  const at = <u32>at64 + ARENA_BASE;
  const end = <u32>end64;
  if (!grow(end)) return 0;
  if (at < arenaDirty) memory.fill(at, 0, min(end, arenaDirty) - at);
  arenaTop = end;
  if (end > arenaDirty) arenaDirty = end;
  return at;
}

/** Simulated address of arena memory; only meaningful with the window on. */
export function windowAddress(linear: u32): u64 {
  return <u64>(linear - ARENA_BASE);
}

/** The slot that holds a frame, or the empty one where it would go (`HASH_LIMIT` keeps some empty). */
function hashSlot(frame: u64): u32 {
  const start = <u32>((frame * 0x9e3779b97f4a7c15) >> 48);
  let slot: u32 = HASH_BASE + (start & (HASH_SLOTS - 1)) * HASH_SLOT_BYTES;
  const end: u32 = HASH_BASE + HASH_SLOTS * HASH_SLOT_BYTES;
  const key = frame + 1;
  let held = load<u64>(slot);
  while (held != key && held != 0) {
    slot += HASH_SLOT_BYTES;
    if (slot == end) slot = HASH_BASE;
    held = load<u64>(slot);
  }
  return slot;
}

/**
 * Linear address of the 8-byte word at a simulated physical address. Absent memory reads as zero:
 * such an address lies in the zero frame, which the caller must not write.
 */
export function wordAt(pa: u64): u32 {
  if (windowOn && pa < <u64>(arenaTop - ARENA_BASE)) return ARENA_BASE + (<u32>pa & ~7);
  const slot = hashSlot(pa >> FRAME_SHIFT);
  const inFrame = <u32>pa & (FRAME_BYTES - 8);
  if (load<u64>(slot) == 0) return ZERO_FRAME + inFrame;
  return load<u32>(slot, 8) + inFrame;
}

/** Writes the word at a simulated physical address, making its frame. False: memory is used up. */
export function writeWord(pa: u64, value: u64): bool {
  let word = wordAt(pa);
  if (word - ZERO_FRAME < <u32>FRAME_BYTES) {
    if (framesUsed == HASH_LIMIT) return false;
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
