// An access of a guest to one of its pages: by what a TLB holds, else by the SPTE, else by a fault.
//
//   TLB --right, and dirty for a write?--> the page
//    |  no
//   SPTE --right?--> accessed, dirty by the hardware --> TLB
//    |  no
//   exit --> fast fault, or a fault that looks the page up (fault.ts) --> again

import { MmulateError } from "../errors.js";
import { Event } from "../kernel/events.js";
import { emptyLog, hardwareLogs } from "./dirty-log.js";
import { fastFault, finishFault, startFault } from "./fault.js";
import type { MemorySlot } from "./spte.js";
import { SPTE_ACCESSED, SPTE_DIRTY, SPTE_PRESENT, SPTE_TRACKED, SPTE_WRITE } from "./spte-flags.js";
import type { Vm } from "./vm.js";

/** No access takes more faults: each retry is for a change of the host that is over. */
const MOST_FAULTS = 16;

/** The frame that an access reaches; null = the VMM has no page there (KVM_RUN returns EFAULT). */
export function guestAccess(vm: Vm, gfn: number, write: boolean): number | null {
  const slot = vm.slotOf(gfn);
  if (slot === null || vm.released) return null;
  const at = gfn - slot.gfn;
  for (let faults = 0; faults < MOST_FAULTS; faults++) {
    const frame = fromTlb(vm, slot, at, write) ?? fromSpte(vm, slot, at, write);
    if (frame !== null) return frame;
    vm.kernel.count(Event.kvm_exit);
    emptyLog(vm);
    if (fastFault(vm, gfn, write)) continue;
    const pending = startFault(vm, gfn, write);
    if (pending === null) return null;
    finishFault(vm, pending);
  }
  throw new MmulateError("INTERNAL", `an access to guest page ${gfn} faults without end`);
}

function fromTlb(_vm: Vm, slot: MemorySlot, at: number, write: boolean): number | null {
  const needs = SPTE_PRESENT | (write ? SPTE_WRITE | SPTE_DIRTY : 0);
  return ((slot.tlbFlags[at] ?? 0) & needs) === needs ? (slot.tlbFrames[at] ?? 0) : null;
}

/** The walk: sets accessed and dirty, and fills the TLB. */
function fromSpte(vm: Vm, slot: MemorySlot, at: number, write: boolean): number | null {
  const entry = slot.entryOf(at);
  const flags = slot.flagsOf(entry);
  const needs = SPTE_PRESENT | (write ? SPTE_WRITE : 0);
  if ((flags & needs) !== needs || (flags & SPTE_TRACKED) !== 0) return null;
  const { accessedByHardware, dirtyByHardware } = vm.stage;
  if (accessedByHardware.value) slot.update(entry, 0, SPTE_ACCESSED);
  if (write && (flags & SPTE_DIRTY) === 0 && dirtyByHardware.value) {
    slot.update(entry, 0, SPTE_DIRTY);
    hardwareLogs(vm, slot, at);
  }
  // Where no hardware keeps dirty, the right to write is all that a TLB knows of it.
  const known = dirtyByHardware.value ? 0 : slot.flagsOf(entry) & SPTE_WRITE ? SPTE_DIRTY : 0;
  const frame = slot.frameOf(at);
  slot.tlbFlags[at] = slot.flagsOf(entry) | known;
  slot.tlbFrames[at] = frame;
  return frame;
}
