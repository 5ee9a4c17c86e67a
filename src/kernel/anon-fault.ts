// First touch of private anonymous memory (mm/memory.c do_anonymous_page).

import { Pte } from "../layout/linux-flags.js";
import { isUffdWp } from "./absent.js";
import { prepareAnonVma } from "./anon-vma.js";
import { Event } from "./events.js";
import type { Fault, FaultResult } from "./fault-types.js";
import { newAnonPage } from "./folio.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { pageProt } from "./page-prot.js";
import { VM_WRITE } from "./vm-flags.js";
import type { Vma } from "./vma.js";
import { reusableAnonVma } from "./vma-merge.js";

/** vmf_anon_prepare: the VMA gets its anon_vma with its first page. */
export function prepareAnon(mm: Mm, vma: Vma): void {
  if (vma.anonVma === null) prepareAnonVma(vma, reusableAnonVma(mm, vma));
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
  prepareAnon(mm, vma);
  const frame = newAnonPage(kernel, 0);
  if (frame === 0) return "oom";
  kernel.count(Event.fault_anon);
  kernel.count(Event.page_zero);
  const writable = (vma.flags & VM_WRITE) !== 0 ? kernel.madeDirty | Pte.write : 0;
  exports.makeLeaf(slot, 0, frame, pageProt(kernel, vma), Pte.young | writable | wp);
  if (wp !== 0) exports.updateEntry(slot, Pte.write, 0);
  return "done";
}
