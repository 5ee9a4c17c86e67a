// Splits a folio into base pages (mm/huge_memory.c split_huge_page_to_list, unmap_folio, remap_page): every entry
// that maps a page of it goes on mapping that page, as it was; each page then is a folio of its own.

import {
  FRAME_HEAD,
  FRAME_INDEX,
  FRAME_MAPS,
  FRAME_OWNER,
  FRAME_REFS,
  FRAME_SPARE,
} from "../../assembly/abi/frames.js";
import { Pte } from "../layout/linux-flags.js";
import { unfold } from "./contpte.js";
import { Event } from "./events.js";
import {
  dropMapping,
  folioMapsOf,
  orderOf,
  pageFlags,
  refsOf,
  setPageFlags,
  stampOf,
} from "./folio.js";
import { frameWord, setFrameWord } from "./frame-words.js";
import type { Kernel } from "./kernel.js";
import { mappingsOfFolio } from "./mappings.js";
import { invalidatingFolio } from "./notifier.js";
import { PG_DIRTY, PG_LARGE, PG_LAZYFREE, PG_ORDER_MASK } from "./page-flags.js";
import { pageProt } from "./page-prot.js";
import { type Mapping, mappingsOf } from "./rmap.js";
import { splitMapping } from "./split-mapping.js";

/**
 * Splits a folio.
 * @param extra references of the caller, beside those of mappings
 * @returns false when somebody else holds a reference: nothing is changed
 */
export function splitFolio(kernel: Kernel, head: number, extra = 0): boolean {
  if (refsOf(kernel, head) !== folioMapsOf(kernel, head) + extra) return false;
  kernel.count(Event.split_folio);
  const count = 2 ** orderOf(kernel, head);
  invalidatingFolio(
    kernel,
    () => mappingsOfFolio(kernel, head),
    () => splitNow(kernel, head, count),
  );
  return true;
}

function splitNow(kernel: Kernel, head: number, count: number): void {
  flushSmall(kernel, mappingsOfFolio(kernel, head));
  splitHugeMappings(kernel, head);
  if (kernel.has("remapDirties")) dirtyAll(kernel, head, count);
  const mapped = Array.from({ length: count }, (_, i) => mappingsOf(kernel, head + i));
  for (const { mm, slot, page } of mapped.flat()) unfold(kernel, mm, slot, page);
  detach(kernel, head, count);
  mapped.forEach((mappings, i) => {
    // A part that was zapped before is free now.
    if (mappings.length === 0) kernel.mmu.exports.freeFrames(head + i, 0);
    else remapZero(kernel, head + i, mappings);
  });
}

/** unmap_folio: every small entry becomes a migration entry, and is flushed; from 6.8 on all together (TTU_BATCH_FLUSH). */
function flushSmall(kernel: Kernel, mappings: readonly Mapping[]): void {
  for (const { mm, page, level } of mappings) {
    if (level > 0) continue;
    if (kernel.has("splitFlushesOnce")) kernel.deferred.page(mm, page, false);
    else kernel.tlb.page(mm, page);
  }
  kernel.deferred.settle();
}

/** A frozen split (TTU_SPLIT_HUGE_PMD): soft-dirty stays what it was, dirty or not. */
function splitHugeMappings(kernel: Kernel, head: number): void {
  const { exports } = kernel.mmu;
  for (const { mm, vma, page, slot, level } of mappingsOf(kernel, head)) {
    if (level === 0) continue;
    const softDirty = (exports.entryFlags(slot) & Pte.softDirty) !== 0;
    splitMapping(kernel, mm, vma, slot, page);
    if (softDirty) continue;
    const first = exports.findEntry(mm.root, page, 0) >>> 0;
    for (let i = 0; i < 2 ** orderOf(kernel, head); i++) {
      exports.updateEntry(first + 8 * i, Pte.softDirty, 0);
    }
  }
}

/** remove_migration_pte of 6.1: pte_mkdirty, after which soft-dirty is only ever set. */
function dirtyAll(kernel: Kernel, head: number, count: number): void {
  const { exports } = kernel.mmu;
  for (let i = 0; i < count; i++) {
    for (const { slot } of mappingsOf(kernel, head + i)) {
      const flags = exports.entryFlags(slot);
      if (!kernel.pae.isDirty(flags, head + i)) continue;
      const kept = kernel.pae.keep(slot, 0, flags);
      exports.updateEntry(slot, 0, kernel.madeDirty);
      kernel.pae.kept(slot, 0, kept);
    }
  }
}

/** Each page becomes a folio of order 0, referenced by its own mappings. */
function detach(kernel: Kernel, head: number, count: number): void {
  const place = frameWord(kernel, head, FRAME_OWNER);
  kernel.deferredSplit.delete(head);
  const inherited = pageFlags(kernel, head) & (PG_DIRTY | PG_LAZYFREE);
  const frames = Array.from({ length: count }, (_, i) => head + i);
  kernel.pae.splitFolio(head, frames);
  for (const [i, frame] of frames.entries()) {
    setPageFlags(kernel, frame, inherited, PG_LARGE | PG_ORDER_MASK);
    setFrameWord(kernel, frame, FRAME_HEAD, frame);
    setFrameWord(kernel, frame, FRAME_OWNER, (place + i) >>> 0);
    setFrameWord(kernel, frame, FRAME_INDEX, 0);
    setFrameWord(kernel, frame, FRAME_SPARE, 0);
    setFrameWord(kernel, frame, FRAME_REFS, frameWord(kernel, frame, FRAME_MAPS));
  }
}

/** try_to_map_unused_to_zeropage: what holds only zeroes is mapped to the zero page instead. */
function remapZero(kernel: Kernel, frame: number, mappings: readonly Mapping[]): void {
  if (!kernel.has("splitMapsZeroPage") || stampOf(kernel, frame) !== 0) return;
  const { exports } = kernel.mmu;
  for (const { mm, vma, slot } of mappings) {
    const flags = exports.entryFlags(slot);
    const kept = kernel.has("zeroRemapKeepsBits") ? flags & (Pte.softDirty | Pte.uffdWp) : 0;
    exports.makeLeaf(slot, 0, kernel.zeroFrame, pageProt(kernel, vma), Pte.special | kept);
    dropMapping(kernel, frame, mm.id);
  }
}
