// NUMA balancing (kernel/sched/fair.c task_numa_work; mm/mempolicy.c change_prot_numa; mm/memory.c do_numa_page;
// mm/huge_memory.c do_huge_pmd_numa_page): entries become inaccessible though their mapping is not, and who touches the
// page next, and from which node, is seen by a fault.
//
//   entry --scan--> without rights, write gone, dirty and all else kept --access: a fault--> the mapping's rights again,
//                                                                        writable if nothing wants to see the next write
//
// There is one node: the fault never moves the page, which is what happens where it finds it on the right one.

import { Pte } from "../layout/linux-flags.js";
import { changeProtection, mayBeWritable } from "./change-protection.js";
import { tryFold, unfold } from "./contpte.js";
import { Event } from "./events.js";
import type { Fault, FaultResult } from "./fault-types.js";
import { headOf, isLarge, orderOf } from "./folio.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { gathering } from "./mmu-gather.js";
import { wantsManualUpgrade } from "./mprotect.js";
import { mayHint } from "./numa-skip.js";
import { pageProt } from "./page-prot.js";
import { VM_ACCESS_FLAGS } from "./vm-flags.js";
import type { Vma } from "./vma.js";
import { hugeStart } from "./walk-entries.js";

/** task_numa_work over [start, end): the next access to each page will be a fault. */
export function hintNuma(kernel: Kernel, mm: Mm, start: number, end: number): void {
  kernel.steps.needsAll();
  for (const vma of mm.vmas.within(start, end)) {
    if (!mayHint(vma)) continue;
    const [from, to] = [Math.max(start, vma.start), Math.min(end, vma.end)];
    gathering(kernel, mm, (gather) =>
      changeProtection(gather, vma, from, to, { upgrade: false, numa: true }),
    );
  }
}

/** Whether a present entry waits for such a fault. */
export function isHinted(vma: Vma, flags: number): boolean {
  return (flags & Pte.protnone) !== 0 && (vma.flags & VM_ACCESS_FLAGS) !== 0;
}

/** do_huge_pmd_numa_page. */
export function hugeNumaFault(kernel: Kernel, { vma }: Fault, slot: number): FaultResult {
  kernel.count(Event.fault_numa);
  rebuild(kernel, vma, slot, 1);
  return "done";
}

/** do_numa_page; of a large folio all entries side by side that wait (numa_rebuild_large_mapping). */
export function numaFault(kernel: Kernel, fault: Fault, slot: number): FaultResult {
  kernel.count(Event.fault_numa);
  const { mm, vma, page } = fault;
  for (const at of pagesOf(kernel, fault, slot)) {
    const near = slot + 8 * (at - page);
    if (at !== page && !isWaiting(kernel, vma, near)) continue;
    unfold(kernel, mm, near, at);
    rebuild(kernel, vma, near, 0);
    tryFold(kernel, mm, near, at);
  }
  return "done";
}

function isWaiting({ mmu: { exports } }: Kernel, vma: Vma, slot: number): boolean {
  const flags = exports.entryFlags(slot);
  return (flags & Pte.present) !== 0 && isHinted(vma, flags);
}

/** Pages of the folio, as far as its place in this mapping and table reaches. */
function pagesOf(kernel: Kernel, { vma, page }: Fault, slot: number): number[] {
  const frame = kernel.mmu.exports.entryFrame(slot, 0);
  if (!isLarge(kernel, frame) || !kernel.has("numaRebuildsFolio")) return [page];
  const head = headOf(kernel, frame);
  const first = page - (frame - head);
  const table = hugeStart(kernel, page);
  const from = Math.max(first, table, vma.start);
  const to = Math.min(first + 2 ** orderOf(kernel, head), table + kernel.entriesPerTable, vma.end);
  const pages = Array.from({ length: to - from }, (_, i) => from + i);
  return pages.filter((at) => mapsNeighbour(kernel, slot + 8 * (at - page), frame + (at - page)));
}

function mapsNeighbour({ mmu: { exports } }: Kernel, slot: number, frame: number): boolean {
  const flags = exports.entryFlags(slot);
  const maps = (flags & (Pte.present | Pte.special)) === Pte.present;
  return maps && exports.entryFrame(slot, 0) === frame;
}

/** numa_rebuild_single_mapping: the mapping's protection, young, and writable where the next write need not be seen. */
function rebuild(kernel: Kernel, vma: Vma, slot: number, level: 0 | 1): void {
  const { exports } = kernel.mmu;
  const kept = kernel.pae.keep(slot, level, exports.entryFlags(slot));
  exports.protectEntry(slot, pageProt(kernel, vma));
  const flags = exports.updateEntry(slot, 0, Pte.young);
  kernel.pae.kept(slot, level, kept);
  if ((flags & Pte.write) !== 0 || !wantsManualUpgrade(kernel, vma)) return;
  if (!mayBeWritable(kernel, vma, slot, flags, level)) return;
  exports.updateEntry(slot, 0, Pte.write);
  kernel.pae.madeWritable(slot, level);
}
