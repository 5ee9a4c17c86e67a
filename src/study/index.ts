// Studies by name.

import { dirtyTracking } from "./dirty-tracking/index.js";
import { secondaryMmu } from "./secondary-mmu/index.js";
import { softDirtyBits } from "./soft-dirty-bits/index.js";
import type { Study } from "./types.js";

export const STUDIES: ReadonlyMap<string, Study> = new Map<string, Study>([
  ["dirty-tracking", dirtyTracking],
  ["soft-dirty-bits", softDirtyBits],
  ["secondary-mmu", secondaryMmu],
]);
