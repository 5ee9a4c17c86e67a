// Soft-dirty: clear_refs write-protects the whole address space and clears a bit in every entry; each first write sets
// it again. Read by pagemap, or by PAGEMAP_SCAN. Between reading and clearing the process must stand still.

import { clearSoftDirty } from "../kernel/clear-refs.js";
import { PM_SOFT_DIRTY, readPagemap } from "../kernel/pagemap.js";
import { PAGE_IS_SOFT_DIRTY } from "../kernel/pagemap-categories.js";
import { pagemapScan } from "../kernel/pagemap-scan.js";
import { syscall } from "../kernel/syscall.js";
import { refuse } from "./refuse.js";
import type { Pages, Tracker, Watched } from "./types.js";

/** Entries of pagemap that one read returns. */
const ENTRIES = 2 ** 16;
export const PAGEMAP_BYTES = 8 * ENTRIES;
/** Regions that PAGEMAP_SCAN has room for, of 24 bytes. */
const VECTOR_BYTES = 4096 * 24;

/** Reading and clearing are two calls. */
export const LOSES_BETWEEN =
  "what is written behind the read of its page and before the call that clears is cleared with the rest (CRIU freezes the process)";

const BLIND_TO = {
  race: LOSES_BETWEEN,
  discard:
    "MADV_DONTNEED (zap_page_range_single) empties entries and leaves VM_SOFTDIRTY as it is: the page reads as zeroes and as clean",
  move: "mremap of whole aligned tables (move_normal_pmd, move_normal_pud) touches no entry: what has moved stays clean",
};

function arm({ kernel, mm }: Watched): void {
  refuse("clear_refs (soft-dirty)", kernel.softDirty ? 0 : "EINVAL");
  refuse("clear_refs (soft-dirty)", clearSoftDirty(kernel, mm));
}

/** Runs of pages that pagemap says are soft-dirty. */
export function softDirtyPages({ kernel, mm, start, end }: Watched): Pages {
  const runs: [number, number][] = [];
  for (let from = start; from < end; from += ENTRIES) {
    const to = Math.min(end, from + ENTRIES);
    const entries = syscall(kernel, mm, "read", () => readPagemap(kernel, mm, from, to));
    entries.forEach((entry, i) => {
      if ((entry & PM_SOFT_DIRTY) === 0) return;
      const last = runs.at(-1);
      if (last?.[1] === from + i) last[1]++;
      else runs.push([from + i, from + i + 1]);
    });
  }
  return runs;
}

export const softDirty: Tracker = {
  summary: "clear_refs and the soft-dirty bit, read by pagemap",
  bufferBytes: () => PAGEMAP_BYTES,
  seesNewMappings: true,
  blindTo: BLIND_TO,
  arm,
  collect(watched) {
    const pages = softDirtyPages(watched);
    arm(watched);
    return pages;
  },
};

export const softDirtyScan: Tracker = {
  summary: "clear_refs and the soft-dirty bit, read by PAGEMAP_SCAN",
  bufferBytes: () => VECTOR_BYTES,
  seesNewMappings: true,
  blindTo: BLIND_TO,
  arm,
  collect(watched) {
    const { kernel, mm, start, end } = watched;
    const request = { start, end, categories: PAGE_IS_SOFT_DIRTY, protect: false, check: false };
    const found = pagemapScan(kernel, mm, request);
    if ("errno" in found) refuse("PAGEMAP_SCAN", found.errno);
    arm(watched);
    return "ranges" in found ? found.ranges : [];
  },
};
