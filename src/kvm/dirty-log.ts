// Dirty logging (virt/kvm/kvm_main.c kvm_get_dirty_log_protect, kvm_clear_dirty_log_protect; dirty_ring.c; arch/x86/kvm/
// vmx/vmx.c, page-modification logging).
//
//   protect   the right to write goes; the next write faults, is noted, and gets it back
//   buffer    dirty goes, the right stays; the hardware notes the page in a buffer when it sets dirty again. Emptied at
//             each exit; where it is full, the guest leaves. Only where the hardware has one
//   ring      as either of them, but noted in a ring that the VMM empties; what it took is armed anew
//
//   GET     tells the bitmap, and where CLEAR is not manual, clears it and arms what it told
//   CLEAR   of a range: clears its bits, and arms what they were for (KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2)
//
// A page is armed (its bit cleared first) before its content is sent, so that a later write is seen.

import { Event } from "../kernel/events.js";
import type { MemorySlot } from "./spte.js";
import { SPTE_DIRTY, SPTE_HUGE, SPTE_WRITE } from "./spte-flags.js";
import type { LogMode, Vm } from "./vm.js";

/** Entries of a dirty ring, beyond which the guest leaves for the VMM to empty it. */
export const RING_ENTRIES = 4096;

/** mark_page_dirty_in_slot. */
export function logPage(vm: Vm, slot: MemorySlot, at: number): void {
  if (slot.dirty === null) return;
  vm.kernel.count(Event.kvm_log);
  if (vm.logMode !== "ring") slot.dirty[at] = 1;
  else if (vm.ring.push(slot.gfn + at) >= RING_ENTRIES) vm.kernel.count(Event.kvm_ring_full);
}

/** The hardware made an SPTE dirty. */
export function hardwareLogs(vm: Vm, slot: MemorySlot, at: number): void {
  const { value: size } = vm.stage.logBuffer;
  if (slot.dirty === null || size === 0 || vm.logMode === "protect") return;
  vm.log.push(slot.gfn + at);
  if (vm.log.length < size) return;
  vm.kernel.count(Event.kvm_log_full);
  vm.kernel.count(Event.kvm_exit);
  emptyLog(vm);
}

/** vmx_flush_pml_buffer: at every exit. */
export function emptyLog(vm: Vm): void {
  for (const gfn of vm.log.splice(0)) {
    const slot = vm.slotOf(gfn);
    if (slot !== null) logPage(vm, slot, gfn - slot.gfn);
  }
}

/** KVM_MEM_LOG_DIRTY_PAGES for all slots. Huge SPTEs are split first (eager_page_split). */
export function setLogging(vm: Vm, mode: LogMode): void {
  vm.logMode = mode;
  vm.log.length = 0;
  vm.ring.length = 0;
  for (const slot of vm.slots) {
    slot.dirty = mode === "off" ? null : new Uint8Array(slot.pages);
    if (mode === "off") continue;
    for (const entry of [...slot.entriesIn(slot.page, slot.page + slot.pages)]) {
      if ((slot.flagsOf(entry) & SPTE_HUGE) !== 0) slot.split(entry);
    }
    arm(vm, slot, 0, slot.pages, () => true);
  }
}

/** The next write to pages [from, to) of a slot that `wanted` names will be noted. */
function arm(
  vm: Vm,
  slot: MemorySlot,
  from: number,
  to: number,
  wanted: (at: number) => boolean,
): void {
  const byHardware = vm.logMode !== "protect" && vm.stage.logBuffer.value > 0;
  const gone = byHardware ? SPTE_DIRTY : SPTE_WRITE;
  const gfns = { first: to, last: from };
  for (let at = from; at < to; at++) {
    if (!wanted(at) || (slot.flagsOf(at) & gone) === 0) continue;
    if (vm.policy.dirty === "zap" && (slot.flagsOf(at) & SPTE_DIRTY) !== 0) vm.dirtyPage(slot, at);
    vm.kernel.count(byHardware ? Event.spte_clean : Event.spte_protect);
    slot.update(at, byHardware ? SPTE_DIRTY : SPTE_WRITE | SPTE_DIRTY);
    gfns.first = Math.min(gfns.first, at);
    gfns.last = at + 1;
  }
  if (gfns.first < gfns.last) vm.flush(slot, gfns.first, gfns.last);
}

/** KVM_GET_DIRTY_LOG: guest pages. `clear`: they are forgotten, and armed. */
export function getDirtyLog(vm: Vm, clear: boolean): number[] {
  if (vm.logMode === "ring") return harvest(vm);
  vm.kernel.count(Event.syscall);
  emptyLog(vm);
  const written: number[] = [];
  for (const slot of vm.slots) {
    slot.dirty?.forEach((bit, at) => {
      if (bit !== 0) written.push(slot.gfn + at);
    });
    if (clear) clearSlot(vm, slot, 0, slot.pages);
  }
  return written;
}

/** KVM_CLEAR_DIRTY_LOG of guest pages [first, first + count). */
export function clearDirtyLog(vm: Vm, first: number, count: number): void {
  vm.kernel.count(Event.syscall);
  for (const slot of vm.slots) {
    const from = Math.max(0, first - slot.gfn);
    const to = Math.min(slot.pages, first + count - slot.gfn);
    if (from < to) clearSlot(vm, slot, from, to);
  }
}

function clearSlot(vm: Vm, slot: MemorySlot, from: number, to: number): void {
  const { dirty } = slot;
  if (dirty === null) return;
  const told = dirty.slice(from, to);
  dirty.fill(0, from, to);
  arm(vm, slot, from, to, (at) => told[at - from] !== 0);
}

/** The VMM takes what is in the ring, and KVM_RESET_DIRTY_RINGS arms it anew. */
function harvest(vm: Vm): number[] {
  vm.kernel.count(Event.syscall);
  emptyLog(vm);
  const written = new Set(vm.ring.splice(0));
  for (const slot of vm.slots) {
    arm(vm, slot, 0, slot.pages, (at) => written.has(slot.gfn + at));
  }
  return [...written].sort((a, b) => a - b);
}
