// Shared memory in swap: the page cache of the object holds the slot, no page table does (mm/shmem.c
// shmem_writeout, shmem_swapin_folio).

import { FRAME_INDEX, FRAME_OWNER } from "../../assembly/abi/frames.js";
import { Pte } from "../layout/linux-flags.js";
import { isUffdWp, MARKER_UFFD_WP, setMarker } from "./absent.js";
import { Event } from "./events.js";
import { isDirtyFolio } from "./file.js";
import { addMapping, keepDirty, mapsOf, putPage, refsOf, stampOf } from "./folio.js";
import { frameWord } from "./frame-words.js";
import type { Kernel } from "./kernel.js";
import { invalidatingFolio } from "./notifier.js";
import type { Mapping } from "./rmap.js";
import type { SharedObject } from "./shared-object.js";
import { cachedPage } from "./shmem.js";
import { allocateSlots, duplicateSlot, SWAP_TYPE, writeSlot } from "./swap-device.js";
import { VM_UFFD_WP } from "./vm-flags.js";

/** Takes a page of shared memory, if nobody but its mappings and the cache has it: to swap, or, of a file, if it is clean. */
export function swapOutShared(kernel: Kernel, frame: number): void {
  const { exports } = kernel.mmu;
  const object = kernel.objects.get(frameWord(kernel, frame, FRAME_OWNER));
  if (object === undefined || refsOf(kernel, frame) !== mapsOf(kernel, frame) + 1) return;
  const index = frameWord(kernel, frame, FRAME_INDEX);
  // Entries go first; without swap that is all, and the page stays in the page cache.
  unmapShared(kernel, frame);
  if (object.file !== null) {
    if (dropClean(kernel, object, index, frame)) kernel.deferred.folioFreed();
    return;
  }
  const slot = kernel.swapOn ? allocateSlots(kernel, 0) : 0;
  if (slot === 0) return;
  kernel.deferred.beforeWrite();
  kernel.count(Event.swap_out);
  writeSlot(kernel, slot, stampOf(kernel, frame));
  duplicateSlot(kernel, slot);
  const cache = exports.findEntry(object.root, index, 0) >>> 0;
  exports.clearEntry(cache);
  exports.makeAbsent(cache, SWAP_TYPE, slot, 0);
  putPage(kernel, frame);
  kernel.deferred.folioFreed();
}

/**
 * __remove_mapping, of a file's page: a clean one can be read again. A dirty one stays until the flusher has written it;
 * reclaim itself writes no file (mm/vmscan.c shrink_folio_list). True: it went.
 */
function dropClean(kernel: Kernel, { root }: SharedObject, index: number, frame: number): boolean {
  if (isDirtyFolio(kernel, frame)) return false;
  const { exports } = kernel.mmu;
  exports.clearEntry(exports.findEntry(root, index, 0) >>> 0);
  putPage(kernel, frame);
  return true;
}

/** drop_pagecache_sb of all files: clean pages that nobody maps or holds. */
export function dropCaches(kernel: Kernel): void {
  for (const object of kernel.files.values()) {
    for (let index = 0; index < object.pages; index++) {
      const frame = cachedPage(kernel, object, index);
      if (frame !== 0 && refsOf(kernel, frame) === 1) dropClean(kernel, object, index, frame);
    }
  }
}

/** Every entry that maps a page of shared memory. */
export function mappingsOfShared(kernel: Kernel, frame: number): Mapping[] {
  const { exports } = kernel.mmu;
  const object = frameWord(kernel, frame, FRAME_OWNER);
  const index = frameWord(kernel, frame, FRAME_INDEX);
  const found: Mapping[] = [];
  for (const mm of kernel.mms) {
    for (const vma of mm.vmas.all) {
      const page = vma.start + (index - vma.pgoff);
      if (vma.object?.id !== object || page < vma.start || page >= vma.end) continue;
      const slot = exports.findEntry(mm.root, page, 0) >>> 0;
      if (slot === 0 || (exports.entryFlags(slot) & Pte.present) === 0) continue;
      if (exports.entryFrame(slot, 0) === frame) found.push({ mm, vma, page, slot, level: 0 });
    }
  }
  return found;
}

/** Entries that map the page become none, or markers where they were write-protected. */
function unmapShared(kernel: Kernel, frame: number): void {
  const mappings = () => mappingsOfShared(kernel, frame);
  invalidatingFolio(kernel, mappings, () => unmapNow(kernel, frame));
}

function unmapNow(kernel: Kernel, frame: number): void {
  const { exports } = kernel.mmu;
  for (const { mm, vma, page, slot } of mappingsOfShared(kernel, frame)) {
    const flags = exports.entryFlags(slot);
    const wp = isUffdWp(kernel, slot, flags) && (vma.flags & VM_UFFD_WP) !== 0;
    keepDirty(kernel, flags, frame);
    exports.clearEntry(slot);
    kernel.deferred.page(mm, page, (flags & Pte.dirty) !== 0);
    if (wp) setMarker(kernel, slot, MARKER_UFFD_WP);
    addMapping(kernel, frame, -1, mm.id);
    putPage(kernel, frame);
  }
}
