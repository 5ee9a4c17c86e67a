// Ways of finding written pages, by name.

import { fullCopy } from "./full-copy.js";
import { hwLog, hwSweep } from "./hardware.js";
import { mprotectTracker } from "./mprotect.js";
import { noTracker } from "./none.js";
import { softDirty, softDirtyScan } from "./soft-dirty.js";
import type { Tracker } from "./types.js";
import { uffdAsync } from "./uffd-async.js";
import { uffdAsyncSd } from "./uffd-async-sd.js";
import { uffdSync } from "./uffd-sync.js";

export const TRACKERS: ReadonlyMap<string, Tracker> = new Map([
  ["none", noTracker],
  ["full-copy", fullCopy],
  ["soft-dirty", softDirty],
  ["soft-dirty-scan", softDirtyScan],
  ["mprotect", mprotectTracker],
  ["uffd-sync", uffdSync],
  ["uffd-async", uffdAsync],
  ["uffd-async-sd", uffdAsyncSd],
  ["hw-log", hwLog],
  ["hw-sweep", hwSweep],
]);
