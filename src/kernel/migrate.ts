// Migration: a page moves to another frame (mm/migrate.c migrate_folio_unmap, migrate_folio_move, remove_migration_ptes;
// mm/rmap.c try_to_migrate_one).
//
//   entry --start--> migration entry (write, read-exclusive, read; young, dirty, soft-dirty, uffd-wp)
//                        meanwhile: fork, mprotect, clear_refs, mremap, zap change or take the entry alone;
//                        who touches the page waits, that is, ends the migration
//         --end----> entry of the new frame, with what the migration entry says by then
//
// While it lasts, the migration holds one reference to each of the two folios.

import { FRAME_INDEX, FRAME_OWNER } from "../../assembly/abi/frames.js";
import { PROTECTION_NUMBERS, Pte } from "../layout/linux-flags.js";
import { unfold } from "./contpte.js";
import { Event } from "./events.js";
import {
  addMapping,
  addWholeMapping,
  folioMapsOf,
  getPage,
  headOf,
  maybePinned,
  newAnonFolio,
  newCachePage,
  orderOf,
  pageFlags,
  putPage,
  refsOf,
  setPageFlags,
  setStamp,
  stampOf,
} from "./folio.js";
import { splitFolio } from "./folio-split.js";
import { frameWord, setFrameWord } from "./frame-words.js";
import type { Kernel } from "./kernel.js";
import { framesOf, mappingsOfFolio, mappingsOfPage } from "./mappings.js";
import { invalidatingFolio } from "./notifier.js";
import { PG_ANON, PG_DIRTY, PG_KSM, PG_LAZYFREE, PG_SWAPCACHE } from "./page-flags.js";
import { restoreEntries } from "./restore-entries.js";
import type { Mapping } from "./rmap.js";
import { migratingIn, setMigrating } from "./softleaf.js";
import { moveInSwapCache } from "./swap-device.js";
import { tryShare } from "./try-share.js";

const ENTRY_BYTES = 8;

/** Begins to migrate a folio, by its head. False: somebody else refers to it, or there is no memory; it stays. */
function startMigration(kernel: Kernel, head: number): boolean {
  kernel.steps.needsFolio();
  if (kernel.migrations.has(head) || isHeld(kernel, head)) return false;
  const to = newFolio(kernel, head);
  if (to === 0) return false;
  kernel.count(Event.migrate);
  getPage(kernel, head);
  const unmapped = invalidatingFolio(
    kernel,
    () => mappingsOfFolio(kernel, head),
    () => unmapAll(kernel, head),
  );
  if (unmapped && !isHeld(kernel, head, 1)) {
    kernel.migrations.set(head, to);
    return true;
  }
  // Somebody came between: everything as it was (migrate_folio_undo_src, migrate_folio_undo_dst).
  restoreEntries(kernel, head, head);
  putPage(kernel, head);
  putPage(kernel, to);
  return false;
}

function unmapAll(kernel: Kernel, head: number): boolean {
  let before: Mapping | null = null;
  for (const frame of framesOf(kernel, head)) {
    for (const mapping of mappingsOfPage(kernel, frame)) {
      passTable(kernel, before, mapping);
      if (!unmap(kernel, mapping, frame)) return false;
      before = mapping;
    }
  }
  return true;
}

/** Between two tables no page-table lock is held. */
function passTable(kernel: Kernel, before: Mapping | null, { slot }: Mapping): void {
  if (!kernel.steps.armed || before === null) return;
  const bytes = kernel.entriesPerTable * ENTRY_BYTES;
  if (Math.floor(before.slot / bytes) === Math.floor(slot / bytes)) return;
  kernel.steps.pass("migrate-table", { call: "migrate", mm: null, table: false, folio: true });
}

/** Pinned, or referred to by more than its entries, its cache and the asker. */
function isHeld(kernel: Kernel, head: number, own = 0): boolean {
  const flags = pageFlags(kernel, head);
  const pages = 2 ** orderOf(kernel, head);
  const cached = (flags & PG_ANON) === 0 || (flags & PG_SWAPCACHE) !== 0 ? pages : 0;
  const known = folioMapsOf(kernel, head) + cached + own;
  return maybePinned(kernel, head) || refsOf(kernel, head) !== known;
}

function newFolio(kernel: Kernel, head: number): number {
  if ((pageFlags(kernel, head) & PG_ANON) !== 0) return newAnonFolio(kernel, orderOf(kernel, head));
  const object = frameWord(kernel, head, FRAME_OWNER);
  return newCachePage(kernel, object, frameWord(kernel, head, FRAME_INDEX));
}

