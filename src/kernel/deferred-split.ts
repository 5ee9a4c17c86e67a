// The shrinker that splits folios which are mapped only in part, so that their other pages become free
// (mm/huge_memory.c deferred_split_scan).

import { splitFolio } from "./folio-split.js";
import type { Kernel } from "./kernel.js";

/**
 * Goes over the queue once, oldest first. What somebody else holds a reference to cannot be split, and stays queued.
 * @param most folios to look at
 * @returns folios that were split
 */
export function splitDeferred(kernel: Kernel, most = Number.POSITIVE_INFINITY): number {
  let split = 0;
  let seen = 0;
  for (const head of [...kernel.deferredSplit]) {
    if (seen++ >= most) break;
    if (splitFolio(kernel, head)) split++;
  }
  return split;
}
