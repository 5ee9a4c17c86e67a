// Ways of finding written pages, by name.

import { mprotectTracker } from "./mprotect.js";
import type { Tracker } from "./types.js";
import { uffdAsync } from "./uffd-async.js";
import { uffdSync } from "./uffd-sync.js";

export const TRACKERS: ReadonlyMap<string, Tracker> = new Map([
  ["mprotect", mprotectTracker],
  ["uffd-sync", uffdSync],
  ["uffd-async", uffdAsync],
]);
