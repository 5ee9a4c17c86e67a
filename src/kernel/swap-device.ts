// The swap device: slots with users, a cached page, and what was written (mm/swapfile.c, mm/swap_state.c). It is
// synchronous, like zram: a page that went out is out when the call returns.
//
//   entry in a page table --> slot: users (entries that hold it) | cached frame | content

import { FRAME_INDEX } from "../../assembly/abi/frames.js";
import {
  frameWord,
  getPage,
  isLarge,
  orderOf,
  putPage,
  setFrameWord,
  setPageFlags,
} from "./folio.js";
import type { Kernel } from "./kernel.js";
import { PG_SWAPCACHE } from "./page-flags.js";
import type { SwapSlots } from "./swap-slots.js";

/** Number of the device's type in a swap entry. */
export const SWAP_TYPE = 0;

/** A slot as swap entries name it. */
export type Slot = number;

function slots(kernel: Kernel): SwapSlots {
  return kernel.swap;
}

/** Takes slots side by side for a folio, aligned to its size, unused; 0 = none left. Slot 0 is the header. */
export function allocateSlots(kernel: Kernel, order: number): Slot {
  return slots(kernel).allocate(2 ** order);
}

/** Entries that hold a slot. */
export function usersOf(kernel: Kernel, slot: Slot): number {
  return slots(kernel).users[slot] ?? 0;
}

/** One entry more holds the slot (`swap_duplicate`). */
export function duplicateSlot(kernel: Kernel, slot: Slot): void {
  const { users } = slots(kernel);
  users[slot] = (users[slot] ?? 0) + 1;
}

/** Frame that caches the slot; 0 = none. */
export function cachedIn(kernel: Kernel, slot: Slot): number {
  return slots(kernel).cached[slot] ?? 0;
}

/** What was written to the slot. */
export function contentOf(kernel: Kernel, slot: Slot): number {
  return slots(kernel).content[slot] ?? 0;
}

/** Writes a page to its slot. */
export function writeSlot(kernel: Kernel, slot: Slot, content: number): void {
  slots(kernel).content[slot] = content;
}

/** Puts a folio into the swap cache of the slots from `slot` on: one reference a page. */
export function addToSwapCache(kernel: Kernel, head: number, slot: Slot): void {
  const count = 2 ** orderOf(kernel, head);
  for (let i = 0; i < count; i++) {
    slots(kernel).cached[slot + i] = head + i;
    if (!isLarge(kernel, head)) setFrameWord(kernel, head, FRAME_INDEX, slot);
  }
  if (count > 1) slots(kernel).firstSlot.set(head, slot);
  setPageFlags(kernel, head, PG_SWAPCACHE);
  getPage(kernel, head, count);
}

/** First slot of a folio in the swap cache. */
export function slotOf(kernel: Kernel, head: number): Slot {
  return isLarge(kernel, head)
    ? (slots(kernel).firstSlot.get(head) ?? 0)
    : frameWord(kernel, head, FRAME_INDEX);
}

/** Takes a folio out of the swap cache; slots without users are free then. */
export function removeFromSwapCache(kernel: Kernel, head: number): void {
  const count = 2 ** orderOf(kernel, head);
  const slot = slotOf(kernel, head);
  for (let i = 0; i < count; i++) {
    slots(kernel).cached[slot + i] = 0;
    if (usersOf(kernel, slot + i) === 0) slots(kernel).release(slot + i);
  }
  slots(kernel).firstSlot.delete(head);
  if (!isLarge(kernel, head)) setFrameWord(kernel, head, FRAME_INDEX, 0);
  setPageFlags(kernel, head, 0, PG_SWAPCACHE);
  putPage(kernel, head, count);
}

/** folio_free_swap: leaves the cache unless an entry still holds one of its slots. False: one does. */
export function freeSwap(kernel: Kernel, head: number): boolean {
  const slot = slotOf(kernel, head);
  for (let i = 0; i < 2 ** orderOf(kernel, head); i++) {
    if (usersOf(kernel, slot + i) > 0) return false;
  }
  removeFromSwapCache(kernel, head);
  return true;
}

/** An entry that held the slot is gone (`swap_free`); nothing happens to a page that is cached. */
export function freeSlot(kernel: Kernel, slot: Slot): void {
  const { users } = slots(kernel);
  users[slot] = (users[slot] ?? 1) - 1;
  if (users[slot] === 0 && cachedIn(kernel, slot) === 0) slots(kernel).release(slot);
}
