// fork (kernel/fork.c dup_mmap; mm/memory.c copy_page_range, copy_present_ptes, copy_nonpresent_pte).

import { noMemory } from "./allocation.js";
import { forkAnonVma } from "./anon-vma.js";
import type { Errno } from "./errno.js";
import { type Copying, copyHuge, copyRun } from "./fork-entries.js";
import { forkedMapping, isHugetlb } from "./hugetlb.js";
import { forkHugetlb } from "./hugetlb-range.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { exitMm } from "./mmap.js";
import { newMm } from "./new-mm.js";
import { invalidating } from "./notifier.js";
import { outOfMemory } from "./oom.js";
import { makeRoom } from "./reclaim.js";
import { syscall } from "./syscall.js";
import { isCow, VM_DONTCOPY, VM_UFFD_WP, VM_WIPEONFORK } from "./vm-flags.js";
import type { Vma } from "./vma.js";
import { forEachRun, type VisitRun } from "./walk-entries.js";

/**
 * Copies an address space. The parent's entries are write-protected along the way, also when it fails: the
 * next write finds the page unshared and takes it back.
 * @returns the child, or why there is none
 */
export function fork(kernel: Kernel, parent: Mm): { child: Mm } | { errno: Errno } {
  const { failures } = kernel.mmu.exports;
  const failed = failures.valueOf();
  for (let again = false; ; again = true) {
    const result = forkOnce(kernel, parent);
    if (!("errno" in result)) return result;
    // An empty pool of huge pages is nothing that killing a process is meant to mend.
    const ranOut = failures.valueOf() === failed && !result.poolEmpty;
    if (!ranOut || !outOfMemory(kernel, parent, again)) return { errno: result.errno };
  }
}

type ForkResult = { child: Mm } | { errno: Errno; poolEmpty: boolean };

function forkOnce(kernel: Kernel, parent: Mm): ForkResult {
  if (kernel.pae.waitsForMigration) kernel.steps.needsFolio();
  return syscall(kernel, parent, "write", () => {
    // Without a task and its top table nothing is begun.
    if (noMemory(kernel)) return { errno: "ENOMEM", poolEmpty: false };
    let poolEmpty = false;
    const child = newMm(kernel);
    const fits = parent.vmas.all.every((vma) => {
      kernel.locks.startWrite(vma);
      if ((vma.flags & VM_DONTCOPY) !== 0) return true;
      const copy = copyVma(kernel, vma);
      if (copy === null) return false;
      child.vmas.insert(copy);
      const copied = copyPages(kernel, { parent, child, from: vma, to: copy });
      poolEmpty = !copied && isHugetlb(vma);
      return copied;
    });
    if (!kernel.lacks("fork-flush")) kernel.tlb.space(parent);
    if (fits) return { child };
    exitMm(kernel, child);
    return { errno: "ENOMEM", poolEmpty };
  });
}

/** The child's VMA: no userfaultfd (no event feature is asked for), and a clean slate if wiped. Null: no memory. */
function copyVma(kernel: Kernel, vma: Vma): Vma | null {
  if (noMemory(kernel)) return null;
  const copy: Vma = {
    ...vma,
    flags: vma.flags & ~VM_UFFD_WP,
    uffd: null,
    huge: forkedMapping(vma.huge),
    anonVma: null,
    anonChain: [],
  };
  if ((vma.flags & VM_WIPEONFORK) === 0 && vma.anonVma !== null) {
    if (noMemory(kernel)) return null;
    forkAnonVma(copy, vma);
  }
  if (copy.object !== null) copy.object.users++;
  return copy;
}

/** copy_page_range. False: no memory. */
function copyPages(kernel: Kernel, copying: Copying): boolean {
  const { parent, from } = copying;
  // Pages that a fault can find again are not copied (`vma_needs_copy`).
  if ((from.flags & VM_WIPEONFORK) !== 0 || from.anonVma === null) return true;
  if (!isCow(from.flags)) return copyVmaPages(kernel, copying);
  const event = isHugetlb(from) ? "clear" : "protection-page";
  const range = { mm: parent, start: from.start, end: from.end, event, taken: "write" } as const;
  return invalidating(kernel, range, () => copyVmaPages(kernel, copying));
}

function copyVmaPages(kernel: Kernel, copying: Copying): boolean {
  const { parent, child, from } = copying;
  if (isHugetlb(from) && isHugetlb(copying.to))
    return forkHugetlb(kernel, { ...copying, from, to: copying.to });
  let fits = true;
  const run: VisitRun = (slot, page, count) => {
    if (!fits) return;
    makeRoom(kernel);
    const to = kernel.mmu.exports.makeEntry(child.root, page, 0) >>> 0;
    fits = to !== 0 && copyRun(kernel, copying, { slot, page, to, count });
  };
  forEachRun(kernel, parent.root, from.start, from.end, run, (slot, page) => {
    const result = fits ? copyHuge(kernel, copying, slot, page) : "no memory";
    if (result === "no memory") fits = false;
    return result === "split";
  });
  return fits;
}
