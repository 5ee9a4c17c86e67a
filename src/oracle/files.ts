// What must hold of files: whatever differs from the disk is known to be dirty, to whoever writes it back.
//
//   cached page  -> what the disk holds, or its folio is dirty, or a secondary MMU that writeback asks knows it
//   entry        -> writable only over a dirty folio: else a store would make a page dirty that nobody looks at
//   writeback    -> what the disk holds behind it is the last store

import { isDirtyFolio } from "../kernel/file.js";
import { stampOf } from "../kernel/folio.js";
import type { Kernel } from "../kernel/kernel.js";
import type { Mm } from "../kernel/mm.js";
import type { SharedObject } from "../kernel/shared-object.js";
import { cachedPage } from "../kernel/shmem.js";
import { VM_SHARED } from "../kernel/vm-flags.js";
import type { Vma } from "../kernel/vma.js";
import { lookAtEntries, NO_HUGE } from "../kernel/walk-entries.js";
import { SPTE_DIRTY } from "../kvm/spte-flags.js";
import type { Vm } from "../kvm/vm.js";
import { Pte } from "../layout/linux-flags.js";
import type { Violation } from "./audit.js";
import type { PlainMemory } from "./plain-memory.js";

/** Checks all files, and all entries that map them. */
export function checkFiles(
  kernel: Kernel,
  spaces: readonly Mm[],
  machines: readonly Vm[],
): Violation[] {
  if (kernel.files.size === 0) return [];
  const told = framesTold(machines);
  const found: Violation[] = [];
  for (const object of kernel.files.values()) checkCached(kernel, object, told, found);
  for (const mm of spaces) {
    for (const vma of mm.vmas.all) checkEntries(kernel, mm, vma, found);
  }
  return found;
}

/** Frames of dirty SPTEs that writeback will be told of. */
function framesTold(machines: readonly Vm[]): Set<number> {
  const told = new Set<number>();
  for (const { policy, slots } of machines) {
    if (!policy.tellsWriteback) continue;
    for (const slot of slots) {
      for (let at = 0; at < slot.pages; at++) {
        if ((slot.flagsOf(slot.entryOf(at)) & SPTE_DIRTY) !== 0) told.add(slot.frameOf(at));
      }
    }
  }
  return told;
}

function checkCached(
  kernel: Kernel,
  object: SharedObject,
  told: ReadonlySet<number>,
  found: Violation[],
): void {
  for (let index = 0; index < object.pages; index++) {
    const frame = cachedPage(kernel, object, index);
    if (frame === 0 || stampOf(kernel, frame) === (object.file?.disk[index] ?? 0)) continue;
    if (isDirtyFolio(kernel, frame) || told.has(frame)) continue;
    const text = `file ${object.file?.name} page ${index}`;
    found.push({ id: "whoever writes back knows of every written page", text });
  }
}

function checkEntries(kernel: Kernel, mm: Mm, vma: Vma, found: Violation[]): void {
  const { exports } = kernel.mmu;
  if ((vma.flags & VM_SHARED) === 0 || vma.object === null || vma.object.file === null) return;
  const visit = (slot: number, page: number): void => {
    const flags = exports.entryFlags(slot);
    const both = Pte.present | Pte.write;
    if ((flags & both) !== both || isDirtyFolio(kernel, exports.entryFrame(slot, 0))) return;
    found.push({
      id: "writable entries of files are of dirty folios",
      text: `mm ${mm.id} page ${page}`,
    });
  };
  lookAtEntries(kernel, mm.root, vma.start, vma.end, visit, NO_HUGE);
}

/** Behind fsync or msync of pages [first, end) of a file: the disk holds the last store to each. */
export function checkDisk(
  memory: PlainMemory,
  { file, pages }: SharedObject,
  first = 0,
  end = pages,
): Violation[] {
  const found: Violation[] = [];
  for (let index = first; file !== null && index < Math.min(end, pages); index++) {
    const [is, want] = [file.disk[index] ?? 0, memory.inFile(file.name, index)];
    if (is === want) continue;
    const text = `file ${file.name} page ${index}: ${is} on the disk, should be ${want}`;
    found.push({ id: "what was written back is the last store", text });
  }
  return found;
}
