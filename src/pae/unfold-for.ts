// Schemes that keep X in the entry change one entry of a contiguous group where Linux changes a flag of the page: the
// group is unfolded first, because all of its entries must be alike.

import { unfold } from "../kernel/contpte.js";
import type { Kernel } from "../kernel/kernel.js";
import type { Entry } from "./types.js";

/** Before a last-level entry is changed by itself. */
export function unfoldFor(kernel: Kernel, { mm, page, slot, level }: Entry): void {
  if (level === 0) unfold(kernel, mm, slot, page);
}
