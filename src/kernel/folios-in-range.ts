// The folios behind a range of an address space, as move_pages looks for them (mm/migrate.c add_folio_for_migration).

import { Pte } from "../layout/linux-flags.js";
import { headOf } from "./folio.js";
import { isHugeZero } from "./huge-zero.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { migratingIn } from "./softleaf.js";
import { forEachEntry } from "./walk-entries.js";

/**
 * Heads of the folios that [start, end) maps, zero pages left out; a folio may come more than once.
 * @param migrating those that are on their way instead
 */
export function foliosOf(
  kernel: Kernel,
  mm: Mm,
  start: number,
  end: number,
  migrating: boolean,
): number[] {
  const { exports } = kernel.mmu;
  const found: number[] = [];
  const look = (slot: number, level: number): void => {
    const flags = exports.entryFlags(slot);
    if (migrating) {
      const entry = migratingIn(kernel, slot, flags);
      if (entry !== null) found.push(headOf(kernel, entry.frame));
      return;
    }
    if ((flags & (Pte.present | Pte.special)) !== Pte.present) return;
    const head = headOf(kernel, exports.entryFrame(slot, level));
    if (!isHugeZero(kernel, head)) found.push(head);
  };
  forEachEntry(
    kernel,
    mm.root,
    start,
    end,
    (slot) => look(slot, 0),
    (slot) => {
      look(slot, 1);
      return false;
    },
  );
  return found;
}
