// mremap (mm/mremap.c): moves to a fixed place, and growing or shrinking in place.

import { noMemory, withDeposit } from "./allocation.js";
import { unlinkAnonVma } from "./anon-vma.js";
import type { Errno } from "./errno.js";
import { forkedMapping, type HugeVma, isHugetlb } from "./hugetlb.js";
import { wholePages } from "./hugetlb-pool.js";
import type { Kernel } from "./kernel.js";
import { unmergePages } from "./ksm.js";
import type { Mm } from "./mm.js";
import { munmapRange } from "./mmap.js";
import { movePageTables } from "./move-tables.js";
import { syscall } from "./syscall.js";
import { VM_UFFD_WP } from "./vm-flags.js";
import { copyOf, type Vma } from "./vma.js";
import { mergePart } from "./vma-merge.js";

/** A move: pages [start, start + pages) to `to` (MREMAP_MAYMOVE | MREMAP_FIXED). */
export interface Move {
  readonly start: number;
  readonly pages: number;
  readonly to: number;
  /** MREMAP_DONTUNMAP: the old mapping stays, empty. */
  readonly keep: boolean;
}

/** mremap to a fixed place. */
export function mremap(kernel: Kernel, mm: Mm, asked: Move): Errno {
  return syscall(kernel, mm, "write", () => {
    const move = wholeMove(mm.vmas.at(asked.start), asked);
    if (move === null) return "EINVAL";
    const { start, pages, to } = move;
    const end = start + pages;
    if (pages <= 0 || (start < to + pages && to < end)) return "EINVAL";
    const many = kernel.has("mremapManyVmas");
    if (many && mm.vmas.at(start) === null) return "EFAULT";
    const failed = munmapRange(kernel, mm, to, to + pages);
    if (failed !== 0) return failed;
    const first = mm.vmas.at(start);
    if (first === null) return "EFAULT";
    if (first.end >= end) return moveVma(kernel, mm, first, move);
    return many ? moveMany(kernel, mm, move) : "EFAULT";
  });
}

/**
 * Huge pages of a pool move whole, from and to their own borders, and always leave (align_hugetlb, check_prep_vma:
 * VM_DONTEXPAND). Null: they cannot.
 */
function wholeMove(vma: Vma | null, move: Move): Move | null {
  if (vma === null || !isHugetlb(vma)) return move;
  const { pool } = vma.huge;
  const fits = move.start % pool.pages === 0 && move.to % pool.pages === 0 && !move.keep;
  return fits ? { ...move, pages: wholePages(pool, move.pages) } : null;
}

/** remap_move: VMA by VMA; holes stay holes. Those with a userfaultfd are refused. */
function moveMany(kernel: Kernel, mm: Mm, { start, pages, to, keep }: Move): Errno {
  const end = start + pages;
  const vmas = mm.vmas.within(start, end);
  for (const vma of vmas) {
    if (vma.uffd !== null) return "EFAULT";
    const from = Math.max(start, vma.start);
    const piece = Math.min(end, vma.end) - from;
    const part = wholeMove(vma, { start: from, pages: piece, to: to + (from - start), keep });
    if (part === null) return "EINVAL";
    const errno = moveVma(kernel, mm, vma, part);
    if (errno !== 0) return errno;
  }
  return 0;
}

/**
 * move_vma: a copy of the VMA at the new place takes the entries over, then the old range is unmapped. Without
 * memory for all tables, what has moved is moved back, and the new place is unmapped instead.
 */
