// First touch of private anonymous memory (mm/memory.c do_anonymous_page).

import { Pte } from "../layout/linux-flags.js";
import { isUffdWp } from "./absent.js";
import { noMemory } from "./allocation.js";
import { prepareAnonVma } from "./anon-vma.js";
import { foldRun } from "./contpte.js";
import { Event } from "./events.js";
import type { Fault, FaultResult } from "./fault-types.js";
import { addMapping, getPage, newAnonFolio, newAnonPage } from "./folio.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { pageProt } from "./page-prot.js";
import { setIndex } from "./rmap.js";
import { middleOrders } from "./thp.js";
import { VM_WRITE } from "./vm-flags.js";
import type { Vma } from "./vma.js";
import { reusableAnonVma } from "./vma-merge.js";
import { isEmptyRun } from "./walk-entries.js";

/** vmf_anon_prepare: the VMA gets its anon_vma with its first page. False: no memory. */
export function prepareAnon(kernel: Kernel, mm: Mm, vma: Vma): boolean {
  if (vma.anonVma !== null) return true;
  if (noMemory(kernel)) return false;
  prepareAnonVma(kernel.anonVmas, vma, reusableAnonVma(kernel, mm, vma));
  return true;
}

/** Maps the zero page for a read, a zeroed page for a write; a marker's protection is kept. */
export function anonymousFault(kernel: Kernel, fault: Fault, slot: number): FaultResult {
  const { mm, vma, write } = fault;
  const { exports } = kernel.mmu;
  const wp = isUffdWp(kernel, slot, exports.entryFlags(slot)) ? Pte.uffdWp : 0;
  if (!write) {
    kernel.count(Event.fault_zero);
    exports.makeLeaf(slot, 0, kernel.zeroFrame, pageProt(kernel, vma), Pte.special | wp);
    return "done";
  }
  if (!prepareAnon(kernel, mm, vma)) return "oom";
  if (middleFault(kernel, fault)) return "done";
  const frame = newAnonPage(kernel, 0);
  if (frame === 0) return "oom";
  setIndex(kernel, frame, vma, fault.page);
  kernel.count(Event.fault_anon);
  kernel.count(Event.page_zero);
  const writable = (vma.flags & VM_WRITE) !== 0 ? kernel.written | Pte.write : 0;
  exports.makeLeaf(slot, 0, frame, pageProt(kernel, vma), Pte.young | writable | wp);
  if (wp !== 0) exports.updateEntry(slot, Pte.write, 0);
  kernel.pae.newX({ mm, page: fault.page, slot, level: 0, frame }, 1);
  return "done";
}

/**
 * alloc_anon_folio: the largest folio that is switched on, lies in the VMA and whose entries are all none. Not
 * where a userfaultfd wants to see every page. False: take a base page.
 */
function middleFault(kernel: Kernel, { mm, vma, page }: Fault): boolean {
  if (vma.uffd !== null) return false;
  const { exports } = kernel.mmu;
  for (const order of middleOrders(kernel, vma, page)) {
    const count = 2 ** order;
    const first = page - (page % count);
    const slot = exports.findEntry(mm.root, first, 0) >>> 0;
    if (!isEmptyRun(kernel, slot, count)) continue;
    const head = newAnonFolio(kernel, order);
    if (head === 0) continue;
    kernel.count(Event.fault_anon);
    kernel.count(Event.page_zero, count);
    getPage(kernel, head, count - 1);
    setIndex(kernel, head, vma, first);
    const writable = (vma.flags & VM_WRITE) !== 0 ? kernel.written | Pte.write : 0;
    for (let i = 0; i < count; i++) {
      const set = Pte.young | writable;
      exports.makeLeaf(slot + 8 * i, 0, head + i, pageProt(kernel, vma), set);
      addMapping(kernel, head + i, 1, mm.id);
    }
    kernel.pae.newX({ mm, page: first, slot, level: 0, frame: head }, count);
    foldRun(kernel, slot, first, head, count);
    return true;
  }
  return false;
}
