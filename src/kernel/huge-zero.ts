// The huge zero page: mapped by the first read of a huge page (mm/huge_memory.c get_huge_zero_folio).

import { pageFlags, setPageFlags } from "./folio.js";
import type { Kernel } from "./kernel.js";
import { PG_HUGE_ZERO, PG_LARGE } from "./page-flags.js";
import { hugeOrder } from "./thp.js";

/** Head of the huge zero page, made at its first use; 0 = no memory. It is kept for good. */
export function hugeZero(kernel: Kernel): number {
  if (kernel.hugeZeroFrame !== 0) return kernel.hugeZeroFrame;
  const head = kernel.mmu.exports.allocateFrames(hugeOrder(kernel));
  if (head === 0) return 0;
  setPageFlags(kernel, head, PG_HUGE_ZERO | PG_LARGE);
  kernel.hugeZeroFrame = head;
  return head;
}

/** Whether a frame is its head. */
export function isHugeZero(kernel: Kernel, frame: number): boolean {
  return frame !== 0 && (pageFlags(kernel, frame) & PG_HUGE_ZERO) !== 0;
}