function moveVma(kernel: Kernel, mm: Mm, vma: Vma, move: Move): Errno {
  const { start, pages, to, keep } = move;
  kernel.locks.startWrite(vma);
  // A KSM page knows its place by other means than anonymous memory does, and cannot move (ksm_madvise).
  if (!unmergePages(kernel, mm, vma, start, start + pages)) return "ENOMEM";
  const clearWp = kernel.has("mremapClearsWp") && vma.uffd !== null;
  const target = copyTo(kernel, mm, vma, move);
  if (target === null) return "ENOMEM";
  const moved = movePageTables(kernel, mm, vma, { ...move, clearWp });
  if (moved < pages) {
    const back = { start: to, pages: moved, to: start, clearWp };
    withDeposit(kernel, () => movePageTables(kernel, mm, target, back));
    munmapRange(kernel, mm, to, to + pages);
    return "ENOMEM";
  }
  dropRegistration(target, vma);
  // Promises go with the pages; those of what stays behind are forgotten, too (clear_vma_resv_huge_pages).
  vma.huge = forkedMapping(vma.huge);
  if (!keep) {
    // Without memory to cut it, the old range stays mapped, and empty; the move is done all the same.
    munmapRange(kernel, mm, start, start + pages);
    return 0;
  }
  // The pages have left with their anon_vma, if all of them have.
  if (vma !== target && vma.start === start && vma.end === start + pages) unlinkAnonVma(vma);
  return 0;
}

/** copy_vma: merges with its new neighbours where they fit. Null: no memory. */
function copyTo(kernel: Kernel, mm: Mm, vma: Vma, { start, pages, to }: Move): Vma | null {
  // A private mapping without pages yet has no ties to where it was made.
  const untied = vma.object === null && !isHugetlb(vma) && vma.anonVma === null;
  const pgoff = untied ? to : vma.pgoff + (start - vma.start);
  const part = { ...vma, start: to, end: to + pages, pgoff };
  const merged = mergePart(kernel, mm, part);
  if (merged !== null) return merged;
  if (noMemory(kernel) || (vma.anonVma !== null && noMemory(kernel))) return null;
  const copy = copyOf(vma, to, to + pages, pgoff);
  if (copy.object !== null) copy.object.users++;
  mm.vmas.insert(copy);
  return copy;
}

/** mremap_userfaultfd_prep: without EVENT_REMAP the new mapping is not registered. */
function dropRegistration(target: Vma, from: Vma): void {
  if (from.uffd === null) return;
  target.uffd = null;
  target.flags &= ~VM_UFFD_WP;
}

/** mremap in place, without MREMAP_MAYMOVE. */
export function resize(kernel: Kernel, mm: Mm, start: number, from: number, pages: number): Errno {
  return syscall(kernel, mm, "write", () => {
    const vma = mm.vmas.at(start);
    if (pages <= 0) return "EINVAL";
    if (vma === null) return "EFAULT";
    // Of nothing, only a shared mapping can be made a second time; not in place.
    if (from === 0) return vma.object === null ? "EINVAL" : "ENOMEM";
    if (isHugetlb(vma)) return shrinkHugetlb(kernel, mm, vma, start, from, pages);
    if (pages === from) return 0;
    if (pages < from) return munmapRange(kernel, mm, start + pages, start + from);
    if (start + from > vma.end) return "EFAULT";
    return grow(kernel, mm, vma, start + from, start + pages);
  });
}

/** Huge pages of a pool never grow; lengths mean whole ones. */
function shrinkHugetlb(
  kernel: Kernel,
  mm: Mm,
  { huge: { pool } }: HugeVma,
  start: number,
  from: number,
  pages: number,
): Errno {
  const [old, now] = [wholePages(pool, from), wholePages(pool, pages)];
  if (start % pool.pages !== 0 || now > old) return "EINVAL";
  return munmapRange(kernel, mm, start + now, start + old);
}

/** Only the end of a VMA grows, and only into a hole; then it may meet a neighbour it merges with. */
function grow(kernel: Kernel, mm: Mm, vma: Vma, from: number, end: number): Errno {
  const next = mm.vmas.after(vma);
  if (vma.end !== from || (next !== null && next.start < end) || end > mm.limit) return "ENOMEM";
  const pgoff = vma.pgoff + (from - vma.start);
  const merged = mergePart(kernel, mm, { ...vma, start: from, end, pgoff });
  if (merged === null) vma.end = end;
  return 0;
}
