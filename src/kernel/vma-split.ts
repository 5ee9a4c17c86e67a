// Cuts a VMA in two, and whatever lies across the cut (mm/vma.c __split_vma).

import { noMemory } from "./allocation.js";
import { Event } from "./events.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { splitAcross } from "./split-mapping.js";
import { copyOf, type Vma } from "./vma.js";

/** Cache lines of VMAs and tree nodes that a split touches, to the nearest round number (cache-lines.ts). */
const SPLIT_LINES = 20;

/** Cuts at `page`, which lies inside; the VMA keeps the lower part. Returns the upper part; null = no memory. */
export function splitVma(kernel: Kernel, mm: Mm, vma: Vma, page: number): Vma | null {
  if (noMemory(kernel) || (vma.anonVma !== null && noMemory(kernel))) return null;
  kernel.count(Event.vma_split);
  kernel.touchVmas(SPLIT_LINES, mm.vmas.count);
  splitAcross(kernel, mm, vma, page);
  const upper = copyOf(vma, page, vma.end, vma.pgoff + (page - vma.start));
  vma.end = page;
  mm.vmas.insert(upper);
  if (upper.object !== null) upper.object.users++;
  return upper;
}
