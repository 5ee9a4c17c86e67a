// Which guest pages were used (virt/kvm/kvm_main.c kvm_mmu_notifier_clear_young; arch/x86/kvm/mmu/tdp_mmu.c
// kvm_tdp_mmu_age_spte; spte.c mark_spte_for_access_track).
//
//   the hardware keeps A:   A is cleared; TLBs may go on without setting it, so a page may seem older than it is
//   it does not:            the SPTE is made absent, and its next use, by a fault, makes the page young
//
// clear_flush_young has the TLBs forget it as well.

import type { SecondStage } from "../../arch/linux/kvm.js";
import { Event } from "../kernel/events.js";
import type { Kernel } from "../kernel/kernel.js";
import type { MemorySlot } from "./spte.js";
import { SPTE_ACCESSED, SPTE_PRESENT, SPTE_TRACKED } from "./spte-flags.js";

/** What aging needs of a machine. */
interface AgedVm {
  readonly kernel: Kernel;
  readonly stage: SecondStage;
  readonly slots: readonly MemorySlot[];
  flush(slot: MemorySlot, from: number, to: number): void;
}

/** Pages [start, end) of the VMM become old. True: one was young. */
export function ageRange(vm: AgedVm, start: number, end: number, flush: boolean): boolean {
  let young = false;
  for (const slot of vm.slots) {
    for (const entry of slot.entriesIn(start, end)) {
      if (!isYoung(vm, slot, entry)) continue;
      young = true;
      makeOld(vm, slot, entry, flush);
    }
  }
  return young;
}

function makeOld(vm: AgedVm, slot: MemorySlot, entry: number, flush: boolean): void {
  const tracked = !vm.stage.accessedByHardware.value;
  vm.kernel.count(Event.spte_age);
  slot.update(entry, SPTE_ACCESSED, tracked ? SPTE_TRACKED : 0);
  if (flush || tracked) vm.flush(slot, entry, entry + slot.spanAt(entry));
}

/** Without the hardware's flag, whatever is not tracked was used since. */
function isYoung(vm: AgedVm, slot: MemorySlot, entry: number): boolean {
  const flags = slot.flagsOf(entry);
  if ((flags & SPTE_PRESENT) === 0) return false;
  return vm.stage.accessedByHardware.value
    ? (flags & SPTE_ACCESSED) !== 0
    : (flags & SPTE_TRACKED) === 0;
}

/** Whether one of the pages was used. */
export function isYoungRange(vm: AgedVm, start: number, end: number): boolean {
  return vm.slots.some((slot) =>
    [...slot.entriesIn(start, end)].some((entry) => isYoung(vm, slot, entry)),
  );
}
