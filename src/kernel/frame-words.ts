// Words of a frame's record in linear memory (assembly/abi/frames.ts).

import type { Kernel } from "./kernel.js";

/** A word of a frame's record, by its offset. */
export function frameWord(kernel: Kernel, frame: number, offset: number): number {
  return kernel.mmu.words[kernel.mmu.record(frame) + (offset >>> 2)] ?? 0;
}

/** Writes one. */
export function setFrameWord(kernel: Kernel, frame: number, offset: number, value: number): void {
  kernel.mmu.words[kernel.mmu.record(frame) + (offset >>> 2)] = value;
}
