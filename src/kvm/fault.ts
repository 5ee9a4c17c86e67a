// A fault of a guest on its second translation (arch/x86/kvm/mmu/mmu.c kvm_tdp_page_fault, fast_page_fault; virt/kvm/
// kvm_main.c hva_to_pfn): the page is looked up in the VMM's address space, and mapped unless that changed meanwhile.
//
//   tracked, or write-protected by logging alone --> given back without asking (fast_page_fault)
//   startFault:  sequence -> get_user_pages -> what was found       | in between, anything may happen
//   finishFault: still true? -> SPTE, as large as the host's entry  | no: the access faults again

import { setAccess } from "../kernel/contpte.js";
import { Event } from "../kernel/events.js";
import { allows } from "../kernel/fault.js";
import { headOf, setPageFlags } from "../kernel/folio.js";
import { faultIn, followPage } from "../kernel/follow-page.js";
import type { Kernel } from "../kernel/kernel.js";
import type { Mm } from "../kernel/mm.js";
import { PG_DIRTY } from "../kernel/page-flags.js";
import { hugeStart, leafAt } from "../kernel/walk-entries.js";
import { Pte } from "../layout/linux-flags.js";
import { logPage } from "./dirty-log.js";
import type { MemorySlot } from "./spte.js";
import {
  SPTE_ACCESSED,
  SPTE_DIRTY,
  SPTE_HOST_WRITABLE,
  SPTE_HUGE,
  SPTE_PRESENT,
  SPTE_TRACKED,
  SPTE_WRITE,
} from "./spte-flags.js";
import type { Vm } from "./vm.js";

/** What a fault found, before the machine's lock is taken. */
export interface PendingFault {
  readonly slot: MemorySlot;
  /** Page of the slot. */
  readonly at: number;
  readonly write: boolean;
  readonly sequence: number;
  readonly frame: number;
  /** The host allows writes (map_writable). */
  readonly writable: boolean;
}

/** fast_page_fault: what KVM itself took, it gives back. True: the access may go on. */
export function fastFault(vm: Vm, gfn: number, write: boolean): boolean {
  const slot = vm.slotOf(gfn);
  if (slot === null) return false;
  const at = gfn - slot.gfn;
  const entry = slot.entryOf(at);
  const flags = slot.flagsOf(entry);
  if ((flags & SPTE_PRESENT) === 0) return false;
  const mayWrite = (flags & (SPTE_WRITE | SPTE_HOST_WRITABLE)) !== 0;
  if (write && (!mayWrite || ((flags & SPTE_HUGE) !== 0 && slot.dirty !== null))) return false;
  slot.update(entry, SPTE_TRACKED, SPTE_ACCESSED);
  if (write && (flags & SPTE_WRITE) === 0) {
    slot.update(entry, 0, SPTE_WRITE | SPTE_DIRTY);
    logPage(vm, slot, at);
  }
  return true;
}

/** Looks the page up, by faults of the VMM where need be (hva_to_pfn). Null: it has none there. */
export function startFault(vm: Vm, gfn: number, write: boolean): PendingFault | null {
  const slot = vm.slotOf(gfn);
  if (slot === null || vm.released) return null;
  const { kernel, mm, sequence } = vm;
  const at = gfn - slot.gfn;
  const page = slot.page + at;
  // hva_to_pfn: a guest's access counts as one of its VMM.
  const honorsNuma = true;
  const vma = mm.vmas.at(page);
  if (vma === null || !allows(vma, write)) return null;
  // get_user_page_fast_only(FOLL_WRITE), also for reads: what may be written, is mapped so.
  const fast = followPage(kernel, mm, vma, page, { write: true, honorsNuma });
  const found = { slot, at, write, sequence };
  if (typeof fast === "number") return { ...found, frame: fast, writable: true };
  if (faultIn(kernel, mm, page, { write, honorsNuma }) !== 0) return null;
  const slow = followPage(kernel, mm, mm.vmas.at(page) ?? vma, page, { write, honorsNuma });
  if (typeof slow !== "number") return null;
  if (write && vm.touch) touch(kernel, mm, page, slow);
  const again = followPage(kernel, mm, mm.vmas.at(page) ?? vma, page, { write: true, honorsNuma });
  return { ...found, frame: slow, writable: again === slow };
}

/** FOLL_TOUCH with FOLL_WRITE: the folio becomes dirty, of a huge page its entry (follow_page_pte, touch_pmd). */
function touch(kernel: Kernel, mm: Mm, page: number, frame: number): void {
  const leaf = leafAt(kernel, mm.root, page);
  if (leaf === null) return;
  const { exports } = kernel.mmu;
  if (leaf.level > 0) exports.updateEntry(leaf.slot, 0, Pte.young | kernel.madeDirty);
  else if ((exports.entryFlags(leaf.slot) & Pte.dirty) === 0) dirtyFolio(kernel, frame);
}