/** try_to_migrate_one, set_pmd_migration_entry. False: somebody has pinned the page meanwhile. */
function unmap(kernel: Kernel, { mm, page, slot, level }: Mapping, frame: number): boolean {
  const { exports } = kernel.mmu;
  if (level === 0) unfold(kernel, mm, slot, page);
  const flags = exports.entryFlags(slot);
  const head = headOf(kernel, frame);
  const entry = { mm, page, slot, level, frame };
  const pages = level === 0 ? 1 : kernel.entriesPerTable;
  kernel.tlb.range(mm, page, page + pages);
  if (!tryShare(kernel, entry)) return false;
  const dirty = kernel.pae.isDirty(flags, frame);
  const exclusive = kernel.pae.takeX(entry);
  if (dirty) setPageFlags(kernel, head, PG_DIRTY);
  const write = (flags & Pte.write) !== 0;
  const kept = (flags & ~Pte.dirty) | (dirty ? Pte.dirty : 0);
  setMigrating(kernel, slot, { frame, write, exclusive, kept });
  if (level === 0) addMapping(kernel, frame, -1, mm.id);
  else addWholeMapping(kernel, frame, -1, mm.id);
  putPage(kernel, frame);
  return true;
}

/** The new folio takes the place of the old one in caches and entries; the old one goes. */
export function endMigration(kernel: Kernel, head: number): void {
  const to = kernel.migrations.get(head);
  if (to === undefined) return;
  kernel.migrations.delete(head);
  const pages = 2 ** orderOf(kernel, head);
  kernel.count(Event.page_copy, pages);
  for (let i = 0; i < pages; i++) setStamp(kernel, to + i, stampOf(kernel, head + i));
  const carried = PG_DIRTY | PG_LAZYFREE | PG_KSM;
  setPageFlags(kernel, to, pageFlags(kernel, head) & carried);
  setFrameWord(kernel, to, FRAME_OWNER, frameWord(kernel, head, FRAME_OWNER));
  moveInCache(kernel, head, to);
  restoreEntries(kernel, head, to);
  putPage(kernel, to);
  putPage(kernel, head);
}

/** folio_migrate_mapping. */
function moveInCache(kernel: Kernel, head: number, to: number): void {
  const flags = pageFlags(kernel, head);
  if ((flags & PG_SWAPCACHE) !== 0) moveInSwapCache(kernel, head, to);
  if ((flags & PG_ANON) !== 0) return;
  const object = kernel.objects.get(frameWord(kernel, head, FRAME_OWNER));
  const { exports } = kernel.mmu;
  // Its last mapping, and with it the object, may have gone meanwhile.
  if (object === undefined) return;
  const slot = exports.findEntry(object.root, frameWord(kernel, head, FRAME_INDEX), 0) >>> 0;
  exports.clearEntry(slot);
  exports.makeLeaf(slot, 0, to, PROTECTION_NUMBERS.r, 0);
  getPage(kernel, to);
  putPage(kernel, head);
}

/** folio_lock: whoever needs a folio that is on its way waits for it. True: so it was; look again. */
export function waitForFolio(kernel: Kernel, frame: number): boolean {
  const head = headOf(kernel, frame);
  if (!kernel.migrations.has(head)) return false;
  endMigration(kernel, head);
  return true;
}

/** migration_entry_wait: who meets the entry waits until it is gone. False: it is no migration entry. */
export function waitForMigration(kernel: Kernel, slot: number, flags: number): boolean {
  const entry = migratingIn(kernel, slot, flags);
  if (entry === null) return false;
  kernel.steps.needsFolio();
  endMigration(kernel, headOf(kernel, entry.frame));
  return true;
}

/** Migrates a folio; without memory for a large one, its pages one by one. False: some page stayed. */
export function migrateFolio(kernel: Kernel, head: number, hold: boolean): boolean {
  const pages = 2 ** orderOf(kernel, head);
  if (startMigration(kernel, head)) {
    if (!hold) endMigration(kernel, head);
    return true;
  }
  if (pages === 1 || isHeld(kernel, head) || !splitFolio(kernel, head)) return false;
  let all = true;
  for (let i = 0; i < pages; i++) {
    if (refsOf(kernel, head + i) > 0 && !migrateFolio(kernel, head + i, hold)) all = false;
  }
  return all;
}
