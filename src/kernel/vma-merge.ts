// Which VMAs become one (mm/vma.c; up to 6.9 mm/mmap.c). Two neighbours merge when nothing but their
// addresses tells them apart:
//
//   prev | middle | next       same flags but VM_SOFTDIRTY, same object at continuous offsets, same
//                              userfaultfd, and anon_vmas that go together
//
// (kernel.vmSoftDirty says which kernels, and which proposals, let VM_SOFTDIRTY tell them apart, too.)
//
// The VMA that survives keeps its own flags; the caller then writes those of the part that changed. That is
// how VM_SOFTDIRTY of the others is lost, or spreads, up to 6.18; later it is sticky.

import { noMemory } from "./allocation.js";
import { type AnonVmaHolder, isForkChild, isSingular, shareAnonVma } from "./anon-vma.js";
import { Event } from "./events.js";
import type { Kernel } from "./kernel.js";
import { isFull } from "./map-count.js";
import type { Mm } from "./mm.js";
import { splitAcross } from "./split-mapping.js";
import { VM_ACCESS_FLAGS, VM_HUGETLB, VM_SOFTDIRTY } from "./vm-flags.js";
import { dropVma, type Vma } from "./vma.js";
import { splitVma } from "./vma-split.js";

/** Cache lines of VMAs and tree nodes that a merge touches, to the nearest round number (cache-lines.ts). */
const MERGE_LINES = 10;

/** What a part of an address space is about to become. */
export type VmaPart = Pick<
  Vma,
  "start" | "end" | "flags" | "pgoff" | "object" | "uffd" | "anonVma" | "anonChain"
>;

/** Flags that do not keep VMAs apart. */
function ignored({ vmSoftDirty }: Kernel): number {
  return vmSoftDirty === "plain" || vmSoftDirty === "sticky" ? VM_SOFTDIRTY : 0;
}

/** Everything but anon_vma (`is_mergeable_vma`, and the offsets). Huge pages of a pool never merge (VM_SPECIAL). */
function sameKind(kernel: Kernel, before: VmaPart, behind: VmaPart): boolean {
  return (
    before.end === behind.start &&
    (before.flags & VM_HUGETLB) === 0 &&
    ((before.flags ^ behind.flags) & ~ignored(kernel)) === 0 &&
    before.object === behind.object &&
    before.uffd === behind.uffd &&
    before.pgoff + (before.end - before.start) === behind.pgoff
  );
}

/**
 * Whether a VMA's anon_vma allows that it takes a part in (`is_mergeable_anon_vma`). A VMA cloned from a parent
 * has more than one in its chain, and does not merge with one that has another or none.
 * @param part its chain counts where an existing VMA is merged into one without anon_vma
 */
function anonVmasAgree(kernel: Kernel, target: AnonVmaHolder, part: AnonVmaHolder): boolean {
  if (target.anonVma === part.anonVma) return true;
  if (target.anonVma !== null && part.anonVma !== null) return false;
  if (target.anonVma !== null) return isSingular(target);
  return kernel.has("anonVmaOneSided") && !isForkChild(part);
}

/** Whether the neighbours of a part also go together (`are_anon_vmas_compatible`). */
function endsAgree(prev: AnonVmaHolder, next: AnonVmaHolder): boolean {
  return prev.anonVma === null || next.anonVma === null || prev.anonVma === next.anonVma;
}

/** The neighbours that a part of an address space can merge with. */
export interface Neighbours {
  readonly prev: Vma | null;
  readonly next: Vma | null;
}

/** Neighbours of [start, end), which are the part's own or of nobody. */
function mergeable(kernel: Kernel, mm: Mm, part: VmaPart): Neighbours {
  const before = mm.vmas.endingBefore(part.start);
  const behind = mm.vmas.atOrAfter(part.end);
  const prev = before !== null && joins(kernel, before, part, before) ? before : null;
  const after = behind !== null && joins(kernel, part, behind, behind) ? behind : null;
  const next = prev === null || after === null || endsAgree(prev, after) ? after : null;
  return { prev, next };
}

/** Whether `target`, which is one of both, can take the other in. */
function joins(kernel: Kernel, before: VmaPart, behind: VmaPart, target: VmaPart): boolean {
  const part = target === before ? behind : before;
  return sameKind(kernel, before, behind) && anonVmasAgree(kernel, target, part);
}

function takeSticky(kernel: Kernel, target: Vma, part: VmaPart): void {
  if (kernel.vmSoftDirty === "sticky") target.flags |= part.flags & VM_SOFTDIRTY;
}

/** The survivor takes the other's anon_vma if it has none (`dup_anon_vma`). */
function takeAnonVma(target: Vma, part: AnonVmaHolder): void {
  if (target.anonVma === null && part.anonVma !== null) shareAnonVma(target, part);
}

/** Whether that needs memory, and there is none: nothing is merged then. */
function cannotTake(kernel: Kernel, target: Vma, parts: readonly AnonVmaHolder[]): boolean {
  return (
    target.anonVma === null && parts.some(({ anonVma }) => anonVma !== null) && noMemory(kernel)
  );
}

/**
 * Merges a part with its neighbours; VMAs within the part go. Returns the survivor, whose flags are its own,
 * or null when nothing merges.
 */
