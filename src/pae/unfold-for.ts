// Schemes that keep X in the entry change one entry of a contiguous group where Linux changes a flag of the page: the
// group is unfolded first, because all of its entries must be alike.

import { unfold } from "../kernel/contpte.js";
import type { Kernel } from "../kernel/kernel.js";
import type { Entry } from "./types.js";

/** Before a last-level entry is changed by itself; those of a huge page of a pool change together. */
export function unfoldFor(kernel: Kernel, { mm, page, slot, level, slots = 1 }: Entry): void {
  if (level === 0 && slots === 1) unfold(kernel, mm, slot, page);
}
