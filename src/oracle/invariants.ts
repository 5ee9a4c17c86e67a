// What must hold of a kernel's state between two operations, whatever came before: every reference, mapping
// and right counted anew from page tables, page caches and the swap cache. Slow, and independent of how the
// kernel counts.
//
//   folio:  refs = entries that map its pages + entries that map it whole + caches + pins
//   page:   maps = entries that map it by itself
//   entry:  exclusive => the only one; private and writable => exclusive; uffd-wp => not writable
//   VMA:    in order, apart; holds every filled entry; grants every right that an entry has
//   pool:   frames in use = frames of folios that are reachable, pinned or zero pages

import { FRAME_MAPS } from "../../assembly/abi/frames.js";
import { headOf, isLarge, orderOf, pageFlags, refsOf, wholeMapsOf } from "../kernel/folio.js";
import { frameWord } from "../kernel/frame-words.js";
import { isHugeZero } from "../kernel/huge-zero.js";
import type { Kernel } from "../kernel/kernel.js";
import type { Mm } from "../kernel/mm.js";
import { PG_ANON, PG_EXCLUSIVE, PG_KSM, PG_SWAPCACHE, PIN_BIAS } from "../kernel/page-flags.js";
import type { SharedObject } from "../kernel/shared-object.js";
import { isCow, VM_UFFD_WP, VM_WRITE } from "../kernel/vm-flags.js";
import { forEachEntry, hugeEntryAt, hugeStart, NO_HUGE } from "../kernel/walk-entries.js";
import { Pte } from "../layout/linux-flags.js";

/** Something that must not be. */
export interface Violation {
  /** Which rule. */
  readonly id: string;
  readonly text: string;
}

/** Who else holds pages, and for whom all this is. */
export interface AuditScope {
  /** Every address space that is alive. */
  readonly spaces: readonly Mm[];
  /** Frames that processes hold pinned, one for each pin. */
  readonly pinned: readonly number[];
}

/** What maps a page, or a folio as a whole. */
class Counts {
  private readonly counts = new Map<number, number>();

  add(key: number, by = 1): void {
    this.counts.set(key, this.of(key) + by);
  }

  of(key: number): number {
    return this.counts.get(key) ?? 0;
  }

  keys(): Iterable<number> {
    return this.counts.keys();
  }
}

class Audit {
  readonly violations: Violation[] = [];
  /** By page. */
  readonly maps = new Counts();
  /** By head: mappings of the whole, page caches, pins. */
  readonly wholes = new Counts();
  readonly caches = new Counts();
  readonly pins = new Counts();
  readonly users = new Map<SharedObject, number>();

  constructor(readonly kernel: Kernel) {}

  complain(id: string, text: string): void {
    this.violations.push({ id, text });
  }

  /** Heads of all folios that something holds. */
  heads(): Set<number> {
    const { kernel } = this;
    const pages = [...this.maps.keys()].map((page) => headOf(kernel, page));
    return new Set([...pages, ...this.wholes.keys(), ...this.caches.keys(), ...this.pins.keys()]);
  }
}

/** Checks a kernel's state. */
export function checkKernel(kernel: Kernel, { spaces, pinned }: AuditScope): Violation[] {
  const audit = new Audit(kernel);
  for (const mm of spaces) checkSpace(audit, mm);
  for (const [object, users] of audit.users) checkObject(audit, object, users);
  const { cached, size } = kernel.swap;
  for (let slot = 0; slot < size; slot++) {
    const frame = cached[slot] ?? 0;
    if (frame !== 0) audit.caches.add(headOf(kernel, frame));
  }
  for (const [from, to] of kernel.migrations) {
    audit.caches.add(from);
    audit.caches.add(to);
  }
  for (const frame of pinned) checkPinned(audit, frame);
  for (const page of audit.maps.keys()) checkPage(audit, page);
  for (const head of audit.heads()) checkFolio(audit, head);
  checkPool(audit);
  return audit.violations;
}

/** sanity_check_pinned_pages: an anonymous page stays exclusive while it is pinned. Zero pages count nothing. */
function checkPinned(audit: Audit, frame: number): void {
  const { kernel } = audit;
  const head = headOf(kernel, frame);
  if (frame === kernel.zeroFrame || isHugeZero(kernel, head)) return;
  audit.pins.add(head);
  const flags = pageFlags(kernel, frame) | pageFlags(kernel, head);
  if ((flags & PG_ANON) !== 0 && (flags & PG_EXCLUSIVE) === 0) {
    audit.complain("I3: pinned pages are exclusive", `page ${frame}`);
  }
}

function checkSpace(audit: Audit, mm: Mm): void {
  const { exports } = audit.kernel.mmu;
  let end = 0;
  for (const vma of mm.vmas.all) {
    if (vma.start < end || vma.end <= vma.start || vma.end > mm.limit) {
      audit.complain("VMAs in order", `mm ${mm.id}: ${vma.start}..${vma.end} behind ${end}`);
    }
    end = vma.end;
    const { object } = vma;
    if (object !== null) audit.users.set(object, (audit.users.get(object) ?? 0) + 1);
  }
  const visit = (slot: number, page: number): void => {
    const flags = exports.entryFlags(slot);
    if (flags !== 0) checkEntry(audit, mm, slot, page, 0);
  };
  forEachEntry(audit.kernel, mm.root, 0, mm.limit, visit, (slot, page) => {
    checkEntry(audit, mm, slot, page, 1);
    return false;
  });
}

