// Shared anonymous memory: an object whose pages every mapping of it sees (mm/shmem.c). The page cache of an
// object is a tree of tables like a page table, indexed by the page of the object; it holds one reference to
// each of its pages.

import { PROTECTION_NUMBERS, Pte } from "../layout/linux-flags.js";
import { Event } from "./events.js";
import { newCachePage, putPage, setStamp } from "./folio.js";
import type { Kernel } from "./kernel.js";
import { newRoot } from "./new-mm.js";
import type { SharedObject } from "./shared-object.js";
import { contentOf, freeSlot } from "./swap-device.js";
import { forEachEntry, NO_HUGE } from "./walk-entries.js";

/** A new object, with one user. */
export function newSharedObject(kernel: Kernel, pages: number): SharedObject {
  const object = { id: kernel.newObjectId(), root: newRoot(kernel), pages, users: 1, file: null };
  kernel.objects.set(object.id, object);
  return object;
}

/** Frame of a page of the object; 0 = not there yet. */
export function cachedPage(kernel: Kernel, { root }: SharedObject, index: number): number {
  const { exports } = kernel.mmu;
  const slot = exports.findEntry(root, index, 0) >>> 0;
  if (slot === 0) return 0;
  return (exports.entryFlags(slot) & Pte.present) === 0 ? 0 : exports.entryFrame(slot, 0);
}

/** Whether a page of the object is in swap. */
export function isSwapped(kernel: Kernel, { root }: SharedObject, index: number): boolean {
  const { exports } = kernel.mmu;
  const slot = exports.findEntry(root, index, 0) >>> 0;
  const flags = slot === 0 ? 0 : exports.entryFlags(slot);
  return flags !== 0 && (flags & Pte.present) === 0;
}

/** Brings a page of the object back from swap. Returns its frame; 0 = it is not there, or no memory. */
export function swapInShared(kernel: Kernel, object: SharedObject, index: number): number {
  const { exports } = kernel.mmu;
  if (!isSwapped(kernel, object, index)) return 0;
  const slot = exports.findEntry(object.root, index, 0) >>> 0;
  const swapped = exports.absentOffset(slot);
  const frame = newCachePage(kernel, object.id, index);
  if (frame === 0) return 0;
  kernel.count(Event.swap_in);
  setStamp(kernel, frame, contentOf(kernel, swapped));
  exports.clearEntry(slot);
  freeSlot(kernel, swapped);
  exports.makeLeaf(slot, 0, frame, PROTECTION_NUMBERS.r, 0);
  return frame;
}

/** Makes a zeroed page of the object; 0 = no memory. */
export function makeCachePage(kernel: Kernel, { id, root }: SharedObject, index: number): number {
  const { exports } = kernel.mmu;
  const slot = exports.makeEntry(root, index, 0) >>> 0;
  if (slot === 0) return 0;
  const frame = newCachePage(kernel, id, index);
  if (frame === 0) return 0;
  kernel.count(Event.page_zero);
  exports.makeLeaf(slot, 0, frame, PROTECTION_NUMBERS.r, 0);
  return frame;
}

/** A mapping of the object is gone; with the last one, pages of anonymous memory go. Those of a file stay cached. */
export function putObject(kernel: Kernel, object: SharedObject): void {
  object.users--;
  if (object.users === 0 && object.file === null) dropObject(kernel, object);
}

/** The object and all of its page cache go; nobody maps it. */
export function dropObject(kernel: Kernel, object: SharedObject): void {
  const { exports } = kernel.mmu;
  kernel.objects.delete(object.id);
  const drop = (slot: number): void => {
    const flags = exports.entryFlags(slot);
    if (flags === 0) return;
    if ((flags & Pte.present) === 0) {
      const swapped = exports.absentOffset(slot);
      exports.clearEntry(slot);
      freeSlot(kernel, swapped);
      return;
    }
    const frame = exports.entryFrame(slot, 0);
    exports.clearEntry(slot);
    putPage(kernel, frame);
  };
  forEachEntry(kernel, object.root, 0, object.pages, drop, NO_HUGE);
  exports.freeTables(object.root, 0, object.pages, 0, 2 ** 40);
}
