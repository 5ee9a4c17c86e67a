// Splits the mapping of a huge page into last-level entries; the folio stays (mm/huge_memory.c
// __split_huge_pmd_locked).
//
//   PMD -> [f .. f+511]      becomes      PMD -> table: f, f+1, ... f+511
//   exclusive on the head                 exclusive on every page

import { Pte } from "../layout/linux-flags.js";
import { withDeposit } from "./allocation.js";
import { foldRun } from "./contpte.js";
import { Event } from "./events.js";
import { addMapping, addWholeMapping, getPage, setPageFlags } from "./folio.js";
import { isHugeZero } from "./huge-zero.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { invalidating } from "./notifier.js";
import { PG_DIRTY } from "./page-flags.js";
import { pageProt } from "./page-prot.js";
import { type Migrating, migratingIn, setMigrating } from "./softleaf.js";
import type { Vma } from "./vma.js";
import { entriesPerTable, hugeEntryAt, hugeStart } from "./walk-entries.js";

/** Splits what the upper entry in `slot` maps at a page of it. */
export function splitMapping(kernel: Kernel, mm: Mm, vma: Vma, slot: number, page: number): void {
  const start = hugeStart(kernel, page);
  const end = start + entriesPerTable(kernel);
  invalidating(kernel, { mm, start, end, event: "clear" }, () =>
    splitNow(kernel, mm, vma, slot, start),
  );
}

function splitNow(kernel: Kernel, mm: Mm, vma: Vma, slot: number, start: number): void {
  const { exports } = kernel.mmu;
  const flags = exports.entryFlags(slot);
  const migrating = migratingIn(kernel, slot, flags);
  const frame = migrating === null ? exports.entryFrame(slot, 1) : 0;
  const exclusive = migrating === null && kernel.pae.isX(slot, 1, frame);
  kernel.count(Event.split_mapping);
  exports.clearEntry(slot);
  kernel.tlb.range(mm, start, start + entriesPerTable(kernel));
  const table = withDeposit(kernel, () => exports.makeEntry(mm.root, start, 0) >>> 0);
  kernel.pae.tableFrom(slot, table);
  if (migrating !== null) splitMigrating(kernel, table, migrating);
  else if (isHugeZero(kernel, frame)) splitZero(kernel, vma, table, flags);
  else splitAnon(kernel, { mm, vma, start, table, frame, flags, exclusive });
}

function splitZero(kernel: Kernel, vma: Vma, table: number, flags: number): void {
  const set = Pte.special | (flags & Pte.uffdWp);
  for (let i = 0; i < entriesPerTable(kernel); i++) {
    kernel.mmu.exports.makeLeaf(table + 8 * i, 0, kernel.zeroFrame, pageProt(kernel, vma), set);
  }
}

/** A page in migration: the same kind of entry for each part of it. */
function splitMigrating(kernel: Kernel, table: number, entry: Migrating): void {
  for (let i = 0; i < entriesPerTable(kernel); i++) {
    setMigrating(kernel, table + 8 * i, { ...entry, frame: entry.frame + i });
  }
}

interface AnonSplit {
  readonly mm: Mm;
  readonly vma: Vma;
  readonly start: number;
  /** Slot of the first entry. */
  readonly table: number;
  readonly frame: number;
  /** What the huge entry was. */
  readonly flags: number;
  readonly exclusive: boolean;
}

function splitAnon(kernel: Kernel, split: AnonSplit): void {
  const { exports } = kernel.mmu;
  const { mm, vma, start, table, frame, flags, exclusive } = split;
  const count = entriesPerTable(kernel);
  const dirty = kernel.pae.isDirty(flags, frame);
  if (dirty) setPageFlags(kernel, frame, PG_DIRTY);
  // pte_mkdirty of the new entries also makes them soft-dirty, though nobody wrote.
  const dirtied = dirty && kernel.has("splitKeepsDirty") ? kernel.madeDirty : 0;
  const set = (flags & (Pte.write | Pte.softDirty | Pte.uffdWp)) | dirtied;
  getPage(kernel, frame, count - 1);
  for (let i = 0; i < count; i++) {
    const slot = table + 8 * i;
    exports.makeLeaf(slot, 0, frame + i, pageProt(kernel, vma), set);
    if ((flags & Pte.young) === 0) exports.updateEntry(slot, Pte.young, 0);
    addMapping(kernel, frame + i, 1, mm.id);
  }
  const parts = { mm, page: start, slot: table, level: 0, frame };
  kernel.pae.split(parts, count, exclusive);
  foldRun(kernel, table, start, frame, count);
  addWholeMapping(kernel, frame, -1, mm.id);
}

/** vma_adjust_trans_huge: no huge page lies across a border of VMAs. */
export function splitAcross(kernel: Kernel, mm: Mm, vma: Vma, page: number): void {
  if (page === hugeStart(kernel, page)) return;
  const slot = hugeEntryAt(kernel, mm.root, page);
  if (slot !== 0) splitMapping(kernel, mm, vma, slot, page);
}
