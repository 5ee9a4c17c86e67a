// mmap with MAP_FIXED, and munmap (mm/mmap.c, mm/vma.c).

import type { Errno } from "./errno.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { newSharedObject, putObject } from "./shmem.js";
import { syscall } from "./syscall.js";
import { VM_ACCOUNT, VM_MAYWRITE, VM_SHARED, VM_SOFTDIRTY, VM_WRITE } from "./vm-flags.js";
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
}

/** Maps memory over whatever is there (MAP_FIXED | MAP_ANONYMOUS). */
export function mmap(kernel: Kernel, mm: Mm, { start, pages, access, shared }: Mapping): Errno {
  return syscall(kernel, mm, "write", () => {
    if (pages <= 0) return "EINVAL";
    const end = start + pages;
    munmapRange(kernel, mm, start, end);
    const charged = !shared && (access & VM_WRITE) !== 0 ? VM_ACCOUNT : 0;
    const flags =
      access |
      charged |
      VM_MAYWRITE |
      (shared ? VM_SHARED : 0) |
      (kernel.softDirty ? VM_SOFTDIRTY : 0);
    const vma: Vma = {
      start,
      end,
      flags,
      pgoff: shared ? 0 : start,
      object: shared ? newSharedObject(kernel, pages) : null,
      uffd: null,
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

/** munmap. */
export function munmap(kernel: Kernel, mm: Mm, start: number, end: number): Errno {
  return syscall(kernel, mm, "write", () => {
    if (end <= start) return "EINVAL";
    munmapRange(kernel, mm, start, end);
    return 0;
  });
}

/** do_munmap: VMAs are cut at the borders, entries zapped, VMAs dropped, then tables that hold nothing. */
export function munmapRange(kernel: Kernel, mm: Mm, start: number, end: number): void {
  const inside = isolate(kernel, mm, start, end);
  const [first] = inside;
  const last = inside.at(-1);
  if (first === undefined || last === undefined) return;
  for (const vma of inside) zapRange(kernel, mm, vma, vma.start, vma.end, true);
  const floor = mm.vmas.before(first)?.end ?? 0;
  const ceiling = mm.vmas.after(last)?.start ?? mm.limit;
  for (const vma of inside) {
    dropVma(mm.vmas, vma);
    if (vma.object !== null) putObject(kernel, vma.object);
  }
  freeTables(kernel, mm, first.start, last.end, floor, ceiling);
}

/** Cuts VMAs at `start` and `end`; returns those between. */
function isolate(kernel: Kernel, mm: Mm, start: number, end: number): Vma[] {
  for (const at of [start, end]) {
    const vma = mm.vmas.at(at);
    if (vma === null || vma.start === at) continue;
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
