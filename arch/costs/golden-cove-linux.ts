// Linux on a virtual machine of the Golden Cove family: eight constants (seven costs and `overlap`) fitted to what
// pages cost there, the rest carried over from another machine or chosen, and judged by what they predict (docs/calibration.md).

import type { CostProfileInput } from "./schema.js";
import { FILE_COSTS, SECONDARY_COSTS } from "./secondary.js";

type Cost = CostProfileInput["events"][string];

/** Solved so that one figure of the machine comes out (`npm run calibration`). */
const fitted = (cycles: number, figure: string): Cost => ({
  cycles,
  cite: `HOST ${figure}`,
  confidence: "fitted",
});
/**
 * Measured on a Zen 4 virtual machine with the same kernel, and scaled by the 0.55 that faults and signals take here
 * of what they take there.
 */
const scaled = (cycles: number, figure: string): Cost => ({
  cycles,
  cite: `ZEN4 ${figure}`,
  confidence: "scaled",
});
/** The nearest round number for what the code does. */
const chosen = (cycles: number, why: string): Cost => ({
  cycles,
  cite: `CHOICE ${why}`,
  confidence: "choice",
});

export const goldenCoveLinux: CostProfileInput = {
  name: "golden-cove-linux",
  title: "Linux 6.18 on a virtual machine of the Golden Cove family",
  sources: {
    HOST: "test/data/host/page-costs.json, one_cpu: Linux 6.18, 16,384 pages, medians of nine runs",
    ZEN4: "bench/native/predump.c on an EPYC of family 25, model 17, Linux 6.18, real-time priority",
    CHOICE: "chosen for mmulate, judged by predictions in docs/calibration.md",
  },
  clockMHz: 4000,
  nearBytes: 2 * 2 ** 20,
  overlap: 1.404,
  measuredOn: [{ cpu: "golden-cove", dataCached: true, nestedShift: 12 }],
  events: {
    ...FILE_COSTS,
    ...SECONDARY_COSTS,
    trap: fitted(1888.3, "wp_reuse"),
    page_zero: fitted(7114.4, "first_touch"),
    page_copy: fitted(5325, "cow_copy"),
    fault_segv: fitted(6919, "mprotect_segv"),
    context_switch: fitted(4765, "uffd_sync_fault"),
    protect_change: fitted(69.5, "mprotect_arm"),
    fork_entry: fitted(260.8, "fork"),

    fault_reuse: chosen(200, "atomics on the folio, an entry written"),
    fault_zero: chosen(100, "an entry written"),
    fault_anon: chosen(400, "rmap, LRU and counters of a new folio"),
    fault_copy: chosen(600, "the same, and the old folio's rmap dropped"),
    uffd_async: chosen(100, "an entry written"),
    uffd_message: chosen(1000, "a wait queue entered, left, and a thread woken"),
    page_alloc: chosen(300, "per-CPU free list, charge to the control group"),
    page_free: chosen(200, "per-CPU free list, uncharge"),
    syscall: chosen(600, "entry and exit with mitigations, mmap_lock"),
    scan_entry: chosen(2.5, "a load, tests, a loop"),
    scan_range: chosen(20, "24 bytes copied to the user"),
    pagemap_entry: chosen(80, "the folio and its mappings looked at, 8 bytes copied to the user"),
    scan_protect: chosen(40, "an entry exchanged, flags"),
    zap_entry: chosen(40, "an entry exchanged, counters"),
    clear_entry: chosen(40, "an entry exchanged"),
    tlb_flush_local: chosen(60, "TLBI of a page and a barrier, on this CPU"),
    contpte_fold: chosen(200, "a block of entries read, cleared and written"),
    contpte_unfold: chosen(200, "a block of entries read, cleared and written"),
    contpte_flush: chosen(300, "TLBI of a block and a barrier, everywhere"),
    split_mapping: chosen(3000, "a table of entries written"),
    move_entry: chosen(60, "an entry exchanged and written elsewhere"),
    move_table: chosen(300, "two locks, an entry exchanged"),
    dirty_log: chosen(20, "8 bytes read, a bit set in a bitmap"),
    dirty_log_full: chosen(1500, "an exit to whoever drains it"),
    dirty_sweep: chosen(2.5, "a load, tests, a loop, as of scan_entry"),
    beside_set: chosen(
      40,
      "a table's bits found by its ptdesc, a locked or: two loads and an atomic",
    ),
    beside_line: chosen(
      16,
      "a line of the second-level cache, as the CPU profile golden-cove has it",
    ),
    far_line: chosen(148, "the LLC of the CPU profile golden-cove"),
    tlb_flush_page: chosen(150, "INVLPG, generation counters"),
    tlb_flush_mm: chosen(400, "CR3 written, generation counters"),
    tlb_flush_range: chosen(150, "as one page"),
    tlb_flush_issued: chosen(50, "TLBI of a page, not waited for"),
    tlb_flush_waited: chosen(100, "a barrier that waits for them"),
    tlb_flush_late: chosen(400, "as any flush of an address space"),
    shootdown: chosen(4000, "an interrupt to other CPUs and back: about 1 us, second-hand"),
    ipi: chosen(800, "0.2 us a CPU that is told, second-hand"),
    mm_switch: chosen(200, "CR3 written without a flush"),
    protect_entry: scaled(120, "arming what is armed: 0.65 of arming anew"),
    vma_visit: scaled(100, "a VMA passed whose rights are as asked"),
    vma_split: scaled(3800, "random against ordered writes under mprotect"),
    vma_adjust: scaled(2000, "ordered writes under mprotect"),
    vma_merge: scaled(1850, "mprotect of a range of islands"),
    wake: chosen(3000, "try_to_wake_up, an interrupt to another CPU"),
  },
};

/**
 * The same, and an idle CPU takes as long to wake up as it did there: a property of that virtual machine, which
 * hides what the mechanisms themselves cost.
 */
export const goldenCoveLinuxVm: CostProfileInput = {
  ...goldenCoveLinux,
  name: "golden-cove-linux-vm",
  title: "golden-cove-linux, and how long its idle virtual CPUs took to wake up",
  events: {
    ...goldenCoveLinux.events,
    idle_wake: {
      cycles: 100000,
      cite: "HOST two_cpus: uffd_sync_fault, two wake-ups each",
      confidence: "fitted",
    },
  },
};
