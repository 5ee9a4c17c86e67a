// From a page to the entries that map it (mm/rmap.c rmap_walk_anon, page_vma_mapped_walk). A page knows its place
// in the anon_vma's space (`index`); a VMA maps it, if at all, where that place lies in it:
//
//   address = vma.start + (index - vma.pgoff)
//
// Only the low 32 bits of the index are kept; whether an entry there really maps the page is looked up.

import { FRAME_OWNER } from "../../assembly/abi/frames.js";
import { Pte } from "../layout/linux-flags.js";
import { headOf, pageFlags } from "./folio.js";
import { frameWord, setFrameWord } from "./frame-words.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { PG_KSM } from "./page-flags.js";
import { VM_MERGEABLE } from "./vm-flags.js";
import type { Vma } from "./vma.js";
import { hugeEntryAt } from "./walk-entries.js";

/** An entry that maps a page. */
export interface Mapping {
  readonly mm: Mm;
  readonly vma: Vma;
  readonly page: number;
  readonly slot: number;
  /** 0 = last level. */
  readonly level: 0 | 1;
}

/** Notes where a new anonymous folio, mapped at `page` of a VMA, has its place. */
export function setIndex(kernel: Kernel, head: number, vma: Vma, page: number): void {
  setFrameWord(kernel, head, FRAME_OWNER, (vma.pgoff + (page - vma.start)) >>> 0);
}

/** Place of a page of anonymous memory. */
export function indexOf(kernel: Kernel, frame: number): number {
  const head = headOf(kernel, frame);
  return (frameWord(kernel, head, FRAME_OWNER) + (frame - head)) >>> 0;
}

/**
 * Whether a page of the swap cache can be mapped there, so that its mappings are found again. A page that KSM had
 * merged came back for one of its places; any other gets a copy (ksm_might_need_to_copy).
 */
export function belongsAt(kernel: Kernel, frame: number, vma: Vma, page: number): boolean {
  if ((pageFlags(kernel, headOf(kernel, frame)) & PG_KSM) !== 0) return true;
  return indexOf(kernel, frame) === (vma.pgoff + (page - vma.start)) >>> 0;
}

/** Every entry that maps a page of anonymous memory. */
export function mappingsOf(kernel: Kernel, frame: number): Mapping[] {
  if ((pageFlags(kernel, frame) & PG_KSM) !== 0) return mappingsOfKsm(kernel, frame);
  const index = indexOf(kernel, frame);
  const found: Mapping[] = [];
  for (const mm of kernel.mms) {
    for (const vma of mm.vmas.all) {
      if (vma.anonVma === null) continue;
      const offset = (index - (vma.pgoff >>> 0)) >>> 0;
      if (offset >= vma.end - vma.start) continue;
      const mapping = mappingAt(kernel, mm, vma, vma.start + offset, frame);
      if (mapping !== null) found.push(mapping);
    }
  }
  return found;
}

/** rmap_walk_ksm; the kernel has a list, this looks everywhere where KSM may merge. */
function mappingsOfKsm(kernel: Kernel, frame: number): Mapping[] {
  const found: Mapping[] = [];
  for (const mm of kernel.mms) {
    for (const vma of mm.vmas.all) {
      if ((vma.flags & VM_MERGEABLE) === 0) continue;
      for (let page = vma.start; page < vma.end; page++) {
        const mapping = mappingAt(kernel, mm, vma, page, frame);
        if (mapping !== null) found.push(mapping);
      }
    }
  }
  return found;
}

function mappingAt(kernel: Kernel, mm: Mm, vma: Vma, page: number, frame: number): Mapping | null {
  const { exports } = kernel.mmu;
  const huge = hugeEntryAt(kernel, mm.root, page);
  if (huge !== 0) {
    const maps =
      (exports.entryFlags(huge) & Pte.present) !== 0 &&
      exports.entryFrame(huge, 1) === headOf(kernel, frame);
    return maps ? { mm, vma, page, slot: huge, level: 1 } : null;
  }
  const slot = exports.findEntry(mm.root, page, 0) >>> 0;
  if (slot === 0) return null;
  const flags = exports.entryFlags(slot);
  const present = (flags & (Pte.present | Pte.special)) === Pte.present;
  return present && exports.entryFrame(slot, 0) === frame
    ? { mm, vma, page, slot, level: 0 }
    : null;
}
