// PAGEMAP_SCAN (fs/proc/task_mmu.c do_pagemap_scan, pagemap_scan_test_walk, pagemap_scan_pmd_entry).
//
//   VMA --may be protected?--> its own categories
//   table --fast path (WRITTEN alone)?--> every entry without uffd-wp, none ones too
//         --general path-->               categories of each entry
//   hole  --> the VMA's categories

import { Pte } from "../layout/linux-flags.js";
import { noMemory } from "./allocation.js";
import { changeProtection, usesMarkers } from "./change-protection.js";
import type { Errno } from "./errno.js";
import { Event } from "./events.js";
import { isHugeZero } from "./huge-zero.js";
import { isHugetlb } from "./hugetlb.js";
import { scanHugetlb } from "./hugetlb-scan.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { gathering } from "./mmu-gather.js";
import { invalidatingAll } from "./notifier.js";
import { isSoftDirty } from "./page-prot.js";
import {
  PAGE_IS_HUGE,
  PAGE_IS_PFNZERO,
  PAGE_IS_PRESENT,
  PAGE_IS_SOFT_DIRTY,
  PAGE_IS_SWAPPED,
  PAGE_IS_WPALLOWED,
  PAGE_IS_WRITTEN,
  Scan,
  type ScanRanges,
  type ScanRequest,
} from "./pagemap-categories.js";
import { scanTable, scanTablesAlike } from "./pagemap-scan-table.js";
import { splitMapping } from "./split-mapping.js";
import { syscall } from "./syscall.js";
import { VM_UFFD_WP } from "./vm-flags.js";
import type { Vma } from "./vma.js";
import { entriesPerTable, hugeEntryAt, tableEnd } from "./walk-entries.js";

/** Scans, and protects what matches if asked to. */
export function pagemapScan(
  kernel: Kernel,
  mm: Mm,
  request: ScanRequest,
): { ranges: ScanRanges } | { errno: Errno } {
  return syscall(kernel, mm, "read", () => {
    // pagemap has no ioctl before 6.7.
    if (!kernel.has("wpAsync")) return { errno: "ENOTTY" };
    // The buffer of ranges (vec_buf).
    if (noMemory(kernel)) return { errno: "ENOMEM" };
    const scan = new Scan(kernel, mm, request);
    const { start, end, protect: protects } = request;
    const range = { mm, start, end, event: "protection-vma", taken: "write" } as const;
    return invalidatingAll(kernel, protects ? [range] : [], () => scanVmas(scan));
  });
}

function scanVmas(scan: Scan): { ranges: ScanRanges } | { errno: Errno } {
  const { kernel, mm, request } = scan;
  for (const vma of mm.vmas.within(request.start, request.end)) {
    const allowed = vma.uffd?.async === true && usesMarkers(vma);
    if (!allowed && request.check) return { errno: "EPERM" };
    if (!allowed && request.protect) continue;
    const softDirty = isSoftDirty(vma) ? PAGE_IS_SOFT_DIRTY : 0;
    const own = (allowed ? PAGE_IS_WPALLOWED : 0) | softDirty;
    if (!scanVma(scan, vma, own)) return { errno: "ENOMEM" };
    if (scan.isFull) break;
  }
  kernel.count(Event.scan_range, scan.ranges.length);
  return { ranges: scan.ranges };
}

/** False: no memory for a table of markers. */
function scanVma(scan: Scan, vma: Vma, own: number): boolean {
  const { exports } = scan.kernel.mmu;
  const end = Math.min(scan.request.end, vma.end);
  let page = Math.max(scan.request.start, vma.start);
  if (isHugetlb(vma)) {
    return scanHugetlb(scan, vma, own, page, end, (from, to) => scanHole(scan, vma, own, from, to));
  }
  for (; page < end && !scan.isFull; scan.kernel.meanwhile?.()) {
    const next = tableEnd(scan.kernel, page, end);
    let slot = exports.findEntry(scan.mm.root, page, 0) >>> 0;
    if (slot === 0) {
      if (scanHuge(scan, vma, own, page, next)) {
        page = next;
        continue;
      }
      slot = exports.findEntry(scan.mm.root, page, 0) >>> 0;
    }
    if (slot !== 0) {
      scan.kernel.locks.withTable(slot, () => scanTable(scan, own, slot, page, next));
      page = scanTablesAlike(scan, own, slot, next, end);
      continue;
    }
    if (!scanHole(scan, vma, own, page, next)) return false;
    page = next;
  }
  return true;
}

/**
 * pagemap_scan_thp_entry. False: no huge page, or one of which only a part is to be protected, which is split
 * now.
 */
function scanHuge(scan: Scan, vma: Vma, own: number, page: number, end: number): boolean {
  const { kernel, mm, request } = scan;
  const { exports } = kernel.mmu;
  const slot = hugeEntryAt(kernel, mm.root, page);
  if (slot === 0) return false;
  kernel.count(Event.scan_entry);
  const flags = exports.entryFlags(slot);
  const categories = own | hugeCategories(kernel, slot, flags);
  if (!scan.matches(categories)) return true;
  const protects = request.protect && (categories & PAGE_IS_WRITTEN) !== 0;
  if (protects && end - page < entriesPerTable(kernel)) {
    splitMapping(kernel, mm, vma, slot, page);
    return false;
  }
  const to = scan.output(categories, page, end);
  if (!protects) return true;
  if (to < end) {
    splitMapping(kernel, mm, vma, slot, page);
    protectPart(kernel, mm, vma, page, to);
    return true;
  }
  const present = (flags & Pte.present) !== 0;
  const kept = kernel.pae.keep(slot, 1, flags);
  exports.updateEntry(slot, present ? Pte.write : 0, Pte.uffdWp);
  if (present) {
    kernel.pae.kept(slot, 1, kept);
    kernel.tlb.range(mm, page, end);
  }
  return true;
}

/** pagemap_thp_category. */
function hugeCategories(kernel: Kernel, slot: number, flags: number): number {
  const present = (flags & Pte.present) !== 0;
  const zero = present && isHugeZero(kernel, kernel.mmu.exports.entryFrame(slot, 1));
  return (
    PAGE_IS_HUGE |
    (present ? PAGE_IS_PRESENT : PAGE_IS_SWAPPED) |
    ((flags & Pte.uffdWp) === 0 ? PAGE_IS_WRITTEN : 0) |
    (zero ? PAGE_IS_PFNZERO : 0) |
    (kernel.softDirty && (flags & Pte.softDirty) !== 0 ? PAGE_IS_SOFT_DIRTY : 0)
  );
}

/** pagemap_scan_pte_hole: no table. Protecting makes one, with markers. */
function scanHole(scan: Scan, vma: Vma, own: number, page: number, end: number): boolean {
  const { kernel, mm, request } = scan;
  const written =
    kernel.has("scanHolesWritten") && (vma.flags & VM_UFFD_WP) !== 0 ? PAGE_IS_WRITTEN : 0;
  if (!scan.matches(own | written)) return true;
  const to = scan.output(own | written, page, end);
  if (!request.protect) return true;
  return protectPart(kernel, mm, vma, page, to);
}

/** uffd_wp_range. False: no memory for a table of markers. */
function protectPart(kernel: Kernel, mm: Mm, vma: Vma, start: number, end: number): boolean {
  const change = { upgrade: false, uffdWp: "on" } as const;
  return gathering(kernel, mm, (gather) => changeProtection(gather, vma, start, end, change));
}
