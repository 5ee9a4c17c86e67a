// KSM: pages of the same content become one (mm/ksm.c). The daemon compares pages in the order it meets them:
//
//   first of its content   waits (unstable tree)
//   second                 becomes the KSM page; the first one's entry is replaced by it
//   all others             their entries are replaced

import { Pte } from "../layout/linux-flags.js";
import { noMemory } from "./allocation.js";
import { unfold } from "./contpte.js";
import type { Errno } from "./errno.js";
import { Event } from "./events.js";
import { unshareFault } from "./fault.js";
import {
  addMapping,
  dropMapping,
  getPage,
  headOf,
  isLarge,
  mapsOf,
  pageFlags,
  refsOf,
  setPageFlags,
  stampOf,
} from "./folio.js";
import { splitFolio } from "./folio-split.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { invalidating } from "./notifier.js";
import { PG_DIRTY, PG_KSM, PG_SWAPCACHE } from "./page-flags.js";
import { pageProt } from "./page-prot.js";
import { tryShare } from "./try-share.js";
import { VM_MERGEABLE, VM_SHARED } from "./vm-flags.js";
import type { Vma } from "./vma.js";
import { modifyVma } from "./vma-merge.js";

/** A page that KSM may merge, by where it is mapped. */
interface Item {
  readonly mm: Mm;
  readonly vma: Vma;
  readonly page: number;
}

/**
 * ksmd runs until everything has been compared: contents do not change meanwhile.
 * @param useZeroPages pages of zeroes are replaced by the zero page
 */
export function runKsm(kernel: Kernel, useZeroPages = false): void {
  kernel.steps.needsAll();
  const waiting = new Map<number, Item>();
  const stable = stablePages(kernel);
  for (const item of items(kernel)) {
    const frame = frameAt(kernel, item);
    if (frame === 0 || (pageFlags(kernel, frame) & PG_KSM) !== 0) continue;
    const content = stampOf(kernel, frame);
    const merged = stable.get(content);
    if (merged === undefined && useZeroPages && content === 0) {
      replaceByZero(kernel, item);
      continue;
    }
    if (merged !== undefined) {
      replace(kernel, item, merged);
      continue;
    }
    const other = waiting.get(content);
    if (other === undefined) {
      waiting.set(content, item);
      continue;
    }
    const made = makeStable(kernel, item);
    if (made === 0) continue;
    replace(kernel, other, made);
    waiting.delete(content);
    // stable_tree_insert: without its node a KSM page cannot be found again, and is given up (break_cow).
    if (noMemory(kernel)) for (const each of [other, item]) unmergeOne(kernel, each);
    else stable.set(content, made);
  }
}

function stablePages(kernel: Kernel): Map<number, number> {
  const stable = new Map<number, number>();
  for (const item of items(kernel)) {
    const frame = frameAt(kernel, item);
    if (frame !== 0 && (pageFlags(kernel, frame) & PG_KSM) !== 0) {
      stable.set(stampOf(kernel, frame), frame);
    }
  }
  return stable;
}

function* items(kernel: Kernel): Generator<Item> {
  for (const mm of kernel.mms) {
    for (const vma of mm.vmas.all) {
      if ((vma.flags & VM_MERGEABLE) === 0 || vma.anonVma === null) continue;
      for (let page = vma.start; page < vma.end; page++) yield { mm, vma, page };
    }
  }
}

/** The anonymous page at an item, as a base page; 0 = none, or it belongs to a folio that cannot be split. */
function frameAt(kernel: Kernel, { mm, page }: Omit<Item, "vma">): number {
  const { exports } = kernel.mmu;
  const slot = exports.findEntry(mm.root, page, 0) >>> 0;
  if (slot === 0) return 0;
  const flags = exports.entryFlags(slot);
  if ((flags & (Pte.present | Pte.special)) !== Pte.present) return 0;
  return exports.entryFrame(slot, 0);
}

/** write_protect_page: 0 when somebody else may write to it. */
function protect(kernel: Kernel, { mm, page }: Item): number {
  const { exports } = kernel.mmu;
  const slot = exports.findEntry(mm.root, page, 0) >>> 0;
  const frame = exports.entryFrame(slot, 0);
  if (isLarge(kernel, frame) && !splitFolio(kernel, headOf(kernel, frame))) return 0;
  // A split may have put the zero page there (page_vma_mapped_walk finds it no more).
  if (frameAt(kernel, { mm, page }) !== frame) return 0;
  if (!kernel.pae.reserve(slot)) return 0;
  const cached = (pageFlags(kernel, frame) & PG_SWAPCACHE) !== 0 ? 1 : 0;
  const entry = { mm, page, slot, level: 0, frame };
  return invalidating(kernel, rangeAt(mm, page, "write"), () => {
    const changes = (exports.entryFlags(slot) & (Pte.write | Pte.dirty)) !== 0;
    if (!changes && !kernel.pae.isX(slot, 0, frame)) return frame;
    unfold(kernel, mm, slot, page);
    kernel.tlb.page(mm, page);
    if (mapsOf(kernel, frame) + cached !== refsOf(kernel, frame)) return 0;
    if (!tryShare(kernel, entry)) return 0;
    if (kernel.pae.isDirty(exports.entryFlags(slot), frame)) setPageFlags(kernel, frame, PG_DIRTY);
    kernel.pae.share(entry);
    exports.updateEntry(slot, Pte.write | Pte.dirty, 0);
    return frame;
  });
}

