// The swap device: slots with users, a cached page, and what was written (mm/swapfile.c, mm/swap_state.c). It is
// synchronous, like zram: a page that went out is out when the call returns.
//
//   entry in a page table --> slot: users (entries that hold it) | cached frame | content

import { FRAME_INDEX } from "../../assembly/abi/frames.js";
import { noMemory } from "./allocation.js";
import {
  addMapping,
  folioMapsOf,
  getPage,
  headOf,
  isLarge,
  orderOf,
  pageFlags,
  putPage,
  refsOf,
  setPageFlags,
} from "./folio.js";
import { frameWord, setFrameWord } from "./frame-words.js";
import type { Kernel } from "./kernel.js";
import { PG_DIRTY, PG_SWAPCACHE, PG_WRITEBACK } from "./page-flags.js";

/** Number of the device's type in a swap entry. */
export const SWAP_TYPE = 0;

/** A slot as swap entries name it. */
export type Slot = number;

/** Takes slots side by side for a folio, aligned to its size, unused; 0 = none left. Slot 0 is the header. */
export function allocateSlots(kernel: Kernel, order: number): Slot {
  if (noMemory(kernel)) return 0;
  return kernel.swap.allocate(2 ** order);
}

/** Entries that hold a slot. */
export function usersOf(kernel: Kernel, slot: Slot): number {
  return kernel.swap.users[slot] ?? 0;
}

/** One entry more holds the slot (`swap_duplicate`). */
export function duplicateSlot(kernel: Kernel, slot: Slot): void {
  const { users } = kernel.swap;
  users[slot] = (users[slot] ?? 0) + 1;
}

/** Frame that caches the slot; 0 = none. */
export function cachedIn(kernel: Kernel, slot: Slot): number {
  return kernel.swap.cached[slot] ?? 0;
}

/** What was written to the slot. */
export function contentOf(kernel: Kernel, slot: Slot): number {
  return kernel.swap.content[slot] ?? 0;
}

/** Writes a page to its slot. */
export function writeSlot(kernel: Kernel, slot: Slot, content: number): void {
  kernel.swap.content[slot] = content;
}

/** Puts a folio into the swap cache of the slots from `slot` on: one reference a page. */
export function addToSwapCache(kernel: Kernel, head: number, slot: Slot): void {
  const count = 2 ** orderOf(kernel, head);
  for (let i = 0; i < count; i++) {
    kernel.swap.cached[slot + i] = head + i;
    if (!isLarge(kernel, head)) setFrameWord(kernel, head, FRAME_INDEX, slot);
  }
  if (count > 1) kernel.swap.firstSlot.set(head, slot);
  setPageFlags(kernel, head, PG_SWAPCACHE);
  getPage(kernel, head, count);
}

/** First slot of a folio in the swap cache. */
export function slotOf(kernel: Kernel, head: number): Slot {
  return isLarge(kernel, head)
    ? (kernel.swap.firstSlot.get(head) ?? 0)
    : frameWord(kernel, head, FRAME_INDEX);
}

/** Takes a folio out of the swap cache; slots without users are free then. */
export function removeFromSwapCache(kernel: Kernel, head: number): void {
  const count = 2 ** orderOf(kernel, head);
  const slot = slotOf(kernel, head);
  for (let i = 0; i < count; i++) {
    kernel.swap.cached[slot + i] = 0;
    if (usersOf(kernel, slot + i) === 0) kernel.swap.release(slot + i);
  }
  kernel.swap.firstSlot.delete(head);
  if (!isLarge(kernel, head)) setFrameWord(kernel, head, FRAME_INDEX, 0);
  setPageFlags(kernel, head, 0, PG_SWAPCACHE);
  putPage(kernel, head, count);
}

/** Another folio of the same size takes a folio's place in the swap cache (migration). */
export function moveInSwapCache(kernel: Kernel, head: number, to: number): void {
  const count = 2 ** orderOf(kernel, head);
  const slot = slotOf(kernel, head);
  addToSwapCache(kernel, to, slot);
  kernel.swap.firstSlot.delete(head);
  if (!isLarge(kernel, head)) setFrameWord(kernel, head, FRAME_INDEX, 0);
  setPageFlags(kernel, head, 0, PG_SWAPCACHE);
  putPage(kernel, head, count);
}

/** folio_free_swap: leaves the cache unless an entry still holds one of its slots, or it is written. False: so it is. */
export function freeSwap(kernel: Kernel, head: number): boolean {
  if ((pageFlags(kernel, head) & PG_WRITEBACK) !== 0) return false;
  const slot = slotOf(kernel, head);
  for (let i = 0; i < 2 ** orderOf(kernel, head); i++) {
    if (usersOf(kernel, slot + i) > 0) return false;
  }
  removeFromSwapCache(kernel, head);
  return true;
}

/** A device that wants pages stable is writing it. */
export function isUnderWriteback(kernel: Kernel, frame: number): boolean {
  return (pageFlags(kernel, headOf(kernel, frame)) & PG_WRITEBACK) !== 0;
}

/** The device has written all that it was given (end_swap_bio_write). */
export function endWriteback(kernel: Kernel): void {
  for (const frame of kernel.swap.cached) {
    if (frame === 0) continue;
    setPageFlags(kernel, headOf(kernel, frame), 0, PG_WRITEBACK);
  }
}

/** Takes what no entry holds any more out of the swap cache: all of it there (try_to_unuse; reclaim does so, too). */
export function dropUnused(kernel: Kernel): void {
  for (const frame of kernel.swap.cached) {
    if (frame === 0) continue;
    const head = headOf(kernel, frame);
    if (freeSwap(kernel, head) && refsOf(kernel, head) > 0) setPageFlags(kernel, head, PG_DIRTY);
  }
}

/** An entry that mapped the page is gone, and so is the page's place in the swap cache where it was the last. */
export function dropCached(kernel: Kernel, frame: number, mm: number): void {
  addMapping(kernel, frame, -1, mm);
  dropReference(kernel, frame);
}

/** free_page_and_swap_cache: the reference of a mapping that is gone. */
export function dropReference(kernel: Kernel, frame: number): void {
  const head = headOf(kernel, frame);
  const cached = (pageFlags(kernel, head) & PG_SWAPCACHE) !== 0;
  if (cached && folioMapsOf(kernel, head) === 0) freeSwap(kernel, head);
  putPage(kernel, frame);
}

/** An entry that held the slot is gone (`swap_free`); nothing happens to a page that is cached. */
export function freeSlot(kernel: Kernel, slot: Slot): void {
  const { users } = kernel.swap;
  users[slot] = (users[slot] ?? 1) - 1;
  if (users[slot] === 0 && cachedIn(kernel, slot) === 0) kernel.swap.release(slot);
}
