// PAGEMAP_SCAN of last-level tables (fs/proc/task_mmu.c pagemap_scan_pmd_entry, pagemap_page_category).
//
//   table  --entries alike-->  one category, one piece of a range, protected one by one
//          --another sort-->   the next
//   tables like the one before: a program's memory for the most part

import { Pte } from "../layout/linux-flags.js";
import { isUffdWp, MARKER_UFFD_WP, setMarker } from "./absent.js";
import { tryFold, unfold } from "./contpte.js";
import { Event } from "./events.js";
import { pageFlags } from "./folio.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { PG_ANON } from "./page-flags.js";
import {
  PAGE_IS_FILE,
  PAGE_IS_PFNZERO,
  PAGE_IS_PRESENT,
  PAGE_IS_SOFT_DIRTY,
  PAGE_IS_SWAPPED,
  PAGE_IS_WRITTEN,
  type Scan,
} from "./pagemap-categories.js";
import { entriesPerTable } from "./walk-entries.js";

/** Entries side by side that differ at most in their page belong together, unless somebody asks whose page it is. */
function looksAtFolio({ named }: Scan, flags: number): boolean {
  return (named & PAGE_IS_FILE) !== 0 && (flags & (Pte.present | Pte.special)) === Pte.present;
}

/** Entries of one category. True: some were protected. */
function scanAlike(
  scan: Scan,
  own: number,
  flags: number,
  { slot, start, end }: { readonly slot: number; readonly start: number; readonly end: number },
): boolean {
  const { kernel, request } = scan;
  const categories = scan.isFast
    ? fastCategories(kernel, slot, flags)
    : categoriesOf(scan, slot, flags);
  if (!scan.matches(own | categories)) return false;
  const to = scan.output(own | categories, start, end);
  if (!request.protect || (categories & PAGE_IS_WRITTEN) === 0) return false;
  for (let page = start; page < to; page++)
    protect(kernel, scan.mm, slot + 8 * (page - start), page, flags);
  return to > start;
}

/** Entries of one table, from `page` to `end`, under its lock. */
export function scanTable(scan: Scan, own: number, slot: number, page: number, end: number): void {
  const { kernel } = scan;
  scan.lookAt(end - page);
  const runs = 2 * kernel.mmu.gatherAlike(slot, end - page);
  const { alike } = kernel.mmu;
  let protectedAny = false;
  let at = page;
  for (let run = 0; run < runs && !scan.isFull; run += 2) {
    const flags = alike[run] ?? 0;
    const next = at + (alike[run + 1] ?? 0);
    const step = looksAtFolio(scan, flags) ? 1 : next - at;
    for (; at < next; at += step) {
      const here = slot + 8 * (at - page);
      if (scanAlike(scan, own, flags, { slot: here, start: at, end: at + step }))
        protectedAny = true;
    }
  }
  if (protectedAny) kernel.tlb.range(scan.mm, page, end);
}

/**
 * Tables behind one that was scanned, and whose entries were all alike: as far as all of theirs are like those, they are
 * looked at in one go, and cost what they cost one by one. Returns where it stopped.
 */
export function scanTablesAlike(
  scan: Scan,
  own: number,
  slot: number,
  page: number,
  end: number,
): number {
  const { kernel, request, mm } = scan;
  const { exports, alike } = kernel.mmu;
  const size = entriesPerTable(kernel);
  const [flags = 0, count] = alike;
  // Nobody may come in between, nothing may change, and no page is looked at.
  const others = kernel.clocks.cpus > 1 || kernel.meanwhile !== null;
  if (count !== size || others || request.protect || scan.isBounded || looksAtFolio(scan, flags))
    return page;
  const tables = exports.alikeTables(mm.root, page, end, slot);
  if (tables === 0) return page;
  const pass = (): void => scan.lookAt(size);
  for (let i = 0; i < tables; i++) kernel.locks.withTable(slot, pass);
  const to = page + tables * size;
  scanAlike(scan, own, flags, { slot, start: page, end: to });
  return to;
}

/** The fast path does not look at what an entry is: without uffd-wp it counts as written, even if none. */
function fastCategories(kernel: Kernel, slot: number, flags: number): number {
  return isUffdWp(kernel, slot, flags) ? 0 : PAGE_IS_WRITTEN;
}

/** pagemap_page_category. */
function categoriesOf(scan: Scan, slot: number, flags: number): number {
  if (flags === 0) return 0;
  const { kernel } = scan;
  const written = isUffdWp(kernel, slot, flags) ? 0 : PAGE_IS_WRITTEN;
  const softDirty = kernel.softDirty && (flags & Pte.softDirty) !== 0 ? PAGE_IS_SOFT_DIRTY : 0;
  if ((flags & Pte.present) === 0) return written | softDirty | PAGE_IS_SWAPPED;
  return written | softDirty | PAGE_IS_PRESENT | presentCategories(scan, slot, flags);
}

/** Whose page it is costs a look at the page, so only who asks is told (`masks_of_interest`). */
function presentCategories({ kernel, named }: Scan, slot: number, flags: number): number {
  if ((flags & Pte.special) !== 0) return PAGE_IS_PFNZERO;
  if ((named & PAGE_IS_FILE) === 0) return 0;
  const frame = kernel.mmu.exports.entryFrame(slot, 0);
  return (pageFlags(kernel, frame) & PG_ANON) === 0 ? PAGE_IS_FILE : 0;
}

/** make_uffd_wp_pte. */
function protect(kernel: Kernel, mm: Mm, slot: number, page: number, flags: number): void {
  const { exports } = kernel.mmu;
  kernel.count(Event.scan_protect);
  if (flags === 0) {
    setMarker(kernel, slot, MARKER_UFFD_WP);
    return;
  }
  if ((flags & Pte.present) !== 0) {
    unfold(kernel, mm, slot, page);
    const kept = kernel.pae.keep(slot, 0, exports.entryFlags(slot));
    exports.updateEntry(slot, Pte.write, 0);
    kernel.pae.kept(slot, 0, kept);
  }
  exports.updateEntry(slot, 0, Pte.uffdWp);
  if ((flags & Pte.present) !== 0) tryFold(kernel, mm, slot, page);
}
