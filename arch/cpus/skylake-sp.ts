// Intel Skylake-SP (Xeon Scalable of the first and second generation). It has no 5-level paging: a run
// with levels=5 shows the design on its TLBs, not the machine.

import { defineCpu } from "../define.js";
import {
  CHOSEN_COSTS,
  CHOSEN_SECOND_STAGE,
  CHOSEN_SOURCES,
  MINOR_FAULT_CYCLES,
} from "./chosen-costs.js";

const SMALL = 12;
const LARGE = 21;
const HUGE = 30;
const KIB = 1024;
const MIB = 1024 * KIB;

export const skylakeSp = defineCpu({
  name: "skylake-sp",
  title: "Intel Skylake-SP",
  architectures: ["x86-64"],
  sources: {
    ...CHOSEN_SOURCES,
    WIKICHIP: "WikiChip, Skylake (server): TLBs",
    ANAND17: "AnandTech 11550, Skylake-X: cache table, 2017-06-19",
    ANAND19: "AnandTech 14694, EPYC Rome: latencies of a Xeon 8280 at 2.7 GHz, 2019",
    CNC: "chipsandcheese, Goldmont Plus: Skylake's second-level TLB latency for comparison",
    OPT: "Intel 64 and IA-32 Architectures Optimization Reference Manual, Skylake",
    SDM: "Intel SDM vol. 3 (325384)",
    CHAMPSIM: "ChampSim, default paging-structure caches: PSCL4 1x4, PSCL3 2x4, PSCL2 4x8",
    KNOWLEDGE: "commonly known; no source was read for it",
  },
  tlb: {
    data: [
      {
        name: "L1D 4K",
        entries: 64,
        ways: 4,
        pages: [SMALL],
        cite: "ANAND17 caches: 64 entries, 4-way, for 4 KiB",
        confidence: "published",
      },
      {
        name: "L1D 2M",
        entries: 32,
        ways: 4,
        pages: [LARGE],
        cite: "WIKICHIP DTLB: 32 entries, 4-way, for 2 and 4 MiB",
        confidence: "second-hand",
      },
      {
        name: "L1D 1G",
        entries: 4,
        ways: 4,
        pages: [HUGE],
        cite: "WIKICHIP DTLB: 4 entries, 4-way, for 1 GiB",
        confidence: "second-hand",
      },
    ],
    fetch: [
      {
        name: "L1I 4K",
        entries: 128,
        ways: 8,
        pages: [SMALL],
        cite: "ANAND17 caches: 128 entries, 8-way, for 4 KiB",
        confidence: "published",
      },
      {
        name: "L1I 2M",
        entries: 8,
        ways: 8,
        pages: [LARGE],
        cite: "WIKICHIP ITLB: 8 entries per thread, fully associative, for 2 and 4 MiB",
        confidence: "second-hand",
      },
    ],
    second: [
      {
        name: "STLB",
        entries: 1536,
        ways: 12,
        pages: [SMALL, LARGE],
        cite: "WIKICHIP STLB: 1,536 entries, 12-way, for 4 KiB and 2 MiB (ANAND17 the same for 4 KiB); CPUID's 6-way is erratum SKL148",
        confidence: "second-hand",
      },
      {
        name: "STLB 1G",
        entries: 16,
        ways: 4,
        pages: [HUGE],
        cite: "WIKICHIP STLB: 16 entries, 4-way, for 1 GiB",
        confidence: "second-hand",
      },
    ],
    smash: [
      {
        structure: "fetch",
        from: HUGE,
        to: LARGE,
        cite: "SDM 4.10.2.3 allows smaller entries; no array for 1 GiB of code is published, 2 MiB pieces are chosen",
        confidence: "choice",
      },
    ],
  },
  walkCaches: [
    {
      level: 1,
      entries: 32,
      ways: 8,
      cite: "CHAMPSIM PSCL2: PDEs; the community's guess for Intel",
      confidence: "choice",
    },
    {
      level: 2,
      entries: 8,
      ways: 4,
      cite: "CHAMPSIM PSCL3: PDPTEs; the community's guess for Intel",
      confidence: "choice",
    },
    {
      level: 3,
      entries: 4,
      ways: 4,
      cite: "CHAMPSIM PSCL4: PML4Es; the community's guess for Intel",
      confidence: "choice",
    },
  ],
  secondStage: CHOSEN_SECOND_STAGE,
  costs: {
    secondLevelHit: {
      cycles: 9,
      cite: "CNC second-level TLB of Skylake: 9 cycles",
      confidence: "published",
    },
    walkLoad: {
      cycles: 14,
      cite: "CHOICE the L2 cache's latency, where an entry of a warm page table usually lies",
      confidence: "choice",
    },
    demandFault: {
      cycles: MINOR_FAULT_CYCLES,
      cite: "FAULTS median of one minor fault, on a later core of the family",
      confidence: "choice",
    },
    ...CHOSEN_COSTS,
  },
  caches: [
    {
      name: "L1D",
      bytes: 32 * KIB,
      ways: 8,
      lineBytes: 64,
      cycles: 4,
      cite: "ANAND17 caches: 32 KB, 8-way, 4 cycles",
      confidence: "published",
    },
    {
      name: "L2",
      bytes: MIB,
      ways: 16,
      lineBytes: 64,
      cycles: 14,
      cite: "ANAND17 caches: 1 MB, 16-way; ANAND19 latency: 14 cycles",
      confidence: "published",
    },
    {
      name: "LLC",
      bytes: 16 * 1408 * KIB,
      ways: 11,
      lineBytes: 64,
      shared: true,
      cycles: 60,
      cite: "ANAND17 caches: 1.375 MB a core, 11-way; 16 slices (a part of 22 MB) are chosen; 60 cycles lie between ANAND19's 46 and ANAND17's 77",
      confidence: "choice",
    },
  ],
  memory: {
    cycles: 243,
    cite: "KNOWLEDGE some 90 ns, local and idle, at 2.7 GHz",
    confidence: "knowledge",
  },
  walker: {
    entersAt: 0,
    inFlight: 2,
    cite: "OPT Skylake: two walks at a time; its loads look into L1D first: knowledge, from the family's page_walker_loads events",
    confidence: "knowledge",
  },
  clockMHz: {
    value: 2700,
    cite: "ANAND19 latency: the clock at which its numbers were taken",
    confidence: "published",
  },
  unmodelled: [
    {
      what: "the 4 KiB instruction TLB is shared between two threads as they need it",
      cite: "WIKICHIP ITLB: dynamic partitioning",
      confidence: "second-hand",
    },
  ],
});