function rangeAt(mm: Mm, page: number, taken: "page" | "write") {
  return { mm, start: page, end: page + 1, event: "clear", taken } as const;
}

/** The page itself becomes a KSM page. */
function makeStable(kernel: Kernel, item: Item): number {
  const frame = protect(kernel, item);
  if (frame === 0) return 0;
  setPageFlags(kernel, frame, PG_KSM | PG_DIRTY);
  return frame;
}

/** replace_page: the entry is built anew, so soft-dirty and uffd-wp are lost. */
function replace(kernel: Kernel, item: Item, stable: number): void {
  const { exports } = kernel.mmu;
  const frame = protect(kernel, item);
  if (frame === 0) return;
  kernel.count(Event.ksm_merge);
  const { mm, vma, page } = item;
  const slot = exports.findEntry(mm.root, page, 0) >>> 0;
  getPage(kernel, stable);
  addMapping(kernel, stable, 1, mm.id);
  invalidating(kernel, rangeAt(mm, page, "page"), () => {
    exports.makeLeaf(slot, 0, stable, pageProt(kernel, vma), 0);
    kernel.tlb.page(mm, page);
  });
  dropMapping(kernel, frame, mm.id);
}

/** replace_page with the zero page. From 6.6 on the entry is dirty, by which it is known to be KSM's. */
function replaceByZero(kernel: Kernel, item: Item): void {
  const frame = protect(kernel, item);
  if (frame === 0) return;
  kernel.count(Event.ksm_merge);
  const { exports } = kernel.mmu;
  const { mm, vma, page } = item;
  const slot = exports.findEntry(mm.root, page, 0) >>> 0;
  const dirty = kernel.has("ksmZeroIsDirty") ? kernel.madeDirty : 0;
  invalidating(kernel, rangeAt(mm, page, "page"), () => {
    exports.makeLeaf(slot, 0, kernel.zeroFrame, pageProt(kernel, vma), Pte.special | dirty);
    kernel.tlb.page(mm, page);
  });
  dropMapping(kernel, frame, mm.id);
}

/** MADV_MERGEABLE. */
export function mergeable(kernel: Kernel, mm: Mm, vma: Vma, start: number, end: number): Errno {
  if ((vma.flags & (VM_MERGEABLE | VM_SHARED)) !== 0) return 0;
  const changed = modifyVma(kernel, mm, vma, start, end, { flags: vma.flags | VM_MERGEABLE });
  return changed === null ? "EAGAIN" : 0;
}

/** MADV_UNMERGEABLE: every KSM page is copied for this mapping (`unmerge_ksm_pages`). */
export function unmergeable(kernel: Kernel, mm: Mm, vma: Vma, start: number, end: number): Errno {
  if ((vma.flags & VM_MERGEABLE) === 0) return 0;
  if (!unmergePages(kernel, mm, vma, start, end)) return "EAGAIN";
  const changed = modifyVma(kernel, mm, vma, start, end, { flags: vma.flags & ~VM_MERGEABLE });
  return changed === null ? "EAGAIN" : 0;
}

/** Copies the KSM pages of a part of a mapping; before a move, too (`move_vma`). False: no memory. */
export function unmergePages(
  kernel: Kernel,
  mm: Mm,
  vma: Vma,
  start: number,
  end: number,
): boolean {
  if ((vma.flags & VM_MERGEABLE) === 0) return true;
  for (let page = start; page < end; page++) {
    if (!unmergeOne(kernel, { mm, vma, page })) return false;
  }
  return true;
}

/** is_ksm_zero_pte. */
function isKsmZero(kernel: Kernel, { mm, page }: Item): boolean {
  if (!kernel.has("ksmZeroIsDirty")) return false;
  const { exports } = kernel.mmu;
  const slot = exports.findEntry(mm.root, page, 0) >>> 0;
  const zero = Pte.present | Pte.special | Pte.dirty;
  return slot !== 0 && (exports.entryFlags(slot) & zero) === zero;
}

/** break_ksm: a copy of its own for one entry. False: no memory. */
function unmergeOne(kernel: Kernel, item: Item): boolean {
  const frame = frameAt(kernel, item);
  const merged = frame !== 0 && (pageFlags(kernel, frame) & PG_KSM) !== 0;
  if (!merged && !isKsmZero(kernel, item)) return true;
  return unshareFault(kernel, item.mm, item.page) !== "oom";
}
