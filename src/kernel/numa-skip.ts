// What the scanner of NUMA balancing leaves alone (kernel/sched/fair.c task_numa_work; mm/mprotect.c change_pte_range,
// change_huge_pmd: prot_numa).

import { Pte } from "../layout/linux-flags.js";
import { isDirtyFolio } from "./file.js";
import { headOf, maybePinned, pageFlags } from "./folio.js";
import { isHugeZero } from "./huge-zero.js";
import { isHugetlb } from "./hugetlb.js";
import type { Kernel } from "./kernel.js";
import { isShared } from "./mapped-shared.js";
import { PG_ANON, PG_KSM, PG_LAZYFREE } from "./page-flags.js";
import { isCow, VM_ACCESS_FLAGS, VM_WRITE } from "./vm-flags.js";
import type { Vma } from "./vma.js";

/** Mappings whose pages do not move: of a pool; not accessible; of shared objects, where they are only read. */
export function mayHint(vma: Vma): boolean {
  if (isHugetlb(vma) || (vma.flags & VM_ACCESS_FLAGS) === 0) return false;
  return vma.object === null || (vma.flags & VM_WRITE) !== 0;
}

/** Whether a present entry stays as it is. */
export function skipsHint(
  kernel: Kernel,
  vma: Vma,
  slot: number,
  flags: number,
  level: 0 | 1,
): boolean {
  if ((flags & (Pte.protnone | Pte.special)) !== 0) return true;
  const head = headOf(kernel, kernel.mmu.exports.entryFrame(slot, level));
  if (level > 0) return isHugeZero(kernel, head);
  const page = pageFlags(kernel, head);
  if ((page & PG_KSM) !== 0) return true;
  if (isCow(vma.flags) && (maybePinned(kernel, head) || isShared(kernel, head))) return true;
  return isOfFile(vma, page) && isDirtyFolio(kernel, head);
}

/** folio_is_file_lru: a file's, or after MADV_FREE. Dirty ones do not migrate without waiting. */
function isOfFile({ object }: Vma, page: number): boolean {
  if ((page & PG_ANON) !== 0) return (page & PG_LAZYFREE) !== 0;
  return object !== null && object.file !== null;
}
