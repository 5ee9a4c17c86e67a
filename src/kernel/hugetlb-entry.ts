// The entries of one huge page of a pool: one, or on arm64 also a contiguous group of them, which the kernel reads and
// writes as one (arch/arm64/mm/hugetlbpage.c set_huge_pte_at, huge_ptep_get, get_clear_contig_flush).
//
//   slot -> [ e0 | e1 | ... | e15 ]    all with the hint, each with its own part of the page
//
// The CPU sets accessed and dirty in any one of them: reading joins them, and writing gives them to all.

import { Pte } from "../layout/linux-flags.js";
import type { Entry } from "../pae/types.js";
import { MARKER_UFFD_WP, setMarker } from "./absent.js";
import { type HugeVma, hugePageStart } from "./hugetlb.js";
import type { HugePool } from "./hugetlb-pool.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { pageProt } from "./page-prot.js";

const JOINED = Pte.young | Pte.dirty;
const ENTRY_BYTES = 8;

/** Base pages of one of a page's entries. */
function span({ pages, entries }: HugePool): number {
  return pages / entries;
}

function forEach(
  { entries }: HugePool,
  slot: number,
  visit: (at: number, i: number) => void,
): void {
  for (let i = 0; i < entries; i++) visit(slot + ENTRY_BYTES * i, i);
}

/** huge_ptep_get, as flags; 0 = none. `slot` is that of the first entry, here and below. */
export function hugeFlags(kernel: Kernel, pool: HugePool, slot: number): number {
  if (pool.entries === 1) return kernel.mmu.exports.entryFlags(slot);
  const entries = kernel.mmu.gather(slot, pool.entries);
  const first = entries[0] ?? 0;
  if ((first & Pte.present) === 0) return first;
  let joined = 0;
  for (let i = 0; i < pool.entries; i++) joined |= (entries[2 * i] ?? 0) & JOINED;
  return first | joined;
}

/** Clears and sets flags of a present page. */
export function changeHuge(
  kernel: Kernel,
  pool: HugePool,
  slot: number,
  clear: number,
  set: number,
): void {
  const { exports } = kernel.mmu;
  const joined = pool.entries === 1 ? 0 : hugeFlags(kernel, pool, slot) & JOINED & ~clear;
  forEach(pool, slot, (at) => {
    const kept = kernel.pae.keep(at, pool.level, exports.entryFlags(at));
    exports.updateEntry(at, clear, set | joined);
    kernel.pae.kept(at, pool.level, kept);
  });
}

/** huge_pte_modify. */
export function protectHuge(
  kernel: Kernel,
  pool: HugePool,
  slot: number,
  protection: number,
): void {
  const { exports } = kernel.mmu;
  forEach(pool, slot, (at) => {
    const kept = kernel.pae.keep(at, pool.level, exports.entryFlags(at));
    exports.protectEntry(at, protection);
    kernel.pae.kept(at, pool.level, kept);
  });
}

/** set_huge_pte_at of a page. */
function writeHuge(
  kernel: Kernel,
  pool: HugePool,
  slot: number,
  head: number,
  protection: number,
  set: number,
): void {
  const hint = pool.entries === 1 ? 0 : Pte.contiguous;
  forEach(pool, slot, (at, i) =>
    kernel.mmu.exports.makeLeaf(at, pool.level, head + i * span(pool), protection, set | hint),
  );
}

/** A page's mapping, as schemes of PageAnonExclusive know it. */
export function hugeEntry(mm: Mm, pool: HugePool, page: number, slot: number, head: number): Entry {
  return { mm, page, slot, level: pool.level, frame: head, slots: pool.entries };
}

/** A page that nobody else has is mapped. */
export function writeNewHuge(
  kernel: Kernel,
  mm: Mm,
  vma: HugeVma,
  [slot, page, head]: readonly [slot: number, page: number, head: number],
  set: number,
): void {
  const { pool } = vma.huge;
  writeHuge(kernel, pool, slot, head, pageProt(kernel, vma), set);
  kernel.pae.newX(hugeEntry(mm, pool, hugePageStart(vma.huge, page), slot, head), 1);
}

/** huge_pte_clear. */
export function clearHuge(kernel: Kernel, pool: HugePool, slot: number): void {
  forEach(pool, slot, (at) => kernel.mmu.exports.clearEntry(at));
}

/** make_pte_marker(PTE_MARKER_UFFD_WP). */
export function markHuge(kernel: Kernel, pool: HugePool, slot: number): void {
  forEach(pool, slot, (at) => setMarker(kernel, at, MARKER_UFFD_WP));
}

/** The same page at another place, too. */
export function copyHuge(kernel: Kernel, pool: HugePool, from: number, to: number): void {
  forEach(pool, from, (at, i) => kernel.mmu.exports.copyEntry(at, to + ENTRY_BYTES * i));
}

/** Flushes what maps a page: an entry at a time. */
export function flushHuge(kernel: Kernel, mm: Mm, pool: HugePool, page: number): void {
  forEach(pool, 0, (_at, i) => kernel.tlb.page(mm, page + i * span(pool)));
}

/** Whether the entries of a page differ in nothing but accessed and dirty, and map its parts in order. */
export function isUniform(kernel: Kernel, pool: HugePool, slot: number): boolean {
  const { exports } = kernel.mmu;
  const first = exports.entryFlags(slot);
  const present = (first & Pte.present) !== 0;
  const head = present ? exports.entryFrame(slot, pool.level) : 0;
  let uniform = pool.entries === 1 || !present || (first & Pte.contiguous) !== 0;
  forEach(pool, slot, (at, i) => {
    if (((exports.entryFlags(at) ^ first) & ~JOINED) !== 0) uniform = false;
    else if (present && exports.entryFrame(at, pool.level) !== head + i * span(pool))
      uniform = false;
  });
  return uniform;
}
