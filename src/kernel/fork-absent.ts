// Entries that map nothing, at fork (mm/memory.c copy_nonpresent_pte).

import { Pte } from "../layout/linux-flags.js";
import { MARKER_GUARD, markerIn } from "./absent.js";
import type { Kernel } from "./kernel.js";
import { weakenMigrating } from "./softleaf.js";
import { duplicateSlot, SWAP_TYPE } from "./swap-device.js";

/**
 * Guard markers are copied; uffd-wp's stay with the registration. A swapped page, or one in migration, is exclusive
 * to neither then.
 */
export function copyAbsent(kernel: Kernel, slot: number, to: number, flags: number): void {
  const { exports } = kernel.mmu;
  if (exports.absentType(slot) === SWAP_TYPE) {
    duplicateSlot(kernel, exports.absentOffset(slot));
    exports.updateEntry(slot, Pte.exclusive, 0);
    exports.copyEntry(slot, to);
    exports.updateEntry(to, Pte.uffdWp, 0);
    return;
  }
  if (weakenMigrating(kernel, slot, flags, false)) {
    exports.copyEntry(slot, to);
    exports.updateEntry(to, Pte.uffdWp, 0);
    return;
  }
  if ((markerIn(kernel, slot, flags) & MARKER_GUARD) !== 0) exports.copyEntry(slot, to);
}
