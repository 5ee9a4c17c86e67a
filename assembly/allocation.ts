// What allocations draw on: frames and tables share one memory, and any allocation may be made to fail.
//
//   makeFrames(n)      room = n - 1                    allocateFrames(order): room -= 2^order
//   limitMemory()      tables count, too               a table:               room -= 1
//   failAllocation(3)  the third from now on fails     what the host allocates itself asks allocationFails()
//
// Tables lie in the arena, not in frames; each counts as one frame, so that a machine whose memory is limited
// runs out of both. Without `limitMemory` (a layout under test, a trace) frames end with the last one, tables never.

let limited: bool = false;
/** Frames that neither folios nor tables have. Below 0: tables that were promised before. */
let room: i32 = 0;
/** Allocations until one fails; 0 = none does. */
let countdown: u32 = 0;
/** What is being made was paid for before: it neither counts nor fails. */
let promised: bool = false;

/** Allocations, since memory was reset. */
export let allocations: u32 = 0;
/** Allocations that were made to fail. */
export let failures: u32 = 0;

/** Memory was reset. */
export function forgetAllocations(): void {
  limited = false;
  room = 0;
  countdown = 0;
  promised = false;
  allocations = 0;
  failures = 0;
}

/** So many frames there are, all free. */
export function setRoom(count: i32): void {
  room = count;
}

/** From now on frames and tables share the room. */
export function limitMemory(): void {
  limited = true;
}

/** Frames that are left for folios and tables. */
export function roomLeft(): i32 {
  return room;
}

/** The n-th allocation from now on fails, once; 0: none does. */
export function failAllocation(n: u32): void {
  countdown = n;
}

/** Until `on` is false, tables are made of what was set aside for them. */
export function promise(on: bool): void {
  promised = on;
}

/** An allocation of the host's own. True: it is made to fail. */
export function allocationFails(): bool {
  if (promised) return false;
  allocations++;
  if (countdown == 0) return false;
  countdown--;
  if (countdown != 0) return false;
  failures++;
  return true;
}

/** An allocation of `count` frames. True: they are taken. */
export function takeRoom(count: u32): bool {
  if (allocationFails()) return false;
  if (limited && !promised && room < <i32>count) return false;
  room -= <i32>count;
  return true;
}

/** Frames came back. */
export function giveRoom(count: u32): void {
  room += <i32>count;
}
