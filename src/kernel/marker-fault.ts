// Faults on entries that are neither none nor present (mm/memory.c do_swap_page): markers, pages in migration.

import { MARKER_GUARD, MARKER_UFFD_WP, markerIn } from "./absent.js";
import { Event } from "./events.js";
import type { Fault, FaultResult } from "./fault-types.js";
import { missing } from "./first-touch.js";
import type { Kernel } from "./kernel.js";
import { waitForMigration } from "./migrate.js";
import { SWAP_TYPE } from "./swap-device.js";
import { swapFault } from "./swap-in.js";
import { VM_UFFD_WP } from "./vm-flags.js";

/** handle_pte_marker. */
export function markerFault(
  kernel: Kernel,
  fault: Fault,
  slot: number,
  flags: number,
): FaultResult {
  if (kernel.mmu.exports.absentType(slot) === SWAP_TYPE)
    return swapFault(kernel, fault, slot, flags);
  // It took a fault, and the wait; the access then finds the page.
  if (waitForMigration(kernel, slot, flags)) return "done";
  const marker = markerIn(kernel, slot, flags);
  if ((marker & MARKER_GUARD) !== 0) return "segv";
  if ((marker & MARKER_UFFD_WP) === 0) return "sigbus";
  // A marker whose registration is gone is only cleared; the access faults again (pte_marker_clear).
  if ((fault.vma.flags & VM_UFFD_WP) === 0) {
    kernel.count(Event.fault_marker);
    kernel.mmu.exports.clearEntry(slot);
    return "done";
  }
  return missing(kernel, fault, slot);
}
