// Round numbers for a machine of about 4 GHz, to order kinds of work by size. Not calibrated.

import type { CostProfileInput } from "./schema.js";
import { FILE_COSTS, SECONDARY_COSTS } from "./secondary.js";

/** A cost that is chosen, to the nearest round number. */
function chosen(cycles: number): CostProfileInput["events"][string] {
  return { cycles, cite: "CHOICE round number, uncalibrated", confidence: "choice" };
}

export const plainCosts: CostProfileInput = {
  name: "plain",
  title: "Round numbers, uncalibrated",
  sources: { CHOICE: "chosen for mmulate, to be replaced by measured numbers" },
  clockMHz: 4000,
  nearBytes: 0,
  overlap: 1,
  measuredOn: [],
  events: {
    ...FILE_COSTS,
    ...SECONDARY_COSTS,
    syscall: chosen(200),
    trap: chosen(1000),
    fault_segv: chosen(8000),
    uffd_message: chosen(2000),
    page_alloc: chosen(300),
    page_free: chosen(200),
    page_zero: chosen(400),
    page_copy: chosen(800),
    fork_entry: chosen(100),
    zap_entry: chosen(60),
    protect_entry: chosen(60),
    move_entry: chosen(80),
    move_table: chosen(500),
    scan_entry: chosen(5),
    pagemap_entry: chosen(40),
    scan_protect: chosen(40),
    vma_visit: chosen(100),
    vma_adjust: chosen(1000),
    context_switch: chosen(4000),
    wake: chosen(4000),
    clear_entry: chosen(20),
    dirty_log: chosen(20),
    dirty_log_full: chosen(1500),
    dirty_sweep: chosen(5),
    beside_set: chosen(40),
    beside_line: chosen(20),
    split_mapping: chosen(10000),
    split_folio: chosen(50000),
    collapse: chosen(200000),
    swap_out: chosen(4000),
    swap_in: chosen(4000),
    vma_split: chosen(1000),
    vma_merge: chosen(1000),
    tlb_flush_page: chosen(200),
    tlb_flush_local: chosen(100),
    tlb_flush_mm: chosen(500),
    tlb_flush_range: chosen(200),
    tlb_flush_issued: chosen(50),
    tlb_flush_waited: chosen(150),
    tlb_flush_late: chosen(500),
    shootdown: chosen(4000),
    ipi: chosen(1000),
    mm_switch: chosen(200),
  },
};
