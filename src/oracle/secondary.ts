// What must hold of secondary translations once the host is at rest, and of what a guest wrote.
//
//   SPTE  -> the host's entry is present, of the same frame, and allows at least as much
//   TLB   -> the SPTE allows at least as much, and has the same frame
//   dirty -> where a writable SPTE's page would be given up as clean, somebody else knows: the folio, the host's entry,
//            or, where dirty is harvested late, the SPTE itself; of a file's page the folio, or writeback asks the SPTE

import { isFilePage } from "../kernel/file.js";
import { headOf, pageFlags } from "../kernel/folio.js";
import type { Kernel } from "../kernel/kernel.js";
import { PG_DIRTY } from "../kernel/page-flags.js";
import { leafAt } from "../kernel/walk-entries.js";
import type { MemorySlot } from "../kvm/spte.js";
import { SPTE_DIRTY, SPTE_PRESENT, SPTE_WRITE } from "../kvm/spte-flags.js";
import type { Vm } from "../kvm/vm.js";
import { Pte } from "../layout/linux-flags.js";
import type { Violation } from "./audit.js";

/** The host's entry of a page of a slot, as flags, and the frame it maps; 0 and 0 = it maps none. */
function hostEntry(kernel: Kernel, vm: Vm, page: number): { flags: number; frame: number } {
  const leaf = leafAt(kernel, vm.mm.root, page);
  const flags = leaf === null ? 0 : kernel.mmu.exports.entryFlags(leaf.slot);
  if (leaf === null || (flags & Pte.present) === 0) return { flags: 0, frame: 0 };
  const mapped = kernel.mmu.exports.entryFrame(leaf.slot, leaf.level);
  return { flags, frame: mapped + (page - leaf.first) };
}

/** Checks every shadow entry and cached translation of a machine. */
export function checkSecondary(kernel: Kernel, vm: Vm): Violation[] {
  const found: Violation[] = [];
  for (const slot of vm.slots) {
    for (let at = 0; at < slot.pages; at++) {
      const flags = slot.flagsOf(slot.entryOf(at));
      if ((flags & SPTE_PRESENT) !== 0) checkEntry(kernel, vm, slot, at, found);
      if (slot.tlbFlags[at] !== 0) checkTlb(slot, at, found);
    }
  }
  return found;
}

function checkEntry(
  kernel: Kernel,
  vm: Vm,
  slot: MemorySlot,
  at: number,
  found: Violation[],
): void {
  const spte = slot.flagsOf(slot.entryOf(at));
  const { flags, frame } = hostEntry(kernel, vm, slot.page + at);
  const text = `guest page ${slot.gfn + at}`;
  const stale = flags === 0 || frame !== slot.frameOf(at) || (flags & Pte.protnone) !== 0;
  if (stale) found.push({ id: "no stale secondary translation", text });
  const writes = (spte & SPTE_WRITE) !== 0;
  if (stale) return;
  const file = isFilePage(kernel, frame);
  // Writeback took the right from the host's entry, not from the SPTE, which it asks before it looks for dirty folios.
  const asked = file && vm.policy.tellsWriteback && vm.stage.dirtyByHardware.value;
  if (writes && (flags & Pte.write) === 0 && !asked) {
    found.push({ id: "secondary rights within the host's", text });
  }
  const hostDirty = (flags & Pte.dirty) !== 0;
  const writtenTo = (spte & (SPTE_WRITE | SPTE_DIRTY)) !== 0;
  if (writtenTo && !hostDirty && !vm.policy.allowsCleanHost) {
    found.push({ id: "no writable or dirty SPTE over a clean entry", text });
  }
  const folioDirty = (pageFlags(kernel, headOf(kernel, frame)) & PG_DIRTY) !== 0;
  const harvested = vm.policy.dirty === "zap";
  if (writes && !hostDirty && !folioDirty && !harvested) {
    found.push({ id: "somebody knows that a guest may have written", text });
  }
  // Writeback looks at folios: neither an entry nor an SPTE that is dirty would make it find the page.
  if (file && writtenTo && !folioDirty && !asked) {
    found.push({ id: "whoever writes back knows that a guest may write", text });
  }
}

function checkTlb(slot: MemorySlot, at: number, found: Violation[]): void {
  const cached = slot.tlbFlags[at] ?? 0;
  const spte = slot.flagsOf(slot.entryOf(at));
  const more = cached & ~spte & (SPTE_PRESENT | SPTE_WRITE);
  const other = slot.tlbFrames[at] !== slot.frameOf(at);
  if (more === 0 && !other) return;
  found.push({ id: "no stale secondary TLB entry", text: `guest page ${slot.gfn + at}` });
}

/** Guest pages that were written, and must be told by whoever logs them; written down as it happens. */
export class GuestWrites {
  private readonly written = new Map<object, Set<number>>();

  private of(vm: object): Set<number> {
    const set = this.written.get(vm) ?? new Set<number>();
    this.written.set(vm, set);
    return set;
  }

  write(vm: object, gfn: number): void {
    this.of(vm).add(gfn);
  }

  /** The log told `gfns`. Returns those that it forgot. */
  missing(vm: object, gfns: readonly number[]): number[] {
    const told = new Set(gfns);
    return [...this.of(vm)].filter((gfn) => !told.has(gfn));
  }

  /** Pages [from, to) are forgotten, or all. */
  forget(vm: object, from = 0, to: number = Number.POSITIVE_INFINITY): void {
    for (const gfn of [...this.of(vm)]) if (gfn >= from && gfn < to) this.of(vm).delete(gfn);
  }
}
