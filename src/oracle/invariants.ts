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
import { type HugeVma, hugetlbSlot, isHugetlb } from "../kernel/hugetlb.js";
import { hugeFlags, isUniform } from "../kernel/hugetlb-entry.js";
import type { Kernel } from "../kernel/kernel.js";
import type { Mm } from "../kernel/mm.js";
import { PG_ANON, PG_HUGETLB, PG_KSM, PG_SWAPCACHE, PIN_BIAS } from "../kernel/page-flags.js";
import type { SharedObject } from "../kernel/shared-object.js";
import { isCow, VM_UFFD_WP, VM_WRITE } from "../kernel/vm-flags.js";
import { lookAtEntries, NO_HUGE } from "../kernel/walk-entries.js";
import { Pte } from "../layout/linux-flags.js";
import { seesX } from "../pae/observe.js";
import { Audit, type Violation } from "./audit.js";

/** Who else holds pages, and for whom all this is. */
export interface AuditScope {
  /** Every address space that is alive. */
  readonly spaces: readonly Mm[];
  /** Frames that processes hold pinned, one for each pin. */
  readonly pinned: readonly number[];
}

/** Checks a kernel's state. */
export function checkKernel(kernel: Kernel, { spaces, pinned }: AuditScope): Violation[] {
  const audit = new Audit(kernel);
  for (const file of kernel.files.values()) audit.users.set(file, 0);
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
  checkQueue(audit);
  return audit.violations;
}

/** sanity_check_pinned_pages: an anonymous page stays exclusive while it is pinned. Zero pages count nothing. */
function checkPinned(audit: Audit, frame: number): void {
  const { kernel } = audit;
  const head = headOf(kernel, frame);
  if (frame === kernel.zeroFrame || isHugeZero(kernel, head)) return;
  audit.pins.add(head);
  const anon = (pageFlags(kernel, frame) & PG_ANON) !== 0;
  const mapped = audit.maps.of(frame) + audit.wholes.of(head) > 0;
  const exclusive = audit.exclusive.of(frame) + audit.exclusiveWholes.of(head) > 0;
  // The process may have unmapped it, and keep the pin.
  if (anon && mapped && !exclusive) {
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
  let from = 0;
  for (const vma of [...mm.vmas.all.filter(isHugetlb), null]) {
    lookAtEntries(audit.kernel, mm.root, from, vma?.start ?? mm.limit, visit, (slot, page) => {
      checkEntry(audit, mm, slot, page, 1);
      return false;
    });
    if (vma !== null) checkHugetlb(audit, mm, vma);
    from = vma?.end ?? mm.limit;
  }
}

/** Every entry of such a mapping is of the pool's level, and maps a page of the pool. */
function checkHugetlb(audit: Audit, mm: Mm, vma: HugeVma): void {
  const { kernel } = audit;
  const { exports } = kernel.mmu;
  const { pool } = vma.huge;
  const { level, pages } = pool;
  for (let page = vma.start; page < vma.end; page += pages) {
    const slot = hugetlbSlot(kernel, mm, vma, page);
    const flags = slot === 0 ? 0 : hugeFlags(kernel, pool, slot);
    if (flags === 0) continue;
    checkEntry(audit, mm, slot, page, level);
    if (!isUniform(kernel, pool, slot)) {
      audit.complain("entries of a huge page are alike", `mm ${mm.id} page ${page}`);
    }
    const present = (flags & Pte.present) !== 0;
    if (present && (pageFlags(kernel, exports.entryFrame(slot, level)) & PG_HUGETLB) === 0) {
      audit.complain("huge pages are the pool's", `mm ${mm.id} page ${page}`);
    }
  }
}

/** @param level 0: a last-level entry; above: one that maps a huge page */
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
  const whole = level > 0 || isHugetlb(vma);
  (whole ? audit.wholes : audit.maps).add(frame);
  const page0 = pageFlags(kernel, frame);
  const exclusive = seesX(kernel, slot, level, frame);
  if (exclusive) (whole ? audit.exclusiveWholes : audit.exclusive).add(frame);
  if (write && isCow(vma.flags) && !exclusive) {
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
  lookAtEntries(kernel, object.root, 0, object.pages, visit, NO_HUGE);
}

function checkPage(audit: Audit, page: number): void {
  const { kernel } = audit;
  const maps = audit.maps.of(page);
  const counted = frameWord(kernel, page, FRAME_MAPS);
  if (counted !== maps) {
    audit.complain("mappings", `page ${page}: counted ${counted}, are ${maps}`);
  }
  if (audit.exclusive.of(page) === 0) return;
  const all = maps + audit.wholes.of(headOf(kernel, page));
  if (all !== 1 || (pageFlags(kernel, page) & PG_ANON) === 0) {
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
  const exclusive = audit.exclusive.of(head) + audit.exclusiveWholes.of(head) > 0;
  const others = wholes - 1 + maps;
  if (audit.exclusiveWholes.of(head) > 0 && others > 0) {
    audit.complain("I1: exclusive pages are anonymous and mapped once", `${where}: ${others} more`);
  }
  if ((flags & PG_KSM) !== 0 && exclusive) {
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
  const idle = checkPools(audit, heads);
  const frames = idle + heads.reduce((sum, head) => sum + pagesOf(kernel, head), 0);
  if (inUse !== frames) {
    audit.complain("no leaks", `${inUse} frames in use, ${frames} reachable`);
  }
}

/** What waits to be split is a large folio of anonymous memory, and somebody has it. */
function checkQueue(audit: Audit): void {
  const { kernel } = audit;
  const heads = audit.heads();
  for (const head of kernel.deferredSplit) {
    const anonymous = (pageFlags(kernel, head) & PG_ANON) !== 0;
    if (heads.has(head) && anonymous && isLarge(kernel, head)) continue;
    audit.complain("queued folios are large, and alive", `folio ${head}`);
  }
}

/** Pages of pools that are handed out are those that something holds. Returns the frames of the others. */
function checkPools(audit: Audit, heads: readonly number[]): number {
  const { kernel } = audit;
  const held = heads.filter((head) => (pageFlags(kernel, head) & PG_HUGETLB) !== 0);
  let idle = 0;
  for (const { order, inUse, idle: pages } of kernel.hugePools) {
    const found = held.filter((head) => orderOf(kernel, head) === order).length;
    if (found !== inUse) {
      audit.complain("pools", `order ${order}: ${inUse} pages handed out, ${found} held`);
    }
    idle += pages.length * 2 ** order;
  }
  return idle;
}

/** The huge zero page does not keep its order. */
function pagesOf(kernel: Kernel, head: number): number {
  if (!isHugeZero(kernel, head)) return 2 ** orderOf(kernel, head);
  return 2 ** (kernel.hardware.halves[0].levels[0]?.indexBits ?? 0);
}