/** kvm_release_page_dirty; nobody has to write the zero page back. */
function dirtyFolio(kernel: Kernel, frame: number): void {
  if (frame !== kernel.zeroFrame) setPageFlags(kernel, headOf(kernel, frame), PG_DIRTY);
}

/** Maps what a fault found. "retry": it may be out of date. */
export function finishFault(vm: Vm, pending: PendingFault): "mapped" | "retry" {
  const { slot, at, sequence } = pending;
  if (vm.released || vm.mustRetry(sequence, slot.page + at)) {
    vm.kernel.count(Event.kvm_retry);
    return "retry";
  }
  if (isAllowed(pending)) return "mapped";
  const rights = rightsOf(vm, pending);
  vm.kernel.count(Event.spte_map);
  const start = hugeStartOf(vm, pending);
  if (start >= 0) mapHuge(vm, pending, start, rights);
  else mapPage(vm, pending, rights);
  if ((rights & SPTE_WRITE) === 0) return "mapped";
  if (vm.policy.dirty === "install") dirtyFolio(vm.kernel, pending.frame);
  if (vm.policy.dirty === "host-entry") dirtyHostEntry(vm, slot.page + at);
  logPage(vm, slot, at);
  return "mapped";
}

/**
 * Another CPU of the guest was faster, and what it mapped will do. A fault for reading, while writes are logged, would
 * take its right to write (arch/arm64/kvm/hyp/pgtable.c stage2_pte_needs_update: rights alone are not changed;
 * arch/x86/kvm/mmu/tdp_mmu.c RET_PF_SPURIOUS; riscv puts the lesser entry there, and flushes).
 */
function isAllowed({ slot, at, write, frame }: PendingFault): boolean {
  const flags = slot.flagsOf(slot.entryOf(at));
  const needs = SPTE_PRESENT | (write ? SPTE_WRITE : 0);
  return (flags & (needs | SPTE_TRACKED)) === needs && slot.frameOf(at) === frame;
}

/** make_spte: writable where the host's entry is and nobody wants to see the next write; writable means dirty. */
function rightsOf(vm: Vm, { slot, at, write, writable }: PendingFault): number {
  if (!writable) return SPTE_PRESENT | SPTE_ACCESSED;
  const hidden = slot.dirty !== null && !vm.stage.readsMapWritableWhileLogging.value;
  const clean = !vm.policy.allowsCleanHost && !isHostDirty(vm, slot.page + at);
  if (!write && (clean || hidden)) return SPTE_PRESENT | SPTE_ACCESSED;
  return SPTE_PRESENT | SPTE_ACCESSED | SPTE_HOST_WRITABLE | SPTE_WRITE | SPTE_DIRTY;
}

function isHostDirty({ kernel, mm }: Pick<Vm, "kernel" | "mm">, page: number): boolean {
  const leaf = leafAt(kernel, mm.root, page);
  return leaf !== null && (kernel.mmu.exports.entryFlags(leaf.slot) & Pte.dirty) !== 0;
}

function dirtyHostEntry({ kernel, mm }: Vm, page: number): void {
  const leaf = leafAt(kernel, mm.root, page);
  if (leaf === null || isHostDirty({ kernel, mm }, page)) return;
  const set = Pte.young | kernel.madeDirty;
  if (leaf.level === 0) setAccess(kernel, leaf.slot, page, set);
  else kernel.mmu.exports.updateEntry(leaf.slot, 0, set);
}

/** host_pfn_mapping_level, without dirty logging: where a huge SPTE would begin in the slot; -1 = a small one. */
function hugeStartOf({ kernel, mm }: Vm, { slot, at }: PendingFault): number {
  if (slot.dirty !== null) return -1;
  const start = slot.hugeStart(at);
  const page = slot.page + at;
  const leaf = leafAt(kernel, mm.root, page);
  if (start < 0 || leaf === null || leaf.level === 0) return -1;
  return slot.page + start === hugeStart(kernel, page) ? start : -1;
}

function mapHuge(vm: Vm, { slot, at, frame }: PendingFault, start: number, rights: number): void {
  const first = slot.page + start;
  const pages = vm.kernel.entriesPerTable;
  const stale = [...slot.entriesIn(first, first + pages)].length > 0;
  for (let i = 0; i < pages; i++) slot.set(start + i, 0, 0);
  slot.set(start, rights | SPTE_HUGE, frame - (at - start));
  if (stale) vm.flush(slot, start, start + pages);
}

/** Over a huge SPTE: it goes in parts, for the host does not map its page whole any more, or writes are logged. */
function mapPage(vm: Vm, { slot, at, frame }: PendingFault, rights: number): void {
  const entry = slot.entryOf(at);
  const flags = slot.flagsOf(entry);
  if ((flags & SPTE_HUGE) !== 0) {
    slot.split(entry);
    vm.flush(slot, entry, entry + vm.kernel.entriesPerTable);
  }
  slot.set(at, rights, frame);
}
