// madvise (mm/madvise.c): one row per advice, and the walk over VMAs.

import { collapse } from "./collapse.js";
import type { Errno } from "./errno.js";
import { installGuards, removeGuards } from "./guard.js";
import { isHugetlb, mayCut } from "./hugetlb.js";
import { adviseHugetlb } from "./hugetlb-advice.js";
import type { Kernel } from "./kernel.js";
import { mergeable, unmergeable } from "./ksm.js";
import { free } from "./madvise-free.js";
import { pageout, willneed } from "./madvise-pageout.js";
import type { Mm } from "./mm.js";
import { type Gather, gathering } from "./mmu-gather.js";
import { populate } from "./populate.js";
import { syscall } from "./syscall.js";
import { VM_DONTCOPY, VM_HUGEPAGE, VM_NOHUGEPAGE, VM_SHARED, VM_WIPEONFORK } from "./vm-flags.js";
import type { Vma } from "./vma.js";
import { modifyVma } from "./vma-merge.js";
import { reclaimTables, zapSingle } from "./zap.js";

/** What an advice does to the part [start, end) of a VMA. */
type Visit = (kernel: Kernel, mm: Mm, vma: Vma, start: number, end: number) => Errno;

/** The same, of advice that takes entries down or makes them clean. */
type Zap = (gather: Gather, vma: Vma, start: number, end: number) => Errno;

/** A whole range at once, holes and all. */
type Whole = (kernel: Kernel, mm: Mm, start: number, end: number) => Errno;

/** madvise_update_vma; "kernel resources, such as slab, are temporarily unavailable" is EAGAIN, not ENOMEM. */
function setting(set: number, clear: number, refused = 0): Visit {
  return (kernel, mm, vma, start, end) => {
    if ((vma.flags & refused) !== 0) return "EINVAL";
    const flags = (vma.flags & ~clear) | set;
    if (flags === vma.flags) return 0;
    if (!mayCut(kernel, mm, vma, start, end)) return "EINVAL";
    return modifyVma(kernel, mm, vma, start, end, { flags }) === null ? "EAGAIN" : 0;
  };
}

/** MADV_DONTNEED: entries go, the mapping and its flags stay. So do tables, up to 6.13. */
const dontneed: Zap = (gather, vma, start, end) => {
  const { kernel } = gather;
  zapSingle(gather, vma, start, end, false);
  if (kernel.has("ptReclaim") || kernel.has("ptReclaimEarly")) reclaimTables(gather, start, end);
  return 0;
};

const ZAPS: ReadonlyMap<string, Zap> = new Map([
  ["dontneed", dontneed],
  ["free", free],
]);

const VISITS: ReadonlyMap<string, Visit> = new Map([
  ["collapse", collapse],
  ["mergeable", mergeable],
  ["unmergeable", unmergeable],
  ["pageout", pageout],
  ["willneed", willneed],
  ["hugepage", setting(VM_HUGEPAGE, VM_NOHUGEPAGE)],
  ["nohugepage", setting(VM_NOHUGEPAGE, VM_HUGEPAGE)],
  ["dontfork", setting(VM_DONTCOPY, 0)],
  ["dofork", setting(0, VM_DONTCOPY)],
  ["wipeonfork", setting(VM_WIPEONFORK, 0, VM_SHARED)],
  ["guard_install", installGuards],
  ["guard_remove", removeGuards],
]);

const WHOLES: ReadonlyMap<string, Whole> = new Map<string, Whole>([
  ["populate_read", populating(false)],
  ["populate_write", populating(true)],
]);

/** Up to 6.8 a hole is passed over, as for other advice; then it ends the call. */
function populating(write: boolean): Whole {
  return (kernel, mm, start, end) =>
    kernel.has("populateStopsAtHoles")
      ? populate(kernel, mm, start, end, write)
      : walkVmas(kernel, mm, start, end, (_kernel, _mm, _vma, from, to) =>
          populate(kernel, mm, from, to, write),
        );
}

/** Advice that changes VMAs takes the lock for writing (`madvise_need_mmap_write`). */
const CHANGE_VMAS: ReadonlySet<string> = new Set([
  "hugepage",
  "nohugepage",
  "mergeable",
  "unmergeable",
  "dontfork",
  "dofork",
  "wipeonfork",
]);

/** Names of the advice that is modelled. */
export const ADVICE: readonly string[] = [...ZAPS.keys(), ...VISITS.keys(), ...WHOLES.keys()];

/**
 * Gives advice on a range.
 * @returns ENOMEM where part of the range is not mapped: after the rest was done; EINVAL for unknown advice
 */
export function madvise(kernel: Kernel, mm: Mm, start: number, end: number, advice: string): Errno {
  const mode = CHANGE_VMAS.has(advice) ? "write" : "read";
  return syscall(kernel, mm, mode, () => advise(kernel, mm, start, end, advice));
}

function advise(kernel: Kernel, mm: Mm, start: number, end: number, advice: string): Errno {
  const whole = WHOLES.get(advice);
  if (whole !== undefined) return end > start ? whole(kernel, mm, start, end) : 0;
  const zap = ZAPS.get(advice);
  const visit = zap === undefined ? VISITS.get(advice) : zapping(zap);
  if (visit === undefined) return "EINVAL";
  if (advice.startsWith("guard") && !kernel.has("guardRegions")) return "EINVAL";
  const all = (each: Visit): Errno =>
    walkVmas(kernel, mm, start, end, (...part) => {
      const [, , vma, from, to] = part;
      const huge = isHugetlb(vma) ? adviseHugetlb(kernel, mm, vma, from, to, advice) : null;
      return huge ?? each(...part);
    });
  if (zap === undefined || !kernel.has("adviceFlushesOnce")) return all(visit);
  return gathering(kernel, mm, (gather) => all((_kernel, _mm, ...part) => zap(gather, ...part)));
}

/** With a flush for every VMA. */
function zapping(zap: Zap): Visit {
  return (kernel, mm, ...part) => gathering(kernel, mm, (gather) => zap(gather, ...part));
}

/** madvise_walk_vmas: an error ends the walk, a hole does not. */
function walkVmas(kernel: Kernel, mm: Mm, start: number, end: number, visit: Visit): Errno {
  let at = start;
  let unmapped: Errno = 0;
  while (at < end) {
    const vma = mm.vmas.atOrAfter(at);
    if (vma === null || vma.start >= end) return "ENOMEM";
    if (vma.start > at) unmapped = "ENOMEM";
    const from = Math.max(at, vma.start);
    const to = Math.min(end, vma.end);
    const errno = visit(kernel, mm, vma, from, to);
    if (errno !== 0) return errno;
    at = to;
  }
  return unmapped;
}
