// What a script's operation shows: the fields of a recording, in its letters.

import * as pm from "../kernel/pagemap.js";
import { SMAPS_LETTERS, VM_READ, VM_SHARED, VM_WRITE } from "../kernel/vm-flags.js";
import type { Vma } from "../kernel/vma.js";

/** Run-length list of values. */
export function runLengths<T>(values: Iterable<T>): [number, T][] {
  const runs: [number, T][] = [];
  for (const value of values) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === value) last[0]++;
    else runs.push([1, value]);
  }
  return runs;
}

const LETTERS: readonly (readonly [string, number])[] = [
  ["P", pm.PM_PRESENT],
  ["S", pm.PM_SWAP],
  ["D", pm.PM_SOFT_DIRTY],
  ["W", pm.PM_UFFD_WP],
  ["X", pm.PM_MMAP_EXCLUSIVE],
  ["F", pm.PM_FILE],
  ["H", pm.PM_HUGE],
  ["Z", pm.KPF_ZERO_PAGE],
  ["E", pm.KPF_ANON_EXCLUSIVE],
  ["L", pm.KPF_LARGE],
  ["K", pm.KPF_KSM],
  ["G", pm.PM_GUARD],
];

/** Letters of one page. */
export function lettersOf(page: number): string {
  const letters = LETTERS.filter(([, bit]) => (page & bit) !== 0).map(([letter]) => letter);
  return letters.length === 0 ? "-" : letters.join("");
}

/** One mapping as `vmas` shows it; pages count from `base`. */
export function describeVma(vma: Vma, base: number): [number, number, string, string] {
  const { flags } = vma;
  const access = `${(flags & VM_READ) !== 0 ? "r" : "-"}${(flags & VM_WRITE) !== 0 ? "w" : "-"}-`;
  const letters = SMAPS_LETTERS.filter(([, flag]) => (flags & flag) !== 0).map(([name]) => name);
  const share = (flags & VM_SHARED) !== 0 ? "s" : "p";
  return [vma.start - base, vma.end - base, access + share, letters.join(" ")];
}
