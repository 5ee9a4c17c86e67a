// fork (kernel/fork.c dup_mmap; mm/memory.c copy_page_range, copy_present_ptes, copy_nonpresent_pte).

import { FRAME_OWNER } from "../../assembly/abi/frames.js";
import { Pte } from "../layout/linux-flags.js";
import type { Reserved } from "../pae/types.js";
import { noDeposit, noMemory } from "./allocation.js";
import { forkAnonVma } from "./anon-vma.js";
import { foldRun, unfoldEnds } from "./contpte.js";
import type { Errno } from "./errno.js";
import { Event } from "./events.js";
import { addMapping, addWholeMapping, getPage, newAnonPage, stampOf } from "./folio.js";
import { copyAbsent } from "./fork-absent.js";
import { setFrameWord } from "./frame-words.js";
import { isHugeZero } from "./huge-zero.js";
import { forkedMapping, isHugetlb } from "./hugetlb.js";
import { forkHugetlb } from "./hugetlb-range.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { exitMm } from "./mmap.js";
import { newMm } from "./new-mm.js";
import { invalidating } from "./notifier.js";
import { outOfMemory } from "./oom.js";
import { pageProt, writeFlag } from "./page-prot.js";
import { batchAt } from "./pte-batch.js";
import { makeRoom } from "./reclaim.js";
import { indexOf } from "./rmap.js";
import { splitMapping } from "./split-mapping.js";
import { syscall } from "./syscall.js";
import { isCow, VM_DONTCOPY, VM_SHARED, VM_UFFD_WP, VM_WIPEONFORK } from "./vm-flags.js";
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
  for (;;) {
    const result = forkOnce(kernel, parent);
    if (!("errno" in result)) return result;
    // An empty pool of huge pages is nothing that killing a process is meant to mend.
    const ranOut = failures.valueOf() === failed && !result.poolEmpty;
    if (!ranOut || !outOfMemory(kernel, parent)) return { errno: result.errno };
  }
}

type ForkResult = { child: Mm } | { errno: Errno; poolEmpty: boolean };