export function mergePart(kernel: Kernel, mm: Mm, part: VmaPart): Vma | null {
  const { prev, next } = mergeable(kernel, mm, part);
  const target = prev ?? next;
  if (target === null) return null;
  const end = next === null ? part.end : next.end;
  const gone = mm.vmas.within(part.start, end).filter((vma) => vma !== target);
  if (cannotTake(kernel, target, [part, ...gone])) return null;
  kernel.count(Event.vma_merge, gone.length);
  kernel.touchVmas(MERGE_LINES * Math.max(1, gone.length), mm.vmas.count);
  if (gone.length === 0) kernel.count(Event.vma_adjust);
  for (const each of [part, ...gone]) {
    takeAnonVma(target, each);
    takeSticky(kernel, target, each);
  }
  if (target.object !== null) target.object.users -= gone.length;
  for (const vma of gone) dropVma(mm.vmas, vma);
  if (prev === null) {
    mm.vmas.remove(target);
    target.pgoff = part.pgoff;
    target.start = part.start;
    mm.vmas.insert(target);
  }
  target.end = end;
  return target;
}

/** What `modifyVma` changes. */
export type VmaChange = Partial<Pick<Vma, "flags" | "uffd">>;

/**
 * Gives [start, end) of a VMA other flags (`vma_modify`): merges it with its neighbours where that makes them
 * alike, else splits it off. Returns the VMA that now holds the range, with the new flags; null = no memory.
 */
export function modifyVma(
  kernel: Kernel,
  mm: Mm,
  vma: Vma,
  start: number,
  end: number,
  change: VmaChange,
): Vma | null {
  kernel.locks.startWrite(vma);
  const flags = change.flags ?? vma.flags;
  const uffd = change.uffd === undefined ? vma.uffd : change.uffd;
  const pgoff = vma.pgoff + (start - vma.start);
  const part: VmaPart = { ...vma, start, end, flags, uffd, pgoff };
  const { failures } = kernel.mmu.exports;
  const before = failures.valueOf();
  const merged = mergeInto(kernel, mm, vma, part);
  if (merged === null && failures.valueOf() !== before && kernel.has("mergeNeedsMemory"))
    return null;
  const target = merged ?? cutOut(kernel, mm, vma, start, end);
  if (target === null) return null;
  const sticky = kernel.vmSoftDirty === "sticky" ? target.flags & VM_SOFTDIRTY : 0;
  target.flags = flags | sticky;
  target.uffd = uffd;
  return target;
}

/** Merging changes the borders of the VMA itself where the part is not all of it. */
function mergeInto(kernel: Kernel, mm: Mm, vma: Vma, part: VmaPart): Vma | null {
  const head = vma.start < part.start;
  const tail = vma.end > part.end;
  if (head && tail) return null;
  if (!head && !tail) return mergePart(kernel, mm, part);
  const neighbour = head ? mm.vmas.after(vma) : mm.vmas.before(vma);
  if (neighbour === null) return null;
  const fits = head
    ? joins(kernel, part, neighbour, neighbour)
    : joins(kernel, neighbour, part, neighbour);
  if (!fits || cannotTake(kernel, neighbour, [part])) return null;
  kernel.count(Event.vma_adjust);
  kernel.touchVmas(MERGE_LINES, mm.vmas.count);
  splitAcross(kernel, mm, vma, head ? part.start : part.end);
  takeAnonVma(neighbour, part);
  takeSticky(kernel, neighbour, part);
  if (head) {
    vma.end = part.start;
    neighbour.pgoff -= neighbour.start - part.start;
    neighbour.start = part.start;
  } else {
    vma.pgoff += part.end - vma.start;
    vma.start = part.end;
    neighbour.end = part.end;
  }
  return neighbour;
}

function cutOut(kernel: Kernel, mm: Mm, vma: Vma, start: number, end: number): Vma | null {
  const from = vma.start < start ? cutAt(kernel, mm, vma, start) : vma;
  if (from !== null && from.end > end && cutAt(kernel, mm, from, end) === null) return null;
  return from;
}

/** split_vma. */
function cutAt(kernel: Kernel, mm: Mm, vma: Vma, page: number): Vma | null {
  return isFull(kernel, mm) ? null : splitVma(kernel, mm, vma, page);
}

/** An anon_vma that a VMA without one may share with a neighbour (`find_mergeable_anon_vma`). */
export function reusableAnonVma(kernel: Kernel, mm: Mm, vma: Vma): Vma["anonVma"] {
  const next = mm.vmas.after(vma);
  if (next !== null && isReusable(kernel, vma, next, next)) return next.anonVma;
  const prev = mm.vmas.before(vma);
  return prev !== null && isReusable(kernel, prev, vma, prev) ? prev.anonVma : null;
}

/** `anon_vma_compatible`: rights may differ, because mprotect may make them alike later. */
function isReusable(kernel: Kernel, before: Vma, behind: Vma, owner: Vma): boolean {
  return (
    before.end === behind.start &&
    ((before.flags ^ behind.flags) & ~(VM_ACCESS_FLAGS | ignored(kernel))) === 0 &&
    before.object === behind.object &&
    before.huge?.file === behind.huge?.file &&
    before.pgoff + (before.end - before.start) === behind.pgoff &&
    owner.anonVma !== null &&
    isSingular(owner)
  );
}
