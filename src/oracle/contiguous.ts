// What must hold of contiguous groups: one TLB entry may serve a whole group, so all of its entries must say the
// same (Arm ARM DDI 0487, D8.7.1 "The Contiguous bit"), and Linux folds only what one folio backs
// (arch/arm64/mm/contpte.c contpte_try_fold).
//
//   group:  16 entries (16K pages: 128, 64K: 32), aligned in address and frame
//           frame i = frame 0 + i, of one folio; equal in all but accessed and dirty

import { headOf } from "../kernel/folio.js";
import type { Kernel } from "../kernel/kernel.js";
import type { Mm } from "../kernel/mm.js";
import { lookAtEntries } from "../kernel/walk-entries.js";
import { Pte } from "../layout/linux-flags.js";
import type { Violation } from "./audit.js";

const MAY_DIFFER = Pte.young | Pte.dirty;
const FOLDED = Pte.present | Pte.contiguous;

/** Checks every folded group of an address space; where the architecture has none, there is nothing to check. */
export function checkContiguous(kernel: Kernel, mm: Mm): Violation[] {
  const level = kernel.hardware.halves[0].levels[0];
  if (level === undefined || level.groupShift === 0) return [];
  const size = 2 ** (level.groupShift - level.shift);
  const found: Violation[] = [];
  const visit = (slot: number, page: number): void => {
    if ((kernel.mmu.exports.entryFlags(slot) & FOLDED) !== FOLDED) return;
    const index = page % size;
    const text = complaintOf(kernel, slot, index, size);
    if (text !== null)
      found.push({ id: "contiguous groups", text: `mm ${mm.id} page ${page}: ${text}` });
  };
  lookAtEntries(kernel, mm.root, 0, mm.limit, visit, () => false);
  return found;
}

/** What is wrong with the entry in `slot`, the `index`-th of its group of `size`; null = nothing. */
function complaintOf(kernel: Kernel, slot: number, index: number, size: number): string | null {
  const { exports } = kernel.mmu;
  const first = slot - 8 * index;
  const [flags, leader] = [exports.entryFlags(slot), exports.entryFlags(first)];
  if ((leader & FOLDED) !== FOLDED) return "the group's first entry is not folded";
  if (((flags ^ leader) & ~MAY_DIFFER) !== 0) return "differs from the group's first entry";
  const [frame, base] = [exports.entryFrame(slot, 0), exports.entryFrame(first, 0)];
  if (base % size !== 0) return `the group's first frame ${base} is not aligned`;
  if (frame !== base + index) return `frame ${frame} behind ${base}`;
  if (headOf(kernel, frame) !== headOf(kernel, base)) return "pages of two folios";
  return null;
}
