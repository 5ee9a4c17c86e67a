// The daemon that makes huge pages of base pages (mm/khugepaged.c khugepaged_do_scan, khugepaged_scan_mm_slot): one
// whole pass over all address spaces, in the order in which they came to be. What it waits for between two parts of a
// pass, and how many pages a part has, is left out. Shared memory is none of its business as long as
// /sys/kernel/mm/transparent_hugepage/shmem_enabled says "never"; nor are orders below a huge page's, which the last
// kernels can make, too, where they are switched on.

import { collapseOne } from "./collapse.js";
import { daemonControl } from "./collapse-scan.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { hugeOrder, mayBeHuge } from "./thp.js";
import { entriesPerTable, hugeStart } from "./walk-entries.js";

/** Runs one pass. Returns how many huge pages were made. */
export function runKhugepaged(kernel: Kernel): number {
  kernel.steps.needsAll();
  let made = 0;
  for (const mm of kernel.mms) {
    const since = kernel.clocks.acquire(mm.mmapLock, "write");
    made += scanMm(kernel, mm);
    kernel.locks.endWrites();
    kernel.clocks.release(mm.mmapLock, "write", since);
  }
  return made;
}

function scanMm(kernel: Kernel, mm: Mm): number {
  const size = entriesPerTable(kernel);
  const control = daemonControl(kernel);
  let made = 0;
  for (const vma of mm.vmas.all) {
    if (vma.object !== null || vma.huge !== null || vma.anonVma === null) continue;
    for (let page = hugeStart(kernel, vma.start + size - 1); page + size <= vma.end; page += size) {
      if (!mayBeHuge(kernel, vma, page, hugeOrder(kernel))) break;
      if (collapseOne(kernel, mm, vma, page, control) === "made") made++;
    }
  }
  return made;
}