function forkOnce(kernel: Kernel, parent: Mm): ForkResult {
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
    kernel.tlb.space(parent);
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

/** Entries side by side: of the parent from `slot`, which maps `page`, to the child's from `to`. */
interface Run {
  readonly slot: number;
  readonly page: number;
  readonly to: number;
  readonly count: number;
}

interface Copying {
  readonly parent: Mm;
  readonly child: Mm;
  readonly from: Vma;
  readonly to: Vma;
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

/** Both tables can say of their entries that they are not exclusive. */
function reserveBoth({ pae }: Kernel, slot: number, to: number, what: Reserved = {}): boolean {
  return pae.reserve(slot, what) && pae.reserve(to, what);
}

/** copy_huge_pmd. Where pages of it may be pinned, it is split, and its entries are to be copied. */
function copyHuge(
  kernel: Kernel,
  { parent, child, from }: Copying,
  slot: number,
  page: number,
): "copied" | "split" | "no memory" {
  const { exports } = kernel.mmu;
  const to = exports.makeEntry(child.root, page, 1) >>> 0;
  if (to === 0 || noDeposit(kernel)) return "no memory";
  if (!reserveBoth(kernel, slot, to, { splits: true })) return "no memory";
  const flags = exports.entryFlags(slot);
  if ((flags & Pte.present) === 0) {
    copyAbsent(kernel, slot, to, flags);
    return "copied";
  }
  const frame = exports.entryFrame(slot, 1);
  if (!isHugeZero(kernel, frame)) {
    if (!kernel.pae.dup({ mm: parent, page, slot, level: 1, frame }, to)) {
      splitMapping(kernel, parent, from, slot, page);
      return "split";
    }
    getPage(kernel, frame);
    addWholeMapping(kernel, frame, 1, child.id);
  }
  kernel.count(Event.fork_entry);
  exports.updateEntry(slot, Pte.write, 0);
  exports.copyEntry(slot, to);
  exports.updateEntry(to, Pte.young | Pte.uffdWp, 0);
  return "copied";
}

/** What the program cannot do, it stops at: done here, one by one. */
function copyRun(kernel: Kernel, copying: Copying, { slot, page, to, count }: Run): boolean {
  const { fork: plain, forkPinned } = kernel.programs;
  const { address } = copying.parent.hasPinned ? forkPinned : plain;
  const bulk = isCow(copying.from.flags);
  kernel.count(Event.fork_entry, count);
  kernel.touchPages(count);
  if (!reserveBoth(kernel, slot, to)) return false;
  let done = 0;
  while (done < count) {
    if (bulk) {
      const [from, target] = [slot + 8 * done, to + 8 * done];
      const copied = kernel.mmu.exports.apply(address, from, target, count - done);
      kernel.pae.dupRun(from, target, copied);
      done += copied;
    }
    if (done === count) break;
    const at: Run = {
      slot: slot + 8 * done,
      page: page + done,
      to: to + 8 * done,
      count: count - done,
    };
    const copied = copyBatch(kernel, copying, at);
    if (copied === 0) return false;
    done += copied;
  }
  return true;
}

/**
 * Entries that map a large folio's pages side by side, alike but for young, go together; others alone. Returns how
 * many; 0 = no memory.
 */
function copyBatch(kernel: Kernel, copying: Copying, { slot, page, to, count }: Run): number {
  const { exports } = kernel.mmu;
  const flags = exports.entryFlags(slot);
  let batch = 1;
  const most = batchAt(kernel, slot, count);
  while (batch < most && ((exports.entryFlags(slot + 8 * batch) ^ flags) & Pte.dirty) === 0)
    batch++;
  if ((flags & Pte.present) !== 0) unfoldEnds(kernel, copying.parent, slot, page, batch);
  for (let i = 0; i < batch; i++) {
    const at = { slot: slot + 8 * i, page: page + i, to: to + 8 * i };
    if (!copyEntry(kernel, copying, at)) return 0;
    if (batch > 1) exports.updateEntry(to + 8 * i, Pte.contiguous, 0);
  }
  if (batch > 1) foldRun(kernel, to, page, exports.entryFrame(to, 0), batch);
  return batch;
}

type Place = Omit<Run, "count">;

function copyEntry(kernel: Kernel, copying: Copying, at: Place): boolean {
  const { slot, to } = at;
  const flags = kernel.mmu.exports.entryFlags(slot);
  if (flags === 0) return true;
  if ((flags & Pte.present) !== 0) return copyPresent(kernel, copying, at, flags);
  copyAbsent(kernel, slot, to, flags);
  return true;
}

/** copy_present_pte, for what is not a small anonymous page without pin. */
function copyPresent(
  kernel: Kernel,
  copying: Copying,
  { slot, page, to }: Place,
  flags: number,
): boolean {
  const { exports } = kernel.mmu;
  const { parent: mm } = copying;
  const cow = isCow(copying.from.flags);
  if ((flags & Pte.special) === 0) {
    const frame = exports.entryFrame(slot, 0);
    if (cow && !kernel.pae.dup({ mm, page, slot, level: 0, frame }, to)) {
      return copyPinned(kernel, copying, { page, to }, frame, flags);
    }
    getPage(kernel, frame);
    addMapping(kernel, frame, 1, copying.child.id);
  }
  if (cow && (flags & Pte.write) !== 0) exports.updateEntry(slot, Pte.write, 0);
  exports.copyEntry(slot, to);
  const clean = (copying.from.flags & VM_SHARED) !== 0 ? Pte.dirty : 0;
  exports.updateEntry(to, Pte.young | Pte.uffdWp | clean, 0);
  return true;
}

/** copy_present_page: the child gets its own copy now; the parent's entry stays as it is. */
function copyPinned(
  kernel: Kernel,
  { to: vma, child: mm }: Copying,
  { page, to }: Pick<Place, "page" | "to">,
  frame: number,
  flags: number,
): boolean {
  const copy = newAnonPage(kernel, stampOf(kernel, frame));
  if (copy === 0) return false;
  setFrameWord(kernel, copy, FRAME_OWNER, indexOf(kernel, frame));
  kernel.count(Event.page_copy);
  const writable = writeFlag(vma);
  const set = kernel.madeDirty | writable | (flags & Pte.young);
  kernel.mmu.exports.makeLeaf(to, 0, copy, pageProt(kernel, vma), set);
  kernel.pae.newX({ mm, page, slot: to, level: 0, frame: copy }, 1);
  return true;
}
