// Flags of a VMA (include/linux/mm.h). Values are ours; names are Linux's.

export const VM_READ = 1;
export const VM_WRITE = 1 << 1;
export const VM_EXEC = 1 << 2;
export const VM_SHARED = 1 << 3;
/** mprotect may add the right. */
export const VM_MAYWRITE = 1 << 4;
export const VM_SOFTDIRTY = 1 << 5;
export const VM_UFFD_WP = 1 << 6;
export const VM_HUGEPAGE = 1 << 7;
export const VM_NOHUGEPAGE = 1 << 8;
export const VM_MERGEABLE = 1 << 9;
export const VM_DONTCOPY = 1 << 10;
export const VM_WIPEONFORK = 1 << 11;

/** The memory is charged against overcommit: private, and writable since it was mapped or ever after. */
export const VM_ACCOUNT = 1 << 13;

/** Pages of a pool of huge pages (hugetlb.ts). */
export const VM_HUGETLB = 1 << 14;

export const VM_ACCESS_FLAGS = VM_READ | VM_WRITE | VM_EXEC;
/** Private, and may become writable: copy-on-write. */
export function isCow(flags: number): boolean {
  return (flags & (VM_SHARED | VM_MAYWRITE)) === VM_MAYWRITE;
}

/** Letters of `VmFlags` in smaps, in its order. */
export const SMAPS_LETTERS: readonly (readonly [string, number])[] = [
  ["um", 0],
  ["uw", VM_UFFD_WP],
  ["dc", VM_DONTCOPY],
  ["ht", VM_HUGETLB],
  ["wf", VM_WIPEONFORK],
  ["sd", VM_SOFTDIRTY],
  ["hg", VM_HUGEPAGE],
  ["nh", VM_NOHUGEPAGE],
  ["mg", VM_MERGEABLE],
];
