// Faults on huge pages of private anonymous memory (mm/huge_memory.c do_huge_pmd_anonymous_page,
// do_huge_pmd_wp_page, huge_pmd_set_accessed; mm/memory.c wp_huge_pmd).

import { Pte } from "../layout/linux-flags.js";
import type { Entry } from "../pae/types.js";
import { noDeposit } from "./allocation.js";
import { prepareAnon } from "./anon-fault.js";
import { Event } from "./events.js";
import type { Fault, FaultResult } from "./fault-types.js";
import { addWholeMapping, newAnonFolio, putPage, refsOf } from "./folio.js";
import { handleUserfault } from "./handle-userfault.js";
import { hugeZero, isHugeZero } from "./huge-zero.js";
import type { Kernel } from "./kernel.js";
import { waitForMigration } from "./migrate.js";
import { invalidating } from "./notifier.js";
import { hugeNumaFault, isHinted } from "./numa-hinting.js";
import { pageProt, writeFlag } from "./page-prot.js";
import { setIndex } from "./rmap.js";
import { splitMapping } from "./split-mapping.js";
import { hugeOrder, mayBeHuge } from "./thp.js";
import { VM_UFFD_WP, VM_WRITE } from "./vm-flags.js";
import { hugeStart } from "./walk-entries.js";

/** First touch of an empty upper entry. Null: not as a huge page. */
export function hugeFirstTouch(kernel: Kernel, fault: Fault, slot: number): FaultResult | null {
  const { mm, vma, page, write } = fault;
  if (vma.object !== null || !mayBeHuge(kernel, vma, page, hugeOrder(kernel))) return null;
  if (!prepareAnon(kernel, mm, vma)) return "oom";
  if (!write) {
    if (noDeposit(kernel)) return "oom";
    const zero = hugeZero(kernel);
    if (zero === 0) return null;
    kernel.count(Event.fault_zero);
    kernel.mmu.exports.makeLeaf(slot, 1, zero, pageProt(kernel, vma), 0);
    return "done";
  }
  return mapHuge(kernel, fault, slot, true);
}

/**
 * A fresh huge page, writable and exclusive. Null: no memory for it.
 * @param deposit a table is set aside; without memory for that, smaller pages will not do either
 */
function mapHuge(
  kernel: Kernel,
  { mm, vma, page }: Fault,
  slot: number,
  deposit: boolean,
): FaultResult | null {
  const head = newAnonFolio(kernel, hugeOrder(kernel));
  if (head === 0) return null;
  if (deposit && noDeposit(kernel)) {
    putPage(kernel, head);
    return "oom";
  }
  kernel.count(Event.fault_huge);
  kernel.count(Event.page_zero, 2 ** hugeOrder(kernel));
  addWholeMapping(kernel, head, 1, mm.id);
  setIndex(kernel, head, vma, hugeStart(kernel, page));
  const writable = (vma.flags & VM_WRITE) !== 0 ? kernel.written | Pte.write : 0;
  kernel.mmu.exports.makeLeaf(slot, 1, head, pageProt(kernel, vma), Pte.young | writable);
  kernel.pae.newX({ mm, page: hugeStart(kernel, page), slot, level: 1, frame: head }, 1);
  return "done";
}

/** A fault on a present huge page. Null: it is split now, go on with its entries. */
export function hugePresentFault(kernel: Kernel, fault: Fault, slot: number): FaultResult | null {
  const { exports } = kernel.mmu;
  const flags = exports.entryFlags(slot);
  if (waitForMigration(kernel, slot, flags)) return "done";
  if (isHinted(fault.vma, flags)) return hugeNumaFault(kernel, fault, slot);
  const readOnly = (flags & Pte.write) === 0;
  if ((fault.write || fault.unshare === true) && readOnly) {
    return hugeWrite(kernel, fault, slot, flags);
  }
  exports.updateEntry(slot, 0, Pte.young | (fault.write ? kernel.written : 0));
  kernel.tlb.granted(fault.mm, fault.page);
  return "done";
}

function hugeWrite(kernel: Kernel, fault: Fault, slot: number, flags: number): FaultResult | null {
  const { mm, vma, page } = fault;
  if (fault.write && (flags & Pte.uffdWp) !== 0 && (vma.flags & VM_UFFD_WP) !== 0) {
    if (vma.uffd?.async !== true) {
      return handleUserfault(kernel, mm, page);
    }
    splitMapping(kernel, mm, vma, slot, page);
    return null;
  }
  const frame = kernel.mmu.exports.entryFrame(slot, 1);
  if (isHugeZero(kernel, frame)) {
    if (kernel.has("hugeZeroWriteIsHuge") && mapOverZero(kernel, fault, slot)) return "done";
  } else if (ownsHuge(kernel, { mm, page: hugeStart(kernel, page), slot, level: 1, frame })) {
    if (!fault.write) return "done";
    kernel.count(Event.fault_reuse);
    const writable = writeFlag(vma);
    kernel.mmu.exports.updateEntry(slot, 0, Pte.young | kernel.written | writable);
    kernel.tlb.granted(mm, page);
    return "done";
  }
  splitMapping(kernel, mm, vma, slot, page);
  return null;
}

/** Exclusive, or proved so. */
function ownsHuge(kernel: Kernel, entry: Entry): boolean {
  if (kernel.pae.isX(entry.slot, entry.level, entry.frame)) return true;
  if (refsOf(kernel, entry.frame) !== 1) return false;
  kernel.pae.proveX(entry);
  return true;
}

/** do_huge_zero_wp_pmd. */
function mapOverZero(kernel: Kernel, fault: Fault, slot: number): boolean {
  const start = hugeStart(kernel, fault.page);
  const { mm } = fault;
  const end = start + 2 ** hugeOrder(kernel);
  return invalidating(kernel, { mm, start, end, event: "clear" }, () => {
    if (mapHuge(kernel, fault, slot, false) !== "done") return false;
    kernel.tlb.range(mm, start, end);
    return true;
  });
}
