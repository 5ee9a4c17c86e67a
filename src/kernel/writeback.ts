// Writeback of files (mm/page-writeback.c writeback_iter, folio_clear_dirty_for_io; mm/rmap.c folio_mkclean,
// page_vma_mkclean_one; mm/msync.c). A dirty page goes to the disk in this order, so that no store is missed:
//
//   1  every entry of a shared mapping that is writable or dirty becomes neither, and TLBs forget it
//   2  was one dirty, so is the folio
//   3  the folio is clean, and its content goes to the disk
//
// A store before 1 is in what is written. One behind 1 faults, asks the file system again and makes the folio dirty for
// the next time. Were it the other way round, a store between 3 and 1 would be on no disk, and no flag would tell.

import { Pte } from "../layout/linux-flags.js";
import type { Errno } from "./errno.js";
import { Event } from "./events.js";
import { isDirtyFolio } from "./file.js";
import { setPageFlags, stampOf } from "./folio.js";
import type { Kernel } from "./kernel.js";
import { waitForFolio } from "./migrate.js";
import type { Mm } from "./mm.js";
import { collectDirtyBySecondary, invalidatingFolio } from "./notifier.js";
import { PG_DIRTY } from "./page-flags.js";
import type { SharedObject } from "./shared-object.js";
import { cachedPage } from "./shmem.js";
import { mappingsOfShared } from "./shmem-swap.js";

/**
 * Writes the dirty pages [first, end) of a file to its disk (writepages).
 * @returns how many there were
 */
export function writeBack(
  kernel: Kernel,
  object: SharedObject,
  first = 0,
  end: number = object.pages,
): number {
  if (object.file === null) return 0;
  collectDirty(kernel, object, first, end);
  let written = 0;
  for (let index = first; index < Math.min(end, object.pages); index++) {
    // The folio is locked meanwhile.
    waitForFolio(kernel, cachedPage(kernel, object, index));
    const frame = cachedPage(kernel, object, index);
    if (frame === 0 || !isDirtyFolio(kernel, frame)) continue;
    if (mkclean(kernel, frame)) setPageFlags(kernel, frame, PG_DIRTY);
    setPageFlags(kernel, frame, 0, PG_DIRTY);
    kernel.count(Event.file_write);
    object.file.disk[index] = stampOf(kernel, frame);
    written++;
  }
  return written;
}

/** folio_mkclean: whether an entry was dirty, or could have become so. */
function mkclean(kernel: Kernel, frame: number): boolean {
  const mappings = mappingsOfShared(kernel, frame);
  const why = { event: "protection-page", taken: "writeback" } as const;
  return invalidatingFolio(
    kernel,
    () => mappings,
    () => {
      const cleaned = mappings.filter(({ mm, page, slot }) => mkcleanOne(kernel, mm, page, slot));
      return cleaned.length > 0;
    },
    why,
  );
}

/** page_vma_mkclean_one; soft-dirty and uffd-wp stay. */
function mkcleanOne(kernel: Kernel, mm: Mm, page: number, slot: number): boolean {
  const { exports } = kernel.mmu;
  if ((exports.entryFlags(slot) & (Pte.write | Pte.dirty)) === 0) return false;
  kernel.count(Event.mkclean_entry);
  exports.updateEntry(slot, Pte.write | Pte.dirty, 0);
  kernel.tlb.page(mm, page);
  return true;
}

/**
 * Not in any kernel: secondary MMUs that may write behind a clean folio (a policy that keeps the right to write at
 * mkclean) are asked for what they know to be written, before writeback looks for dirty folios.
 */
function collectDirty(kernel: Kernel, object: SharedObject, first: number, end: number): void {
  for (const mm of kernel.notifiers.keys()) {
    for (const vma of mm.vmas.all) {
      if (vma.object !== object) continue;
      const from = Math.max(vma.start, vma.start + (first - vma.pgoff));
      const to = Math.min(vma.end, vma.start + (end - vma.pgoff));
      if (from < to) collectDirtyBySecondary(kernel, mm, from, to);
    }
  }
}

/** fsync. */
export function fsync(kernel: Kernel, object: SharedObject): void {
  kernel.steps.needsAll();
  kernel.count(Event.syscall);
  writeBack(kernel, object);
}

/** msync with MS_SYNC: of shared mappings of files, their part of the file; ENOMEM where part of the range is a hole. */
export function msync(kernel: Kernel, mm: Mm, start: number, end: number): Errno {
  kernel.steps.needsAll();
  kernel.count(Event.syscall);
  let at = start;
  for (const vma of mm.vmas.within(start, end)) {
    const from = Math.max(start, vma.start);
    const to = Math.min(end, vma.end);
    if (vma.object !== null) {
      const index = vma.pgoff + (from - vma.start);
      writeBack(kernel, vma.object, index, index + (to - from));
    }
    if (from === at) at = to;
  }
  return at === end || end <= start ? 0 : "ENOMEM";
}

/** The flusher threads: all files (wakeup_flusher_threads). Returns how many pages were written. */
export function flushFiles(kernel: Kernel): number {
  let written = 0;
  for (const object of kernel.files.values()) written += writeBack(kernel, object);
  return written;
}
