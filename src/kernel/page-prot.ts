// vm_page_prot: the protection that new entries of a VMA get (mm/mmap.c vma_set_page_prot, mm/vma.c).

import { PROTECTION_NUMBERS, Pte } from "../layout/linux-flags.js";
import type { Kernel } from "./kernel.js";
import { VM_EXEC, VM_READ, VM_SHARED, VM_SOFTDIRTY, VM_UFFD_WP, VM_WRITE } from "./vm-flags.js";
import type { Vma } from "./vma.js";

/** Soft-dirty tracking is on: a clean entry must stay write-protected (`vma_soft_dirty_enabled`). */
export function tracksSoftDirty(kernel: Kernel, vma: Vma): boolean {
  return kernel.softDirty && (vma.flags & VM_SOFTDIRTY) === 0;
}

/** All pages of a VMA read as soft-dirty, whatever their entries say. */
export function isSoftDirty({ flags, uffd }: Vma): boolean {
  return (flags & VM_SOFTDIRTY) !== 0 && uffd?.softDirty !== true;
}

/**
 * A shared mapping whose entries are kept read-only to see the first write (`vma_wants_writenotify`): a file system wants
 * to know which of its pages are dirty.
 */
export function wantsWriteNotify(kernel: Kernel, vma: Vma): boolean {
  if ((vma.flags & (VM_WRITE | VM_SHARED)) !== (VM_WRITE | VM_SHARED)) return false;
  if (vma.object !== null && vma.object.file !== null) return true;
  return tracksSoftDirty(kernel, vma) || (vma.flags & VM_UFFD_WP) !== 0;
}

/** Number of the protection of a VMA's new entries: never writable in private mappings. */
export function pageProt(kernel: Kernel, vma: Vma): number {
  const { flags } = vma;
  if ((flags & (VM_READ | VM_WRITE | VM_EXEC)) === 0) return PROTECTION_NUMBERS.none;
  const shared = (flags & (VM_SHARED | VM_WRITE)) === (VM_SHARED | VM_WRITE);
  const writable = shared && !wantsWriteNotify(kernel, vma);
  if ((flags & VM_EXEC) !== 0) return PROTECTION_NUMBERS[writable ? "rwx" : "rx"];
  return PROTECTION_NUMBERS[writable ? "rw" : "r"];
}

/** maybe_mkwrite: an entry may be writable where the VMA is; as flags to set. */
export function writeFlag(vma: Vma): number {
  return (vma.flags & VM_WRITE) !== 0 ? Pte.write : 0;
}
