// What must hold of a kernel's state between two operations, whatever came before: every reference, mapping
// and right counted anew from page tables and page caches. Slow, and independent of how the kernel counts.
//
//   frame:  refs = entries that map it + 1 if a page cache holds it + pins      maps = entries that map it
//   entry:  exclusive => the only one; private and writable => exclusive; uffd-wp => not writable
//   VMA:    in order, apart; holds every filled entry; grants every right that an entry has
//   pool:   frames in use = frames reachable + the zero page

import { mapsOf, pageFlags, refsOf } from "../kernel/folio.js";
import type { Kernel } from "../kernel/kernel.js";
import type { Mm } from "../kernel/mm.js";
import { PG_ANON, PG_EXCLUSIVE, PG_LARGE, PIN_BIAS } from "../kernel/page-flags.js";
import type { SharedObject } from "../kernel/shared-object.js";
import { isCow, VM_UFFD_WP, VM_WRITE } from "../kernel/vm-flags.js";
import type { Vma } from "../kernel/vma.js";
import { forEachEntry } from "../kernel/walk-entries.js";
import { Pte } from "../layout/linux-flags.js";

/** Something that must not be. */
export interface Violation {
  /** Which rule. */
  readonly id: string;
  readonly text: string;
}

/** What holds a frame. */
interface Holders {
  maps: number;
  caches: number;
}

class Audit {
  readonly violations: Violation[] = [];
  readonly frames = new Map<number, Holders>();
  readonly users = new Map<SharedObject, number>();

  constructor(readonly kernel: Kernel) {}

  complain(id: string, text: string): void {
    this.violations.push({ id, text });
  }

  holders(frame: number): Holders {
    const found = this.frames.get(frame) ?? { maps: 0, caches: 0 };
    this.frames.set(frame, found);
    return found;
  }
}

/**
 * Checks a kernel's state.
 * @param spaces every address space that is alive
 */
export function checkKernel(kernel: Kernel, spaces: Iterable<Mm>): Violation[] {
  const audit = new Audit(kernel);
  for (const mm of spaces) {
    checkVmas(audit, mm);
    forEachEntry(kernel, mm.root, 0, mm.limit, (slot, page) => {
      const flags = kernel.mmu.exports.entryFlags(slot);
      if (flags !== 0) checkEntry(audit, mm, slot, page, flags);
    });
  }
  for (const [object, users] of audit.users) checkObject(audit, object, users);
  for (const [frame, holders] of audit.frames) checkFrame(audit, frame, holders);
  checkPool(audit);
  return audit.violations;
}

function checkVmas(audit: Audit, mm: Mm): void {
  let end = 0;
  for (const vma of mm.vmas.all) {
    if (vma.start < end || vma.end <= vma.start || vma.end > mm.limit) {
      audit.complain("VMAs in order", `mm ${mm.id}: ${vma.start}..${vma.end} behind ${end}`);
    }
    end = vma.end;
    const { object } = vma;
    if (object !== null) audit.users.set(object, (audit.users.get(object) ?? 0) + 1);
  }
}

function checkEntry(audit: Audit, mm: Mm, slot: number, page: number, flags: number): void {
  const vma = mm.vmas.at(page);
  const where = `mm ${mm.id} page ${page}`;
  if (vma === null) {
    audit.complain("no entry outside VMAs", where);
    return;
  }
  if ((flags & Pte.present) === 0) return;
  const write = (flags & Pte.write) !== 0;
  if (write && (vma.flags & VM_WRITE) === 0) audit.complain("rights within the VMA's", where);
  const wp = (flags & Pte.uffdWp) !== 0 && (vma.flags & VM_UFFD_WP) !== 0;
  if (write && wp) audit.complain("I12: uffd-wp entries are not writable", where);
  if ((flags & Pte.special) !== 0) {
    if (write) audit.complain("the zero page is not writable", where);
    return;
  }
  const frame = audit.kernel.mmu.exports.entryFrame(slot, 0);
  audit.holders(frame).maps++;
  const exclusive = (pageFlags(audit.kernel, frame) & PG_EXCLUSIVE) !== 0;
  if (write && isCow(vma.flags) && !exclusive) {
    audit.complain("I2: private writable entries are exclusive", where);
  }
  checkKind(audit, vma, frame, where);
}

function checkKind(audit: Audit, vma: Vma, frame: number, where: string): void {
  const anon = (pageFlags(audit.kernel, frame) & PG_ANON) !== 0;
  if (anon !== (vma.object === null)) audit.complain("pages are of their mapping's kind", where);
}

function checkObject(audit: Audit, object: SharedObject, users: number): void {
  const { kernel } = audit;
  const { exports } = kernel.mmu;
  if (object.users !== users) {
    audit.complain("users of objects", `object ${object.id}: ${object.users}, VMAs ${users}`);
  }
  forEachEntry(kernel, object.root, 0, object.pages, (slot) => {
    if ((exports.entryFlags(slot) & Pte.present) === 0) return;
    audit.holders(exports.entryFrame(slot, 0)).caches++;
  });
}

function checkFrame(audit: Audit, frame: number, { maps, caches }: Holders): void {
  const { kernel } = audit;
  const flags = pageFlags(kernel, frame);
  const where = `frame ${frame}`;
  if ((flags & PG_EXCLUSIVE) !== 0 && (maps !== 1 || (flags & PG_ANON) === 0)) {
    audit.complain("I1: exclusive pages are anonymous and mapped once", `${where}: ${maps}`);
  }
  // Large folios count their references at the head.
  if ((flags & PG_LARGE) !== 0) return;
  const counted = mapsOf(kernel, frame);
  if (counted !== maps) audit.complain("mappings", `${where}: counted ${counted}, are ${maps}`);
  const extra = refsOf(kernel, frame) - maps - caches;
  if (extra < 0 || extra % PIN_BIAS !== 0) {
    audit.complain("references", `${where}: ${extra} more than ${maps} maps, ${caches} caches`);
  }
}

function checkPool(audit: Audit): void {
  const { kernel, frames } = audit;
  const inUse = kernel.config.frames - 1 - kernel.mmu.exports.freeFrameCount();
  const reachable = frames.size + 1;
  const large = [...frames.keys()].some((each) => (pageFlags(kernel, each) & PG_LARGE) !== 0);
  if (!large && inUse !== reachable) {
    audit.complain("no leaks", `${inUse} frames in use, ${reachable} reachable`);
  }
}

/**
 * Checks that an access which went through was allowed by the tables, and reached their frame: else a TLB
 * held what it must not.
 */
export function checkAccess(
  kernel: Kernel,
  mm: Mm,
  page: number,
  write: boolean,
  frame: number,
): Violation[] {
  const { exports } = kernel.mmu;
  const slot = exports.findEntry(mm.root, page, 0) >>> 0;
  // A leaf above: the base page within it is that of the address.
  if (slot === 0) return [];
  const flags = exports.entryFlags(slot);
  const needs = Pte.present | (write ? Pte.write : 0);
  const allowed = (flags & needs) === needs && (flags & Pte.protnone) === 0;
  const reached = allowed && exports.entryFrame(slot, 0) === frame;
  if (reached) return [];
  const what = allowed ? `frame ${frame} is not the table's` : "the tables do not allow it";
  return [{ id: "TLB", text: `mm ${mm.id} page ${page} ${write ? "write" : "read"}: ${what}` }];
}
