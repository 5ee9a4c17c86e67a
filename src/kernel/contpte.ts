// Contiguous groups of last-level entries (arch/arm64/mm/contpte.c): 16 entries with 4 KiB pages that map 16 pages
// of one folio, aligned, carry a hint with which one TLB entry serves them all. Generic code does not see them;
// each change of an entry first decides what becomes of its group:
//
//   one entry is set, cleared, write-protected alone      unfold: the hint goes from all
//   all of them are                                       stays folded, or goes with them
//   the last entry of a group is set                      fold, if all fit
//   accessed or dirty by software                         stays; all entries get it
//
// The hardware may set accessed and dirty in any one entry; reading joins them (assembly/entry.ts), and folding or
// unfolding gives every entry what any had.

import { Pte } from "../layout/linux-flags.js";
import { Event } from "./events.js";
import { headOf, isLarge, orderOf } from "./folio.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";

const JOINED = Pte.young | Pte.dirty;

/** The part of soft-dirty that a rule for groups means: all entries get it, it may differ. */
function softDirtyOf({ config }: Kernel, ...rules: readonly string[]): number {
  return rules.includes(config.softDirtyFold ?? "agree") ? Pte.softDirty : 0;
}

/** Entries of a group; 0 = this kernel folds none. */
function groupSize(kernel: Kernel): number {
  const level = kernel.hardware.halves[0].levels[0];
  if (level === undefined || level.groupShift === 0) return 0;
  return kernel.foldsGroups ? 2 ** (level.groupShift - level.shift) : 0;
}

function isFolded(kernel: Kernel, slot: number): boolean {
  const flags = kernel.mmu.exports.entryFlags(slot);
  return (flags & (Pte.present | Pte.contiguous)) === (Pte.present | Pte.contiguous);
}

/**
 * contpte_convert: all entries of a group with or without the hint. Break before make, so the TLB is flushed; CPUs
 * that bear both sizes at once need neither (Arm ARM DDI 0487, D8.16.3 "Support levels for changing table or block
 * size").
 */
function convert(kernel: Kernel, mm: Mm, slot: number, page: number, fold: boolean): void {
  const size = groupSize(kernel);
  const index = page % size;
  const { exports } = kernel.mmu;
  const first = slot - 8 * index;
  const joins = JOINED | softDirtyOf(kernel, "or");
  let joined = 0;
  for (let i = 0; i < size; i++) joined |= exports.entryFlags(first + 8 * i) & joins;
  for (let i = 0; i < size; i++) {
    exports.updateEntry(first + 8 * i, Pte.contiguous, joined | (fold ? Pte.contiguous : 0));
  }
  kernel.count(fold ? Event.contpte_fold : Event.contpte_unfold);
  if (kernel.config.bbml2 === true && kernel.has("foldsWithoutBreak")) return;
  kernel.count(Event.contpte_flush);
  kernel.tlb.range(mm, page - index, page - index + size);
}

/** Before an entry is changed alone. True: its group was folded, and is no longer. */
export function unfold(kernel: Kernel, mm: Mm, slot: number, page: number): boolean {
  if (groupSize(kernel) === 0 || !isFolded(kernel, slot)) return false;
  convert(kernel, mm, slot, page, false);
  return true;
}

/** Before `count` entries are changed alike: groups of which only a part is among them. */
export function unfoldEnds(
  kernel: Kernel,
  mm: Mm,
  slot: number,
  page: number,
  count: number,
): void {
  const size = groupSize(kernel);
  if (size === 0 || count === 0) return;
  if (page % size !== 0) unfold(kernel, mm, slot, page);
  const last = count - 1;
  if ((page + count) % size !== 0) unfold(kernel, mm, slot + 8 * last, page + last);
}

/** After one entry was set: folds its group if this was its last entry, and all fit (contpte_try_fold). */
export function tryFold(kernel: Kernel, mm: Mm, slot: number, page: number): void {
  const size = groupSize(kernel);
  if (size === 0 || page % size !== size - 1) return;
  const { exports } = kernel.mmu;
  const flags = exports.entryFlags(slot);
  const foldable = Pte.present | Pte.special | Pte.protnone | Pte.contiguous;
  if ((flags & foldable) !== Pte.present) return;
  const frame = exports.entryFrame(slot, 0);
  if (frame % size !== size - 1 || !holdsGroup(kernel, frame, size)) return;
  const mayDiffer = kernel.pae.mayDiffer(flags) | softDirtyOf(kernel, "or", "apart");
  for (let i = 1; i < size; i++) {
    const other = exports.entryFlags(slot - 8 * i);
    if (((other ^ flags) & ~mayDiffer) !== 0) return;
    if (exports.entryFrame(slot - 8 * i, 0) !== frame - i) return;
  }
  convert(kernel, mm, slot, page, true);
}

/** The folio of the group's last page has all of its pages. */
function holdsGroup(kernel: Kernel, last: number, size: number): boolean {
  if (!isLarge(kernel, last)) return false;
  const head = headOf(kernel, last);
  return head <= last - (size - 1) && last < head + 2 ** orderOf(kernel, head);
}

/** After `count` entries were set at once where there were none (contpte_set_ptes): whole groups are folded. */
export function foldRun(
  kernel: Kernel,
  slot: number,
  page: number,
  frame: number,
  count: number,
): void {
  const size = groupSize(kernel);
  if (size === 0 || (page - frame) % size !== 0) return;
  const { exports } = kernel.mmu;
  for (let i = (size - (page % size)) % size; i + size <= count; i += size) {
    if ((exports.entryFlags(slot + 8 * i) & Pte.protnone) !== 0) continue;
    for (let j = i; j < i + size; j++) exports.updateEntry(slot + 8 * j, 0, Pte.contiguous);
    kernel.count(Event.contpte_fold);
  }
}

/** Accessed or dirty, set by software: all entries of a folded group get it (contpte_ptep_set_access_flags). */
export function setAccess(kernel: Kernel, slot: number, page: number, set: number): void {
  const size = groupSize(kernel);
  const { exports } = kernel.mmu;
  if (size === 0 || !isFolded(kernel, slot)) {
    exports.updateEntry(slot, 0, set);
    return;
  }
  const first = slot - 8 * (page % size);
  for (let i = 0; i < size; i++) exports.updateEntry(first + 8 * i, 0, set);
}