/** @param level 0: a last-level entry; 1: one that maps a huge page */
function checkEntry(audit: Audit, mm: Mm, slot: number, page: number, level: number): void {
  const { kernel } = audit;
  const { exports } = kernel.mmu;
  const flags = exports.entryFlags(slot);
  const vma = mm.vmas.at(page);
  const where = `mm ${mm.id} page ${page}`;
  if (vma === null) {
    audit.complain("no entry outside VMAs", where);
    return;
  }
  if ((flags & Pte.present) === 0) return;
  const write = (flags & Pte.write) !== 0;
  const wp = (flags & Pte.uffdWp) !== 0 && (vma.flags & VM_UFFD_WP) !== 0;
  if (write && (vma.flags & VM_WRITE) === 0) audit.complain("rights within the VMA's", where);
  if (write && wp) audit.complain("I12: uffd-wp entries are not writable", where);
  const frame = (flags & Pte.special) !== 0 ? 0 : exports.entryFrame(slot, level);
  if (frame === 0 || isHugeZero(kernel, frame)) {
    if (write) audit.complain("the zero page is not writable", where);
    return;
  }
  (level === 0 ? audit.maps : audit.wholes).add(frame);
  const page0 = pageFlags(kernel, frame);
  if (write && isCow(vma.flags) && (page0 & PG_EXCLUSIVE) === 0) {
    audit.complain("I2: private writable entries are exclusive", where);
  }
  if (((page0 & PG_ANON) !== 0) !== (vma.object === null)) {
    audit.complain("pages are of their mapping's kind", where);
  }
}

function checkObject(audit: Audit, object: SharedObject, users: number): void {
  const { kernel } = audit;
  const { exports } = kernel.mmu;
  if (object.users !== users) {
    audit.complain("users of objects", `object ${object.id}: ${object.users}, VMAs ${users}`);
  }
  const visit = (slot: number): void => {
    if ((exports.entryFlags(slot) & Pte.present) === 0) return;
    audit.caches.add(headOf(kernel, exports.entryFrame(slot, 0)));
  };
  forEachEntry(kernel, object.root, 0, object.pages, visit, NO_HUGE);
}

function checkPage(audit: Audit, page: number): void {
  const { kernel } = audit;
  const maps = audit.maps.of(page);
  const counted = frameWord(kernel, page, FRAME_MAPS);
  if (counted !== maps) {
    audit.complain("mappings", `page ${page}: counted ${counted}, are ${maps}`);
  }
  const flags = pageFlags(kernel, page);
  if ((flags & PG_EXCLUSIVE) === 0) return;
  const all = maps + audit.wholes.of(headOf(kernel, page));
  if (all !== 1 || (flags & PG_ANON) === 0) {
    audit.complain("I1: exclusive pages are anonymous and mapped once", `page ${page}: ${all}`);
  }
}

function checkFolio(audit: Audit, head: number): void {
  const { kernel } = audit;
  const pages = 2 ** orderOf(kernel, head);
  let maps = 0;
  for (let i = 0; i < pages; i++) maps += audit.maps.of(head + i);
  const wholes = audit.wholes.of(head);
  const where = `folio ${head} of ${pages}`;
  if (isLarge(kernel, head) && wholeMapsOf(kernel, head) !== wholes) {
    audit.complain("mappings", `${where}: as a whole ${wholeMapsOf(kernel, head)}, are ${wholes}`);
  }
  const flags = pageFlags(kernel, head);
  if (wholes > 1 && (flags & PG_EXCLUSIVE) !== 0) {
    audit.complain("I1: exclusive pages are anonymous and mapped once", `${where}: ${wholes}`);
  }
  if ((flags & (PG_KSM | PG_EXCLUSIVE)) === (PG_KSM | PG_EXCLUSIVE)) {
    audit.complain("I7: KSM pages are not exclusive", where);
  }
  const inSwapCache = (flags & PG_SWAPCACHE) !== 0;
  const pins = audit.pins.of(head) * (isLarge(kernel, head) ? 1 : PIN_BIAS);
  const caches = audit.caches.of(head);
  const want = maps + wholes + caches + pins;
  if (refsOf(kernel, head) !== want) {
    const cached = inSwapCache ? ", in the swap cache" : "";
    audit.complain("references", `${where}${cached}: ${refsOf(kernel, head)}, should be ${want}`);
  }
}

function checkPool(audit: Audit): void {
  const { kernel } = audit;
  const inUse = kernel.config.frames - 1 - kernel.mmu.exports.freeFrameCount();
  const heads = [...audit.heads(), kernel.zeroFrame];
  if (kernel.hugeZeroFrame !== 0) heads.push(kernel.hugeZeroFrame);
  const frames = heads.reduce((sum, head) => sum + pagesOf(kernel, head), 0);
  if (inUse !== frames) {
    audit.complain("no leaks", `${inUse} frames in use, ${frames} reachable`);
  }
}

/** The huge zero page does not keep its order. */
function pagesOf(kernel: Kernel, head: number): number {
  if (!isHugeZero(kernel, head)) return 2 ** orderOf(kernel, head);
  return 2 ** (kernel.hardware.halves[0].levels[0]?.indexBits ?? 0);
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
  const huge = hugeEntryAt(kernel, mm.root, page);
  const slot = huge !== 0 ? huge : exports.findEntry(mm.root, page, 0) >>> 0;
  const flags = slot === 0 ? 0 : exports.entryFlags(slot);
  const needs = Pte.present | (write ? Pte.write : 0);
  const allowed = (flags & needs) === needs && (flags & Pte.protnone) === 0;
  const base = huge !== 0 ? page - hugeStart(kernel, page) : 0;
  const reached = allowed && exports.entryFrame(slot, huge !== 0 ? 1 : 0) + base === frame;
  if (reached) return [];
  const what = allowed ? `frame ${frame} is not the table's` : "the tables do not allow it";
  return [{ id: "TLB", text: `mm ${mm.id} page ${page} ${write ? "write" : "read"}: ${what}` }];
}
