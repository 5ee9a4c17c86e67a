// What an observer sees costs nobody a cache line: who looks is not there (as lookAtEntries takes no locks).

import type { Kernel } from "../kernel/kernel.js";

/** X(e), for whoever watches the kernel and is no part of it. */
export function seesX({ pae }: Kernel, slot: number, level: number, frame: number): boolean {
  const { costs } = pae;
  const counted = costs.counting;
  costs.counting = false;
  const exclusive = pae.isX(slot, level, frame);
  costs.counting = counted;
  return exclusive;
}
