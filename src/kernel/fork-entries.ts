// What fork does to entries that map pages, or stand for some (mm/memory.c copy_present_ptes, copy_present_page;
// mm/huge_memory.c copy_huge_pmd).

import { FRAME_OWNER } from "../../assembly/abi/frames.js";
import { Pte } from "../layout/linux-flags.js";
import type { Reserved } from "../pae/types.js";
import { noDeposit } from "./allocation.js";
import { foldRun, unfoldEnds } from "./contpte.js";
import { Event } from "./events.js";
import { addMapping, addWholeMapping, getPage, newAnonPage, stampOf } from "./folio.js";
import { copyAbsent } from "./fork-absent.js";
import { setFrameWord } from "./frame-words.js";
import { isHugeZero } from "./huge-zero.js";
import type { Kernel } from "./kernel.js";
import { waitForMigration } from "./migrate.js";
import type { Mm } from "./mm.js";
import { pageProt, writeFlag } from "./page-prot.js";
import { batchAt } from "./pte-batch.js";
import { indexOf } from "./rmap.js";
import { splitMapping } from "./split-mapping.js";
import { isCow, VM_SHARED } from "./vm-flags.js";
import type { Vma } from "./vma.js";

/** Entries side by side: of the parent from `slot`, which maps `page`, to the child's from `to`. */
interface Run {
  readonly slot: number;
  readonly page: number;
  readonly to: number;
  readonly count: number;
}

export interface Copying {
  readonly parent: Mm;
  readonly child: Mm;
  readonly from: Vma;
  readonly to: Vma;
}

/** Both tables can say of their entries that they are not exclusive. */
function reserveBoth({ pae }: Kernel, slot: number, to: number, what: Reserved = {}): boolean {
  return pae.reserve(slot, what) && pae.reserve(to, what);
}

/** A scheme may keep fork out of folios in migration. */
function waitBeforeFork(kernel: Kernel, slot: number): void {
  if (!kernel.pae.waitsForMigration) return;
  if (waitForMigration(kernel, slot, kernel.mmu.exports.entryFlags(slot))) {
    kernel.pae.costs.add("waits");
  }
}

/** copy_huge_pmd. Where pages of it may be pinned, it is split, and its entries are to be copied. */
export function copyHuge(
  kernel: Kernel,
  { parent, child, from }: Copying,
  slot: number,
  page: number,
): "copied" | "split" | "no memory" {
  const { exports } = kernel.mmu;
  const to = exports.makeEntry(child.root, page, 1) >>> 0;
  if (to === 0 || noDeposit(kernel)) return "no memory";
  if (!reserveBoth(kernel, slot, to, { splits: true })) return "no memory";
  waitBeforeFork(kernel, slot);
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
  writeProtect(kernel, parent, slot);
  exports.copyEntry(slot, to);
  exports.updateEntry(to, Pte.young | Pte.uffdWp, 0);
  return "copied";
}

/** What the program cannot do, it stops at: done here, one by one. */
export function copyRun(kernel: Kernel, copying: Copying, { slot, page, to, count }: Run): boolean {
  const { fork: plain, forkPinned } = kernel.programs;
  const { address } = copying.parent.hasPinned ? forkPinned : plain;
  const bulk = isCow(copying.from.flags) && !kernel.pae.costs.exact && !kernel.steps.armed;
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
    letLockGo(kernel, copying.parent);
  }
  return true;
}

/** After a batch the page-table lock may be given up for a moment. */
function letLockGo(kernel: Kernel, mm: Mm): void {
  if (!kernel.steps.armed) return;
  const folio = kernel.pae.waitsForMigration;
  kernel.steps.pass("fork-batch", { call: "fork", mm, table: false, folio });
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
  const alike = Pte.dirty & ~kernel.pae.dupMayDiffer(flags);
  while (batch < most && ((exports.entryFlags(slot + 8 * batch) ^ flags) & alike) === 0) batch++;
  if ((flags & Pte.present) !== 0) kernel.pae.costs.forked(batch);
  if ((flags & Pte.present) !== 0) unfoldEnds(kernel, copying.parent, slot, page, batch);
  let shared = batch > 1;
  for (let i = 0; i < batch; i++) {
    const at = { slot: slot + 8 * i, page: page + i, to: to + 8 * i };
    if (!copyEntry(kernel, copying, at)) return 0;
    if (batch > 1) exports.updateEntry(at.to, Pte.contiguous, 0);
    // A pinned page's copy is no part of the folio.
    shared &&= exports.entryFrame(at.to, 0) === exports.entryFrame(at.slot, 0);
  }
  if (shared) foldRun(kernel, to, page, exports.entryFrame(to, 0), batch);
  return batch;
}

type Place = Omit<Run, "count">;

function copyEntry(kernel: Kernel, copying: Copying, at: Place): boolean {
  const { slot, to } = at;
  waitBeforeFork(kernel, slot);
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
  if (cow && (flags & Pte.write) !== 0) writeProtect(kernel, mm, slot);
  exports.copyEntry(slot, to);
  const clean = (copying.from.flags & VM_SHARED) !== 0 ? Pte.dirty : 0;
  exports.updateEntry(to, Pte.young | Pte.uffdWp | clean, 0);
  return true;
}

/**
 * ptep_set_wrprotect. What a CPU sets in the entry meanwhile stays there, unless the architecture reads and stores: then
 * it is lost.
 */
function writeProtect(kernel: Kernel, mm: Mm, slot: number): void {
  const { exports } = kernel.mmu;
  if (!kernel.steps.armed) {
    exports.updateEntry(slot, Pte.write, 0);
    return;
  }
  const read = exports.updateEntry(slot, 0, 0);
  kernel.steps.pass("fork-read", { call: "fork", mm, table: true, folio: true });
  const stores = kernel.has("wrprotectStores") || kernel.lacks("atomic-wrprotect");
  const lost = stores ? (Pte.young | Pte.dirty) & ~read : 0;
  exports.updateEntry(slot, Pte.write | lost, 0);
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
