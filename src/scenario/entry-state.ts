// What the tables and the frames' records hold of each page of a region (`state A`): what no process can see, and
// what designs differ in.

import { isUffdWp, markerIn } from "../kernel/absent.js";
import { headOf, mapsOf, orderOf, refsOf } from "../kernel/folio.js";
import { isHugeZero } from "../kernel/huge-zero.js";
import { hugePageStart, hugetlbSlot, isHugetlb } from "../kernel/hugetlb.js";
import type { Kernel } from "../kernel/kernel.js";
import type { Mm } from "../kernel/mm.js";
import { leafAt } from "../kernel/walk-entries.js";
import {
  SPTE_ACCESSED,
  SPTE_DIRTY,
  SPTE_HUGE,
  SPTE_PRESENT,
  SPTE_TRACKED,
  SPTE_WRITE,
} from "../kvm/spte-flags.js";
import type { Vm } from "../kvm/vm.js";
import { Pte } from "../layout/linux-flags.js";
import { seesX } from "../pae/observe.js";
import type { EntryState } from "../stats/observation.js";

/** Numbers of frames, in the order in which they were first seen; the zero pages are 0. */
export class FrameNumbers {
  private readonly numbers = new Map<number, number>();

  of(frame: number): number {
    const number = this.numbers.get(frame) ?? this.numbers.size + 1;
    this.numbers.set(frame, number);
    return number;
  }
}

/** Flags of an entry by the names they are shown under; those that are not set are left out. */
const SHOWN = [
  ["w", Pte.write],
  ["d", Pte.dirty],
  ["y", Pte.young],
  ["sd", Pte.softDirty],
] as const;

/** The state of [start, end), run by run: pages alike in all but their frames, which follow each other. */
export function entryStates(
  kernel: Kernel,
  mm: Mm,
  start: number,
  end: number,
  numbers: FrameNumbers,
  vms: readonly Vm[] = [],
): [number, EntryState][] {
  const runs: [number, EntryState][] = [];
  for (let page = start; page < end; page++) {
    const state = stateAt(kernel, mm, page, numbers, vms);
    const last = runs.at(-1);
    if (last !== undefined && continues(last, state)) last[0]++;
    else runs.push([1, state]);
  }
  return runs;
}

function continues([count, first]: readonly [number, EntryState], next: EntryState): boolean {
  const { frame } = first;
  const expected = frame === undefined || frame === 0 ? first : { ...first, frame: frame + count };
  return JSON.stringify(expected) === JSON.stringify(next);
}

function stateAt(
  kernel: Kernel,
  mm: Mm,
  page: number,
  numbers: FrameNumbers,
  vms: readonly Vm[],
): EntryState {
  const spte = sptesAt(vms, mm, page);
  const state = hostState(kernel, mm, page, numbers);
  return spte === "" ? state : { ...state, spte };
}

/** Letters of an SPTE: read, write, dirty, accessed, huge; tracked: absent until its next use. */
const SPTE_LETTERS = [
  ["r", SPTE_PRESENT],
  ["w", SPTE_WRITE],
  ["d", SPTE_DIRTY],
  ["a", SPTE_ACCESSED],
  ["h", SPTE_HUGE],
  ["t", SPTE_TRACKED],
] as const;

/** "rwda", one for each machine that maps the page. */
function sptesAt(vms: readonly Vm[], mm: Mm, page: number): string {
  const found = vms
    .filter((vm) => vm.mm === mm)
    .flatMap(({ slots }) => slots)
    .filter((slot) => page >= slot.page && page < slot.page + slot.pages)
    .map((slot) => slot.flagsOf(slot.entryOf(page - slot.page)))
    .filter((flags) => flags !== 0);
  return found
    .map((flags) =>
      SPTE_LETTERS.filter(([, bit]) => (flags & bit) !== 0)
        .map(([name]) => name)
        .join(""),
    )
    .join(" ");
}

function hostState(kernel: Kernel, mm: Mm, page: number, numbers: FrameNumbers): EntryState {
  const { exports } = kernel.mmu;
  const { slot, level, offset } = entryAt(kernel, mm, page);
  const flags = slot === 0 ? 0 : exports.entryFlags(slot);
  if (flags === 0) return {};
  const shown: EntryState = {
    ...Object.fromEntries(
      SHOWN.filter(([, bit]) => (flags & bit) !== 0).map(([name]) => [name, 1]),
    ),
    ...(isUffdWp(kernel, slot, flags) ? { wp: 1 } : {}),
  };
  if ((flags & Pte.present) === 0) return { ...shown, ...absentState(kernel, slot, flags) };
  const base = exports.entryFrame(slot, level);
  const upper = level > 0 ? { level } : {};
  const protnone = (flags & Pte.protnone) !== 0 ? { none: 1 } : {};
  const present = { ...shown, ...protnone, ...upper };
  if ((flags & Pte.special) !== 0 || isHugeZero(kernel, base)) return { ...present, frame: 0 };
  const cont = (flags & Pte.contiguous) !== 0 ? { cont: 1 } : {};
  const exclusive = seesX(kernel, slot, level, base) ? { x: 1 } : {};
  return { ...present, ...cont, ...exclusive, ...frameState(kernel, base + offset, numbers) };
}

/** The entry that a page belongs to, its level, and the page's place in what it maps. */
function entryAt(kernel: Kernel, mm: Mm, page: number) {
  const vma = mm.vmas.at(page);
  if (vma !== null && isHugetlb(vma)) {
    const offset = page - hugePageStart(vma.huge, page);
    return { slot: hugetlbSlot(kernel, mm, vma, page), level: vma.huge.pool.level, offset };
  }
  const leaf = leafAt(kernel, mm.root, page);
  if (leaf === null) return { slot: 0, level: 0, offset: 0 };
  return { slot: leaf.slot, level: leaf.level, offset: page - leaf.first };
}

function absentState(kernel: Kernel, slot: number, flags: number): EntryState {
  const exclusive = (flags & Pte.exclusive) !== 0 ? { x: 1 } : {};
  const kind = markerIn(kernel, slot, flags) !== 0 ? { marker: 1 } : { swap: 1 };
  return { ...exclusive, ...kind };
}

/** A page by what its folio's records say. */
function frameState(kernel: Kernel, frame: number, numbers: FrameNumbers): EntryState {
  return {
    order: orderOf(kernel, headOf(kernel, frame)),
    frame: numbers.of(frame),
    refs: refsOf(kernel, frame),
    mapped: mapsOf(kernel, frame),
  };
}
