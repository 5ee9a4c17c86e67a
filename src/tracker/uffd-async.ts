// Asynchronous userfaultfd write-protection and PAGEMAP_SCAN (Linux 6.7): the kernel takes the protection off by
// itself; a scan tells which pages have none and protects them again, both under one page-table lock.

import { Event } from "../kernel/events.js";
import { PAGE_IS_WRITTEN } from "../kernel/pagemap-categories.js";
import { pagemapScan } from "../kernel/pagemap-scan.js";
import { uffdRegister } from "../kernel/userfaultfd.js";
import { refuse } from "./refuse.js";
import type { Pages, Tracker, Watched } from "./types.js";

/** Regions that one call has room for; a scan that finds more goes on in the next call. */
const REGIONS = 4096;
/** struct page_region. */
const REGION_BYTES = 24;

function register({ kernel, mm, start, end }: Watched): void {
  const mode = { async: true, unpopulated: true };
  refuse("UFFDIO_REGISTER (asynchronous)", uffdRegister(kernel, mm, start, end, mode));
}

function scan(watched: Watched): Pages {
  const { kernel, mm, start, end } = watched;
  // A mapping that is not registered is new here, or was moved here: all it has counts as written. It must be so
  // before the scan, which ends at it with EPERM when it has already protected, and told nobody of, what lies before.
  if (mm.vmas.within(start, end).some(({ uffd }) => uffd === null)) register(watched);
  const request = { start, end, categories: PAGE_IS_WRITTEN, protect: true, check: true };
  const result = pagemapScan(kernel, mm, request);
  if ("errno" in result) {
    refuse("PAGEMAP_SCAN", result.errno);
    return [];
  }
  kernel.count(Event.syscall, Math.floor(result.ranges.length / REGIONS));
  return result.ranges;
}

export const uffdAsync: Tracker = {
  summary: "asynchronous userfaultfd write-protection, read by PAGEMAP_SCAN",
  bufferBytes: () => REGIONS * REGION_BYTES,
  seesNewMappings: true,
  blindTo: {
    move: "mremap of a registered range keeps uffd-wp in the entries (up to 6.12), and the scan takes it for its own",
  },
  arm: scan,
  collect: scan,
};
