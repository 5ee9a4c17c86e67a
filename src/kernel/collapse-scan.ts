// Whether the pages of a table may become one huge page (mm/khugepaged.c hpage_collapse_scan_pmd, and
// __collapse_huge_page_isolate, which looks once more). MADV_COLLAPSE takes what it can get; the daemon wants it to be
// worth the while:
//
//                          MADV_COLLAPSE   khugepaged
//   none, zero page        any             at most max_ptes_none    (511 of 512)
//   swapped                any             at most max_ptes_swap    (64); then half of the rest must be young
//   mapped elsewhere, too  any             at most max_ptes_shared  (256)
//   young                  -               at least one
//   freed (lazyfree)       any             none, from 7.1 on

import { Pte } from "../layout/linux-flags.js";
import { isUffdWp } from "./absent.js";
import type { Errno } from "./errno.js";
import { folioMapsOf, headOf, mapsOf, orderOf, pageFlags, refsOf } from "./folio.js";
import type { Kernel } from "./kernel.js";
import { isShared } from "./mapped-shared.js";
import type { Mm } from "./mm.js";
import { isYoungBySecondary } from "./notifier.js";
import { PG_LAZYFREE, PG_SWAPCACHE } from "./page-flags.js";
import type { Vma } from "./vma.js";
import { entriesPerTable } from "./walk-entries.js";

/** What a collapse asks for (`struct collapse_control` with the daemon's sysfs files). */
export interface CollapseControl {
  readonly maxNone: number;
  readonly maxSwap: number;
  readonly maxShared: number;
  /** Somebody must have used the pages lately, and not given them up (`is_khugepaged`). */
  readonly inUse: boolean;
}

/** Of MADV_COLLAPSE. */
export const COLLAPSE_ANY: CollapseControl = {
  maxNone: Number.POSITIVE_INFINITY,
  maxSwap: Number.POSITIVE_INFINITY,
  maxShared: Number.POSITIVE_INFINITY,
  inUse: false,
};

/** Of the daemon, as it comes (khugepaged_init): HPAGE_PMD_NR - 1, / 8, / 2. */
export function daemonControl(kernel: Kernel): CollapseControl {
  const size = entriesPerTable(kernel);
  return { maxNone: size - 1, maxSwap: size / 8, maxShared: size / 2, inUse: true };
}

/** What was counted so far. */
interface Tally {
  none: number;
  swapped: number;
  shared: number;
  young: number;
  writable: boolean;
}

/** Pages that would lie in one huge page: where, and the table of their entries. */
export interface CollapsePlace {
  readonly mm: Mm;
  readonly vma: Vma;
  readonly page: number;
  readonly table: number;
}

/** Why a table cannot be collapsed, as madvise returns it (`madvise_collapse_errno`); 0 = it can. */
export function scanTable(kernel: Kernel, place: CollapsePlace, control: CollapseControl): Errno {
  const tally: Tally = { none: 0, swapped: 0, shared: 0, young: 0, writable: false };
  for (let i = 0; i < entriesPerTable(kernel); i++) {
    const errno = scanEntry(kernel, place, i, control, tally);
    if (errno !== 0) return errno;
  }
  if (kernel.has("collapseNeedsWritable") && !tally.writable) return "EINVAL";
  if (!control.inUse) return 0;
  const enough = tally.swapped === 0 ? 1 : entriesPerTable(kernel) / 2;
  return tally.young >= enough ? 0 : "EINVAL";
}

function scanEntry(
  kernel: Kernel,
  { mm, vma, page, table }: CollapsePlace,
  i: number,
  control: CollapseControl,
  tally: Tally,
): Errno {
  const slot = table + 8 * i;
  const { exports } = kernel.mmu;
  const flags = exports.entryFlags(slot);
  if (flags !== 0 && isUffdWp(kernel, slot, flags)) return "EINVAL";
  if (flags === 0 || (flags & Pte.special) !== 0) {
    return vma.uffd !== null || ++tally.none > control.maxNone ? "EBUSY" : 0;
  }
  if ((flags & Pte.present) === 0) return ++tally.swapped > control.maxSwap ? "EBUSY" : 0;
  const frame = exports.entryFrame(slot, 0);
  const given = (pageFlags(kernel, headOf(kernel, frame)) & PG_LAZYFREE) !== 0;
  if (control.inUse && given && (flags & Pte.dirty) === 0 && kernel.has("khugepagedSkipsLazyfree"))
    return "EINVAL";
  if ((flags & Pte.write) !== 0) tally.writable = true;
  const young = (flags & Pte.young) !== 0;
  if (young || isYoungBySecondary(kernel, mm, page + i, page + i + 1)) tally.young++;
  if (isMappedElsewhere(kernel, frame) && ++tally.shared > control.maxShared) return "EBUSY";
  return hasOnlyMappings(kernel, frame) ? 0 : "EAGAIN";
}

/** page_mapcount > 1; later whatever stands for it of the folio. */
function isMappedElsewhere(kernel: Kernel, frame: number): boolean {
  const byFolio = kernel.has("likelyShared") || kernel.has("reuseLarge");
  return byFolio ? isShared(kernel, headOf(kernel, frame)) : mapsOf(kernel, frame) > 1;
}

/** is_refcount_suitable: nobody but entries and the swap cache refers to the folio. */
function hasOnlyMappings(kernel: Kernel, frame: number): boolean {
  const head = headOf(kernel, frame);
  const cached = (pageFlags(kernel, head) & PG_SWAPCACHE) !== 0 ? 2 ** orderOf(kernel, head) : 0;
  return refsOf(kernel, head) === folioMapsOf(kernel, head) + cached;
}
