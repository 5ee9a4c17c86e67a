// Files: pages that are cached in memory, and written back to the disk (mm/filemap.c; include/linux/pagemap.h). A file is
// an object like shared anonymous memory, and has a store behind it:
//
//   disk --first use: read--> page cache, clean --first write: the file system is asked (page_mkwrite)--> dirty
//    ^                                                                                                     |
//    +------------------ writeback (writeback.ts): clean, and every entry read-only again <----------------+
//
// So whoever has an entry that is writable, has a folio that is dirty, and writeback finds every page that can differ from
// the disk by the folio alone. Pages are read one by one: there is no readahead, and no folio is large. Nothing is ever
// cut off, so a file only has holes that read as zeroes.

import { FRAME_OWNER } from "../../assembly/abi/frames.js";
import { PROTECTION_NUMBERS } from "../layout/linux-flags.js";
import { Event } from "./events.js";
import { headOf, newCachePage, pageFlags, setPageFlags, setStamp } from "./folio.js";
import { frameWord } from "./frame-words.js";
import type { Kernel } from "./kernel.js";
import { newRoot } from "./new-mm.js";
import { PG_ANON, PG_DIRTY } from "./page-flags.js";
import type { SharedObject } from "./shared-object.js";
import { dropObject } from "./shmem.js";

/** The file of a name; made, with so many pages of zeroes on the disk, where there is none. */
export function openFile(kernel: Kernel, name: string, pages: number): SharedObject {
  const known = kernel.files.get(name);
  if (known !== undefined) return known;
  const object: SharedObject = {
    ...{ id: kernel.newObjectId(), root: newRoot(kernel), pages, users: 0 },
    file: { name, disk: new Uint32Array(pages) },
  };
  kernel.files.set(name, object);
  kernel.objects.set(object.id, object);
  return object;
}

/** filemap_fault, of a page that is not cached: it is read from the disk. Returns its frame; 0 = no memory. */
export function readPage(kernel: Kernel, { id, root, file }: SharedObject, index: number): number {
  const { exports } = kernel.mmu;
  const slot = exports.makeEntry(root, index, 0) >>> 0;
  if (slot === 0) return 0;
  const frame = newCachePage(kernel, id, index);
  if (frame === 0) return 0;
  kernel.count(Event.file_read);
  setStamp(kernel, frame, file?.disk[index] ?? 0);
  exports.makeLeaf(slot, 0, frame, PROTECTION_NUMBERS.r, 0);
  return frame;
}

/**
 * do_page_mkwrite, before an entry of a shared mapping becomes writable: the file system makes ready for the page to be
 * written back (blocks, a journal), and its folio is dirty from now on (fault_dirty_shared_page).
 */
export function askToWrite(kernel: Kernel, object: SharedObject, frame: number): void {
  if (object.file === null) return;
  kernel.count(Event.page_mkwrite);
  setPageFlags(kernel, headOf(kernel, frame), PG_DIRTY);
}

/** Whether a page is a file's. */
export function isFilePage(kernel: Kernel, frame: number): boolean {
  const head = headOf(kernel, frame);
  if ((pageFlags(kernel, head) & PG_ANON) !== 0 || kernel.files.size === 0) return false;
  const object = kernel.objects.get(frameWord(kernel, head, FRAME_OWNER));
  return object !== undefined && object.file !== null;
}

/** folio_test_dirty: its content may not be on the disk, or in swap, yet. */
export function isDirtyFolio(kernel: Kernel, frame: number): boolean {
  return (pageFlags(kernel, headOf(kernel, frame)) & PG_DIRTY) !== 0;
}

/** The disk is taken away, and what was cached of it: nobody maps a file any more. */
export function forgetFiles(kernel: Kernel): void {
  for (const object of kernel.files.values()) dropObject(kernel, object);
  kernel.files.clear();
}
