// Whether other address spaces may map a folio, as the version asks it: folio_maybe_mapped_shared (6.15),
// folio_likely_mapped_shared (6.9, by the first page), total_mapcount before.

import { folioMapsOf, isLarge, mapsOf, wholeMapsOf } from "./folio.js";
import type { Kernel } from "./kernel.js";
import { maybeMappedShared } from "./mm-ids.js";

/** Whether a folio, by its head, counts as shared. */
export function isShared(kernel: Kernel, head: number): boolean {
  const maps = folioMapsOf(kernel, head);
  if (maps <= 1) return false;
  if (!isLarge(kernel, head)) return true;
  if (kernel.has("reuseLarge")) return maybeMappedShared(kernel, head);
  if (!kernel.has("likelyShared")) return true;
  // More than one huge mapping, or more than one of the first page, says shared; fewer may be wrong.
  return wholeMapsOf(kernel, head) > 1 || mapsOf(kernel, head) > 1;
}
