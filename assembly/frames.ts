// Page frames: one record each (abi/frames.ts), and a buddy allocator over them.
//
//   order 2:  [8..11]            a free block of 2^order frames begins at a multiple of 2^order; its
//   order 0:  [5]  [13]          first frame's record says "free, order" and links it into a list
//
// Splitting hands out the lower half; freeing joins a block with its buddy (frame ^ 2^order) as long as that
// is free, too. All of it depends only on the order of calls.

import {
  FRAME_FLAGS,
  FRAME_FREE,
  FRAME_HEAD,
  FRAME_NEXT,
  FRAME_PREVIOUS,
  FRAME_RECORD_SHIFT,
  FRAME_REFS,
  MAX_ORDER,
} from "./abi/frames";
import { FRAME_BYTES, FREE_LISTS_BASE } from "./abi/memory-map";
import { giveRoom, setRoom, takeRoom } from "./allocation";
import { allocateArena } from "./physmem";

/** Address of frame 0's record; 0 = there are none. */
let records: u32 = 0;
let frames: u32 = 0;
let free: u32 = 0;

/** Where the first free block of an order is kept; 0 = none. */
function listOf(order: u32): u32 {
  return FREE_LISTS_BASE + order * 4;
}

/** Whether there is such a frame: an entry that a broken layout takes for present may name any. */
export function hasRecord(frame: u32): bool {
  return frame < frames;
}

/** Record of a frame. */
export function recordOf(frame: u32): u32 {
  return records + (frame << FRAME_RECORD_SHIFT);
}

/** Forgets all frames; memory was reset. */
export function forgetFrames(): void {
  records = 0;
  frames = 0;
  free = 0;
}

/** Makes frames 0..count - 1, all free but frame 0. Returns the address of the records, 0: no memory. */
export function makeFrames(count: u32): u32 {
  let bytes: u64 = FRAME_BYTES;
  while (bytes < (<u64>count) << FRAME_RECORD_SHIFT) bytes <<= 1;
  if (bytes > <u64>0x80000000) return 0;
  records = allocateArena(<u32>bytes);
  if (records == 0) return 0;
  frames = count;
  free = 0;
  memory.fill(FREE_LISTS_BASE, 0, (MAX_ORDER + 1) * 4);
  makeBlocks(count);
  setRoom(<i32>free);
  return records;
}

/** Frees 1..count - 1 as the largest blocks that fit, from the top, so that low frames go out first. */
function makeBlocks(count: u32): void {
  let end = count;
  while (end > 1) {
    let order: u32 = min(ctz(end), <u32>MAX_ORDER);
    while (end - ((<u32>1) << order) < 1) order--;
    end -= (<u32>1) << order;
    push(end, order);
    free += (<u32>1) << order;
  }
}

function push(frame: u32, order: u32): void {
  const record = recordOf(frame);
  const next = load<u32>(listOf(order));
  store<u32>(record, FRAME_FREE | order, FRAME_FLAGS);
  store<u32>(record, next, FRAME_NEXT);
  store<u32>(record, 0, FRAME_PREVIOUS);
  if (next != 0) store<u32>(recordOf(next), frame, FRAME_PREVIOUS);
  store<u32>(listOf(order), frame);
}

function unlink(frame: u32, order: u32): void {
  const record = recordOf(frame);
  const next = load<u32>(record, FRAME_NEXT);
  const previous = load<u32>(record, FRAME_PREVIOUS);
  if (previous == 0) store<u32>(listOf(order), next);
  else store<u32>(recordOf(previous), next, FRAME_NEXT);
  if (next != 0) store<u32>(recordOf(next), previous, FRAME_PREVIOUS);
  store<u32>(record, 0, FRAME_FLAGS);
}

/** So many frames are free. */
export function freeFrameCount(): u32 {
  return free;
}

/** Takes 2^order frames, their records zero but for the folio's head. Returns the first, 0: none left. */
export function allocateFrames(order: u32): u32 {
  if (!takeRoom((<u32>1) << order)) return 0;
  let have = order;
  while (have <= <u32>MAX_ORDER && load<u32>(listOf(have)) == 0) have++;
  if (have > <u32>MAX_ORDER) {
    giveRoom((<u32>1) << order);
    return 0;
  }
  const frame = load<u32>(listOf(have));
  unlink(frame, have);
  while (have > order) {
    have--;
    push(frame + ((<u32>1) << have), have);
  }
  const count: u32 = (<u32>1) << order;
  memory.fill(recordOf(frame), 0, count << FRAME_RECORD_SHIFT);
  for (let i: u32 = 0; i < count; i++) store<u32>(recordOf(frame + i), frame, FRAME_HEAD);
  store<u32>(recordOf(frame), 1, FRAME_REFS);
  free -= count;
  return frame;
}

/** Gives 2^order frames back. */
export function freeFrames(first: u32, order: u32): void {
  let frame = first;
  let size = order;
  free += (<u32>1) << order;
  giveRoom((<u32>1) << order);
  store<u32>(recordOf(first), 0, FRAME_REFS);
  while (size < <u32>MAX_ORDER) {
    const buddy = frame ^ ((<u32>1) << size);
    if (buddy == 0 || buddy + ((<u32>1) << size) > frames) break;
    if (load<u32>(recordOf(buddy), FRAME_FLAGS) != (FRAME_FREE | size)) break;
    unlink(buddy, size);
    frame = min(frame, buddy);
    size++;
  }
  push(frame, size);
}
