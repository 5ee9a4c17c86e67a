// Ways of finding written pages, by name.

import { fullCopy } from "./full-copy.js";
import { mprotectTracker } from "./mprotect.js";
import { noTracker } from "./none.js";
import type { Tracker } from "./types.js";
import { uffdAsync } from "./uffd-async.js";
import { uffdSync } from "./uffd-sync.js";

export const TRACKERS: ReadonlyMap<string, Tracker> = new Map([
  ["none", noTracker],
  ["full-copy", fullCopy],
  ["mprotect", mprotectTracker],
  ["uffd-sync", uffdSync],
  ["uffd-async", uffdAsync],
]);
