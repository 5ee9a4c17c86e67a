// No memory (mm/oom_kill.c out_of_memory, oom_badness, pagefault_out_of_memory; mm/page_alloc.c
// __alloc_pages_may_oom).
//
//   an allocation failed --made to fail?--> the fault is tried again
//   reclaim              --something?-----> the fault is tried again
//   the process with most pages is killed --another?--> its memory is there; tried again
//                                         --this one?-> "killed": it ends when the call does

import { Event } from "./events.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { CLUSTER, reclaimPages } from "./reclaim.js";
import { lookAtEntries } from "./walk-entries.js";

/**
 * After a fault of `mm` that found no memory.
 * @param again it has tried again already, with what room there was: now something must be freed for it
 * @returns whether it may try again; else its process is dying
 */
export function outOfMemory(kernel: Kernel, mm: Mm, again = false): boolean {
  kernel.count(Event.fault_oom);
  if (mm.killed) return false;
  if (!again && kernel.mmu.exports.roomLeft() > kernel.watermarks.low) return true;
  if (reclaimPages(kernel, CLUSTER) > 0) return true;
  const victim = worst(kernel);
  if (victim === null) return false;
  kernel.count(Event.oom_kill);
  victim.killed = true;
  kernel.onKill(victim);
  return victim !== mm;
}

/** select_bad_process: the most pages, in memory or in swap, and tables; of equals the last. */
function worst(kernel: Kernel): Mm | null {
  let victim: Mm | null = null;
  let most = 0;
  for (const mm of kernel.mms) {
    const points = badness(kernel, mm);
    if (mm.killed || points < most) continue;
    victim = mm;
    most = points;
  }
  return victim;
}

function badness(kernel: Kernel, mm: Mm): number {
  const { exports } = kernel.mmu;
  let pages = 0;
  const visit = (slot: number): void => {
    if (exports.entryFlags(slot) !== 0) pages++;
  };
  lookAtEntries(kernel, mm.root, 0, mm.limit, visit, () => {
    pages += kernel.entriesPerTable;
    return false;
  });
  return pages;
}
