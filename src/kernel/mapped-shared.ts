// Whether other address spaces may map a folio, as the version asks it. Only the first and the last of these are sure
// when they say no:
//
//   up to 6.5   page_mapcount of a page, total_mapcount of a huge one
//   6.6 .. 6.9  folio_estimated_sharers: mappings of the first page
//   6.10..6.14  folio_likely_mapped_shared: more mappings than pages, or a huge one among several; else the first page
//   6.15 ..     folio_maybe_mapped_shared: by address space (mm-ids.ts)

import { folioMapsOf, headOf, isLarge, mapsOf, orderOf, wholeMapsOf } from "./folio.js";
import type { Kernel } from "./kernel.js";
import { maybeMappedShared } from "./mm-ids.js";

/** Whether a folio, by its head, counts as shared. */
export function isShared(kernel: Kernel, head: number): boolean {
  const maps = folioMapsOf(kernel, head);
  if (maps <= 1) return false;
  if (!isLarge(kernel, head)) return true;
  if (kernel.has("reuseLarge")) return maybeMappedShared(kernel, head);
  if (kernel.has("likelyShared")) {
    if (wholeMapsOf(kernel, head) > 0 || maps > 2 ** orderOf(kernel, head)) return true;
    return mapsOf(kernel, head) > 1;
  }
  return kernel.has("estimatedSharers") ? mapsOf(kernel, head) > 1 : true;
}

/** Whether a page of a folio counts as shared where advice splits every large folio that it meets (up to 6.9). */
export function isSharedPage(kernel: Kernel, frame: number): boolean {
  return mapsOf(kernel, kernel.has("estimatedSharers") ? headOf(kernel, frame) : frame) > 1;
}
