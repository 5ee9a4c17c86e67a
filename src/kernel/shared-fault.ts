// First touch of shared memory (mm/memory.c do_fault; mm/shmem.c; mm/filemap.c filemap_fault, filemap_map_pages).

import { Pte } from "../layout/linux-flags.js";
import { isUffdWp } from "./absent.js";
import { Event } from "./events.js";
import type { Fault, FaultResult } from "./fault-types.js";
import { askToWrite, readPage } from "./file.js";
import { addMapping, getPage } from "./folio.js";
import type { Kernel } from "./kernel.js";
import { waitForFolio } from "./migrate.js";
import type { Mm } from "./mm.js";
import { pageProt } from "./page-prot.js";
import type { SharedObject } from "./shared-object.js";
import { cachedPage, isSwapped, makeCachePage, swapInShared } from "./shmem.js";
import { VM_UFFD_WP, VM_WRITE } from "./vm-flags.js";
import type { Vma } from "./vma.js";
import { entriesPerTable } from "./walk-entries.js";

/** fault_around_bytes, where nothing else is configured. */
const FAULT_AROUND = 2 ** 16;

/** do_read_fault, do_shared_fault. */
export function sharedFault(kernel: Kernel, fault: Fault, slot: number): FaultResult {
  const { mm, vma, page, write } = fault;
  const { exports } = kernel.mmu;
  if (!write && faultAround(kernel, fault)) return "done";
  const { object } = vma;
  if (object === null) return "sigbus";
  const index = vma.pgoff + (page - vma.start);
  if (index >= object.pages) return "sigbus";
  waitForFolio(kernel, cachedPage(kernel, object, index));
  const { frame, read } = pageOf(kernel, object, index);
  if (frame === 0) return "oom";
  kernel.count(Event.fault_shared);
  if (write) askToWrite(kernel, object, frame);
  const wp = isUffdWp(kernel, slot, exports.entryFlags(slot)) ? Pte.uffdWp : 0;
  const writable = write && (vma.flags & VM_WRITE) !== 0 ? kernel.written | Pte.write : 0;
  mapCached(kernel, mm, vma, slot, frame, Pte.young | writable | wp);
  if (wp !== 0) exports.updateEntry(slot, Pte.write, 0);
  return read ? "major" : "done";
}

/** The page of an object: cached, or read from swap or from the disk (`read`), or made. Frame 0: no memory. */
function pageOf(
  kernel: Kernel,
  object: SharedObject,
  index: number,
): { frame: number; read: boolean } {
  const cached = cachedPage(kernel, object, index);
  if (cached !== 0) return { frame: cached, read: false };
  if (object.file !== null) return { frame: readPage(kernel, object, index), read: true };
  if (isSwapped(kernel, object, index))
    return { frame: swapInShared(kernel, object, index), read: true };
  return { frame: makeCachePage(kernel, object, index), read: false };
}

function mapCached(
  kernel: Kernel,
  mm: Mm,
  vma: Vma,
  slot: number,
  frame: number,
  set: number,
): void {
  kernel.mmu.exports.makeLeaf(slot, 0, frame, pageProt(kernel, vma), set);
  getPage(kernel, frame);
  addMapping(kernel, frame, 1, mm.id);
}

/**
 * do_fault_around: maps the cached pages of the aligned window where the entry is none; not in VMAs that want
 * every fault (`uffd_disable_fault_around`). True: the page asked for was among them.
 */
function faultAround(kernel: Kernel, { mm, vma, page }: Fault): boolean {
  const { exports } = kernel.mmu;
  const { faultAround: bytes = FAULT_AROUND, page: pageBytes } = kernel.config;
  const count = Math.max(1, bytes / pageBytes);
  if ((vma.flags & VM_UFFD_WP) !== 0 || count < 2 || vma.object === null) return false;
  const table = entriesPerTable(kernel);
  const first = Math.max(vma.start, page - (page % Math.min(count, table)));
  const last = Math.min(vma.end, page - (page % table) + table, first + count);
  let mapped = false;
  for (let at = first; at < last; at++) {
    const slot = exports.findEntry(mm.root, at, 0) >>> 0;
    if (exports.entryFlags(slot) !== 0) continue;
    const frame = cachedPage(kernel, vma.object, vma.pgoff + (at - vma.start));
    // next_uptodate_folio passes over locked folios.
    if (frame === 0 || kernel.migrations.has(frame)) continue;
    kernel.count(Event.fault_around, at === page ? 0 : 1);
    mapCached(kernel, mm, vma, slot, frame, 0);
    if (at === page) mapped = true;
  }
  return mapped;
}
