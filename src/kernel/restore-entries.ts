// Migration entries become entries again (mm/migrate.c remove_migration_pte; mm/huge_memory.c remove_migration_pmd).

import { FRAME_INDEX, FRAME_OWNER } from "../../assembly/abi/frames.js";
import { Pte } from "../layout/linux-flags.js";
import { tryFold } from "./contpte.js";
import { addMapping, addWholeMapping, getPage, headOf, orderOf, pageFlags } from "./folio.js";
import { frameWord } from "./frame-words.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { PG_ANON, PG_DIRTY, PG_KSM } from "./page-flags.js";
import { pageProt } from "./page-prot.js";
import { type Migrating, migratingIn } from "./softleaf.js";
import type { Vma } from "./vma.js";
import { hugeEntryAt, hugeStart } from "./walk-entries.js";

interface Place {
  readonly mm: Mm;
  readonly vma: Vma;
  readonly page: number;
}

/** Maps the new folio wherever the old one was: `head` and `to` are first pages. */
export function restoreEntries(kernel: Kernel, head: number, to: number): void {
  for (let i = 0; i < 2 ** orderOf(kernel, to); i++) {
    for (const place of places(kernel, to, i)) restoreAt(kernel, place, head, to, i);
  }
}

/** Where entries of a folio's i-th page may be: its place in every VMA; for KSM pages everywhere. */
function* places(kernel: Kernel, to: number, i: number): Generator<Place> {
  const flags = pageFlags(kernel, to);
  const owner = frameWord(kernel, to, FRAME_OWNER);
  for (const mm of kernel.mms) {
    for (const vma of mm.vmas.all) {
      if ((flags & PG_KSM) !== 0) {
        for (let page = vma.start; page < vma.end; page++) yield { mm, vma, page };
        continue;
      }
      const anon = (flags & PG_ANON) !== 0;
      if (anon ? vma.anonVma === null : vma.object?.id !== owner) continue;
      const index = anon ? owner + i : frameWord(kernel, to, FRAME_INDEX);
      const offset = (index - (vma.pgoff >>> 0)) >>> 0;
      if (offset < vma.end - vma.start) yield { mm, vma, page: vma.start + offset };
    }
  }
}

function restoreAt(kernel: Kernel, place: Place, head: number, to: number, i: number): void {
  const { exports } = kernel.mmu;
  const { mm, page } = place;
  const huge = hugeEntryAt(kernel, mm.root, page);
  const slot = huge !== 0 ? huge : exports.findEntry(mm.root, page, 0) >>> 0;
  if (slot === 0) return;
  const entry = migratingIn(kernel, slot, exports.entryFlags(slot));
  if (entry === null || entry.frame !== head + i) return;
  if (huge !== 0) restoreHuge(kernel, place, slot, entry, to);
  else restore(kernel, place, slot, entry, to + i);
}

/** Dirty where entry and folio are; soft-dirty as it was (up to 6.1: or by the dirtying). */
function restore(
  kernel: Kernel,
  place: Place,
  slot: number,
  entry: Migrating,
  frame: number,
): void {
  const { exports } = kernel.mmu;
  const { mm, vma, page } = place;
  const { kept, write, exclusive } = entry;
  const head = headOf(kernel, frame);
  const dirty = (kept & Pte.dirty) !== 0 && (pageFlags(kernel, head) & PG_DIRTY) !== 0;
  const dirtied = dirty ? (kernel.has("remapDirties") ? kernel.madeDirty : Pte.dirty) : 0;
  const wp = write ? 0 : kept & Pte.uffdWp;
  const set = dirtied | (kept & (Pte.young | Pte.softDirty)) | wp | (write ? Pte.write : 0);
  exports.clearEntry(slot);
  exports.makeLeaf(slot, 0, frame, pageProt(kernel, vma), set);
  if ((kept & Pte.young) === 0) exports.updateEntry(slot, Pte.young, 0);
  if (wp !== 0) exports.updateEntry(slot, Pte.write, 0);
  getPage(kernel, frame);
  addMapping(kernel, frame, 1, mm.id);
  if ((pageFlags(kernel, frame) & PG_ANON) !== 0) {
    kernel.pae.putX({ mm, page, slot, level: 0, frame }, exclusive);
  }
  tryFold(kernel, mm, slot, page);
}

/** The same for a huge page, where dirtying always makes soft-dirty, too. */
function restoreHuge(
  kernel: Kernel,
  { mm, vma, page }: Place,
  slot: number,
  { kept, write, exclusive }: Migrating,
  to: number,
): void {
  const { exports } = kernel.mmu;
  const dirty = (kept & Pte.dirty) !== 0 && (pageFlags(kernel, to) & PG_DIRTY) !== 0;
  const set =
    (dirty ? kernel.madeDirty : 0) |
    (kept & (Pte.young | Pte.softDirty | Pte.uffdWp)) |
    (write ? Pte.write : 0);
  exports.clearEntry(slot);
  exports.makeLeaf(slot, 1, to, pageProt(kernel, vma), set);
  if ((kept & Pte.young) === 0) exports.updateEntry(slot, Pte.young, 0);
  getPage(kernel, to);
  addWholeMapping(kernel, to, 1, mm.id);
  kernel.pae.putX({ mm, page: hugeStart(kernel, page), slot, level: 1, frame: to }, exclusive);
}
