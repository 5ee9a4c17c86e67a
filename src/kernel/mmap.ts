// mmap with MAP_FIXED, and munmap (mm/mmap.c, mm/vma.c).

import type { Errno } from "./errno.js";
import { closeHugetlb, isHugetlb, newHugeMapping } from "./hugetlb.js";
import { type HugePool, wholePages } from "./hugetlb-pool.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { newSharedObject, putObject } from "./shmem.js";
import { syscall } from "./syscall.js";
import {
  VM_ACCOUNT,
  VM_HUGETLB,
  VM_MAYWRITE,
  VM_SHARED,
  VM_SOFTDIRTY,
  VM_WRITE,
} from "./vm-flags.js";
import { dropVma, type Vma } from "./vma.js";
import { mergePart } from "./vma-merge.js";
import { splitVma } from "./vma-split.js";
import { zapRange } from "./zap.js";

/** A new anonymous mapping. Pages. */
export interface Mapping {
  readonly start: number;
  readonly pages: number;
  /** `VM_READ`, `VM_WRITE`, `VM_EXEC`. */
  readonly access: number;
  readonly shared: boolean;
  /** log2 bytes of its huge pages (MAP_HUGETLB), of a private mapping; left out = base pages. */
  readonly huge?: number;
}

/** Maps memory over whatever is there (MAP_FIXED | MAP_ANONYMOUS). */
export function mmap(kernel: Kernel, mm: Mm, mapping: Mapping): Errno {
  return syscall(kernel, mm, "write", () => {
    const { start, access, shared } = mapping;
    const pool = poolFor(kernel, mapping);
    if (mapping.pages <= 0 || pool === undefined) return "EINVAL";
    const pages = pool === null ? mapping.pages : wholePages(pool, mapping.pages);
    const end = start + pages;
    const failed = munmapRange(kernel, mm, start, end);
    if (failed !== 0) return kernel.has("mmapOverKeepsErrno") ? failed : "ENOMEM";
    const huge = pool === null ? null : newHugeMapping(kernel, pool, pages);
    if (pool !== null && huge === null) return "ENOMEM";
    const charged = !shared && huge === null && (access & VM_WRITE) !== 0 ? VM_ACCOUNT : 0;
    const flags =
      access |
      charged |
      VM_MAYWRITE |
      (shared ? VM_SHARED : 0) |
      (huge === null ? 0 : VM_HUGETLB) |
      (kernel.softDirty ? VM_SOFTDIRTY : 0);
    const vma: Vma = {
      start,
      end,
      flags,
      pgoff: shared || huge !== null ? 0 : start,
      object: shared ? newSharedObject(kernel, pages) : null,
      uffd: null,
      huge,
      anonVma: null,
      anonChain: [],
    };
    const merged = mergePart(kernel, mm, vma);
    if (merged === null) mm.vmas.insert(vma);
    // A merged mapping is new as a whole, so that nothing written to its new part is missed.
    else merged.flags |= flags & VM_SOFTDIRTY;
    return 0;
  });
}

/** The pool a mapping wants its pages of; null = none; undefined = no such pool, or the place does not fit it. */
function poolFor(kernel: Kernel, { start, huge, shared }: Mapping): HugePool | null | undefined {
  if (huge === undefined) return null;
  const pool = kernel.hugePools.find(({ shift }) => shift === huge);
  return pool === undefined || shared || start % pool.pages !== 0 ? undefined : pool;
}

/** munmap. */
export function munmap(kernel: Kernel, mm: Mm, start: number, end: number): Errno {
  return syscall(kernel, mm, "write", () => {
    if (end <= start) return "EINVAL";
    return munmapRange(kernel, mm, start, end);
  });
}

/**
 * do_munmap: VMAs are cut at the borders, entries zapped, VMAs dropped, then tables that hold nothing.
 * @returns EINVAL where a border lies inside of a huge page of a pool; then nothing was unmapped
 */
export function munmapRange(kernel: Kernel, mm: Mm, start: number, end: number): Errno {
  const inside = isolate(kernel, mm, start, end);
  if (inside === null) return "EINVAL";
  const [first] = inside;
  const last = inside.at(-1);
  if (first === undefined || last === undefined) return 0;
  for (const vma of inside) zapRange(kernel, mm, vma, vma.start, vma.end, true);
  const floor = mm.vmas.before(first)?.end ?? 0;
  const ceiling = mm.vmas.after(last)?.start ?? mm.limit;
  for (const vma of inside) {
    dropVma(mm.vmas, vma);
    closeHugetlb(vma);
    if (vma.object !== null) putObject(kernel, vma.object);
  }
  freeTables(kernel, mm, first.start, last.end, floor, ceiling);
  return 0;
}

/** Cuts VMAs at `start` and `end`; returns those between, null where one cannot be cut. */
function isolate(kernel: Kernel, mm: Mm, start: number, end: number): Vma[] | null {
  for (const at of [start, end]) {
    const vma = mm.vmas.at(at);
    if (vma === null || vma.start === at) continue;
    if (isHugetlb(vma) && at % vma.huge.pool.pages !== 0) return null;
    splitVma(kernel, mm, vma, at);
  }
  return mm.vmas.within(start, end);
}

/** free_pgtables: tables wholly between the neighbouring VMAs. Walk caches may hold them: flush. */
function freeTables(
  kernel: Kernel,
  mm: Mm,
  start: number,
  end: number,
  floor: number,
  ceiling: number,
): void {
  const freed = kernel.mmu.exports.freeTables(mm.root, start, end, floor, ceiling);
  if (freed > 0) kernel.tlb.space(mm);
}

/** exit_mmap: all of it. */
export function exitMm(kernel: Kernel, mm: Mm): void {
  munmapRange(kernel, mm, 0, mm.limit);
  kernel.mms.delete(mm);
  kernel.tlb.space(mm);
}
