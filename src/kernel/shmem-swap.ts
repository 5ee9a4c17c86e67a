// Shared memory in swap: the page cache of the object holds the slot, no page table does (mm/shmem.c
// shmem_writeout, shmem_swapin_folio).

import { FRAME_INDEX, FRAME_OWNER } from "../../assembly/abi/frames.js";
import { Pte } from "../layout/linux-flags.js";
import { isUffdWp, MARKER_UFFD_WP, setMarker } from "./absent.js";
import { Event } from "./events.js";
import { addMapping, mapsOf, putPage, refsOf, stampOf } from "./folio.js";
import { frameWord } from "./frame-words.js";
import type { Kernel } from "./kernel.js";
import { invalidatingFolio } from "./notifier.js";
import type { Mapping } from "./rmap.js";
import { allocateSlots, duplicateSlot, SWAP_TYPE, writeSlot } from "./swap-device.js";
import { VM_UFFD_WP } from "./vm-flags.js";

/** Swaps a page of shared memory out, if nobody but its mappings and the cache has it. */
export function swapOutShared(kernel: Kernel, frame: number): void {
  const { exports } = kernel.mmu;
  const object = kernel.objects.get(frameWord(kernel, frame, FRAME_OWNER));
  if (object === undefined || refsOf(kernel, frame) !== mapsOf(kernel, frame) + 1) return;
  const index = frameWord(kernel, frame, FRAME_INDEX);
  // Entries go first; without swap that is all, and the page stays in the page cache.
  unmapShared(kernel, frame);
  const slot = kernel.swapOn ? allocateSlots(kernel, 0) : 0;
  if (slot === 0) return;
  kernel.count(Event.swap_out);
  writeSlot(kernel, slot, stampOf(kernel, frame));
  duplicateSlot(kernel, slot);
  const cache = exports.findEntry(object.root, index, 0) >>> 0;
  exports.clearEntry(cache);
  exports.makeAbsent(cache, SWAP_TYPE, slot, 0);
  putPage(kernel, frame);
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
    exports.clearEntry(slot);
    kernel.tlb.page(mm, page);
    if (wp) setMarker(kernel, slot, MARKER_UFFD_WP);
    addMapping(kernel, frame, -1, mm.id);
    putPage(kernel, frame);
  }
}
