// mmap with MAP_FIXED, and munmap (mm/mmap.c, mm/vma.c).

import { noMemory } from "./allocation.js";
import type { Errno } from "./errno.js";
import { closeHugetlb, isHugetlb, newHugeMapping } from "./hugetlb.js";
import { type HugePool, wholePages } from "./hugetlb-pool.js";
import type { Kernel } from "./kernel.js";
import { isFull, maxMapCount } from "./map-count.js";
import type { Mm } from "./mm.js";
import { type Gather, gathering } from "./mmu-gather.js";
import { invalidating, releaseNotifiers } from "./notifier.js";
import type { SharedObject } from "./shared-object.js";
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
import { entriesPerTable, freeTables, hugeStart } from "./walk-entries.js";
import { zapRange } from "./zap.js";

/** A new mapping. Pages. */
export interface Mapping {
  readonly start: number;
  readonly pages: number;
  /** `VM_READ`, `VM_WRITE`, `VM_EXEC`. */
  readonly access: number;
  readonly shared: boolean;
  /** log2 bytes of its huge pages (MAP_HUGETLB), of a private mapping; left out = base pages. */
  readonly huge?: number;
  /** What a shared mapping maps, from which page on; left out = new anonymous memory. */
  readonly file?: { readonly object: SharedObject; readonly first: number };
}

/** Maps memory over whatever is there (MAP_FIXED; without a file, MAP_ANONYMOUS). */
export function mmap(kernel: Kernel, mm: Mm, mapping: Mapping): Errno {
  return syscall(kernel, mm, "write", () => {
    const { start, access, shared } = mapping;
    const pool = poolFor(kernel, mapping);
    if (mapping.pages <= 0 || pool === undefined) return "EINVAL";
    if (mm.vmas.count > maxMapCount(kernel)) return "ENOMEM";
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
    const pgoff = shared || huge !== null ? (mapping.file?.first ?? 0) : start;
    const object = mapping.file?.object ?? null;
    return insert(kernel, mm, { start, end, flags, pgoff, huge, object }, shared);
  });
}

/** The pool a mapping wants its pages of; null = none; undefined = no such pool, or the place does not fit it. */
function poolFor(kernel: Kernel, { start, huge, shared }: Mapping): HugePool | null | undefined {
  if (huge === undefined) return null;
  const pool = kernel.hugePools.find(({ shift }) => shift === huge);
  return pool === undefined || shared || start % pool.pages !== 0 ? undefined : pool;
}

/** __mmap_region, behind the unmapping: what was there stays gone when there is no memory for the new. */
function insert(
  kernel: Kernel,
  mm: Mm,
  place: Pick<Vma, "start" | "end" | "flags" | "pgoff" | "huge" | "object">,
  shared: boolean,
): Errno {
  const empty = { uffd: null, anonVma: null, anonChain: [] };
  const isFile = place.object !== null;
  if (!shared || isFile) {
    // Before 3.14 the flag was set behind the attempt to merge.
    const late = kernel.vmSoftDirty === "unmerged" ? VM_SOFTDIRTY : 0;
    const part = { ...place, flags: place.flags & ~late };
    const merged = mergePart(kernel, mm, { ...part, ...empty });
    if (merged !== null) {
      // A merged mapping is new as a whole, so that nothing written to its new part is missed.
      merged.flags |= place.flags & VM_SOFTDIRTY;
      return 0;
    }
  }
  if (noMemory(kernel)) return "ENOMEM";
  // shmem_zero_setup: an inode of its own.
  if (shared && !isFile && noMemory(kernel)) return "ENOMEM";
  const made = shared && !isFile ? newSharedObject(kernel, place.end - place.start) : null;
  if (place.object !== null) place.object.users++;
  mm.vmas.insert({ ...place, ...empty, object: place.object ?? made });
  return 0;
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
 * @returns EINVAL where a border lies inside of a huge page of a pool, ENOMEM without memory to cut; then everything
 * is still mapped
 */
export function munmapRange(kernel: Kernel, mm: Mm, start: number, end: number): Errno {
  return gathering(kernel, mm, (gather) => unmap(gather, start, end));
}

function unmap(gather: Gather, start: number, end: number): Errno {
  const { kernel, mm } = gather;
  const failed = isolate(kernel, mm, start, end);
  if (failed !== 0) return failed;
  const inside = mm.vmas.within(start, end);
  const [first] = inside;
  const last = inside.at(-1);
  if (first === undefined || last === undefined) return 0;
  for (const vma of inside) kernel.locks.startWrite(vma);
  invalidating(kernel, { mm, start: first.start, end: last.end, event: "unmap" }, () => {
    for (const vma of inside) zapRange(gather, vma, vma.start, vma.end, true);
  });
  const floor = mm.vmas.before(first)?.end ?? 0;
  const ceiling = mm.vmas.after(last)?.start ?? mm.limit;
  for (const vma of inside) {
    dropVma(mm.vmas, vma);
    closeHugetlb(vma);
    if (vma.object !== null) putObject(kernel, vma.object);
  }
  freeEmptyTables(gather, first.start, last.end, floor, ceiling);
  return 0;
}

/** Cuts VMAs at `start` and `end`. Where the second cut fails, the first stays. */
function isolate(kernel: Kernel, mm: Mm, start: number, end: number): Errno {
  // A hole makes one VMA more; a cut alone may go above the limit, for another VMA goes.
  const around = mm.vmas.at(start);
  const isHole = around !== null && around.start < start && around.end > end;
  if (isHole && isFull(kernel, mm)) return "ENOMEM";
  for (const at of [start, end]) {
    const vma = mm.vmas.at(at);
    if (vma === null || vma.start === at) continue;
    if (isHugetlb(vma) && at % vma.huge.pool.pages !== 0) return "EINVAL";
    if (splitVma(kernel, mm, vma, at) === null) return "ENOMEM";
  }
  return 0;
}

/** free_pgtables: tables wholly between the neighbouring VMAs. */
function freeEmptyTables(
  gather: Gather,
  start: number,
  end: number,
  floor: number,
  ceiling: number,
): void {
  const { kernel, mm } = gather;
  const { exports } = kernel.mmu;
  let page = exports.nextEntry(mm.root, start, end, 0);
  while (page < end) {
    const first = hugeStart(kernel, page);
    const next = first + entriesPerTable(kernel);
    if (first >= floor && next <= ceiling) gather.table(page);
    page = exports.nextEntry(mm.root, next, end, 0);
  }
  freeTables(kernel, mm.root, [start, end], [floor, ceiling]);
}

/** exit_mmap: all of it, and no CPU is left that has its tables loaded. */
export function exitMm(kernel: Kernel, mm: Mm): void {
  releaseNotifiers(kernel, mm);
  // exit_mm: the last thread lets go of it before it is taken down.
  if (kernel.cpus.hasLoaded(mm)) kernel.cpus.idle();
  gathering(kernel, mm, (gather) => unmap(gather, 0, mm.limit), true);
  kernel.mms.delete(mm);
  kernel.cpus.forget(mm);
}
