// AMD Zen 4, as in Ryzen 7000 (one core complex with 32 MiB of L3). AMD publishes less of it than Intel:
// what is missing is taken from Zen 2 and marked as a choice.

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

export const zen4 = defineCpu({
  name: "zen4",
  title: "AMD Zen 4",
  architectures: ["x86-64"],
  sources: {
    ...CHOSEN_SOURCES,
    CNC: "chipsandcheese, AMD's Zen 4, part 2: Memory Subsystem and Conclusion",
    CNCN2: "chipsandcheese, ARM's Neoverse N2, compared with Zen 4, 2023-08-18",
    SEVENCPU: "7-cpu.com, Zen2",
    WIKICHIP: "WikiChip, Zen 2: Memory subsystem",
    SOG: "AMD, Software Optimization Guide for family 19h, from notes on it",
    SOGZEN1:
      "AMD, Software Optimization Guide for EPYC 7001, 2.7.2, as quoted on Stack Overflow (question 69814823)",
  },
  tlb: {
    data: [
      {
        name: "L1D",
        entries: 72,
        ways: 72,
        pages: [SMALL, LARGE, HUGE],
        cite: "CNC 72 entries; fully associative and for all sizes: chosen, as WIKICHIP and SEVENCPU have it of Zen 2",
        confidence: "choice",
      },
    ],
    fetch: [
      {
        name: "L1I",
        entries: 64,
        ways: 64,
        pages: [SMALL, LARGE, HUGE],
        cite: "SEVENCPU L1 ITLB of Zen 2: 64 entries, fully associative, all sizes; that Zen 4 keeps it is chosen",
        confidence: "choice",
      },
    ],
    second: [
      {
        name: "L2D",
        entries: 3072,
        ways: 12,
        pages: [SMALL, LARGE],
        cite: "CNC 3,072 entries; WIKICHIP 4 KiB and 2 MiB; the 12 ways are chosen, as of Zen 1 (SOGZEN1)",
        confidence: "choice",
      },
    ],
    smash: [
      {
        structure: "second",
        from: HUGE,
        to: LARGE,
        cite: "WIKICHIP Zen 2: 1 GiB pages are smashed into 2 MiB entries; SEVENCPU the same",
        confidence: "second-hand",
      },
    ],
  },
  walkCaches: [
    {
      level: 1,
      entries: 1024,
      ways: 8,
      cite: "WIKICHIP Zen 2: the second-level TLB holds PDEs; a cache of a third of its entries is chosen instead",
      confidence: "choice",
    },
    {
      level: 2,
      entries: 48,
      ways: 48,
      cite: "SOG page-directory cache: 64 entries for PDPEs and PML4Es; dividing them is chosen, 48 for PDPEs",
      confidence: "choice",
    },
    {
      level: 3,
      entries: 12,
      ways: 12,
      cite: "SOG page-directory cache: 12 of its 64 entries, chosen, for PML4Es",
      confidence: "choice",
    },
    {
      level: 4,
      entries: 4,
      ways: 4,
      cite: "SOG page-directory cache: 4 of its 64 entries, chosen, for PML5Es, of which nothing is said",
      confidence: "choice",
    },
  ],
  secondStage: CHOSEN_SECOND_STAGE,
  costs: {
    secondLevelHit: {
      cycles: 7,
      cite: "CNC 7 to 8 cycles; the smaller",
      confidence: "published",
    },
    walkLoad: {
      cycles: 14,
      cite: "CHOICE the L2 cache's latency, where an entry of a warm page table usually lies",
      confidence: "choice",
    },
    demandFault: {
      cycles: MINOR_FAULT_CYCLES,
      cite: "FAULTS median of one minor fault, on an Intel core",
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
      cite: "SOG 32 KiB, 8-way, 4 cycles: from knowledge",
      confidence: "knowledge",
    },
    {
      name: "L2",
      bytes: MIB,
      ways: 8,
      lineBytes: 64,
      cycles: 14,
      cite: "SOG 1 MiB, 8-way, 14 cycles: from knowledge",
      confidence: "knowledge",
    },
    {
      name: "L3",
      bytes: 32 * MIB,
      ways: 16,
      lineBytes: 64,
      shared: true,
      cycles: 50,
      cite: "SOG 32 MiB, 16-way, 50 cycles on average: from knowledge; CNC: 9.5 ns behind a first-level TLB miss",
      confidence: "knowledge",
    },
  ],
  memory: {
    cycles: 375,
    cite: "CHOICE 75 ns at 5 GHz: about what DDR5-6000 takes on a desktop; servers take some 110 ns",
    confidence: "choice",
  },
  walker: {
    entersAt: 0,
    inFlight: 6,
    cite: "SOG six table walkers; where their loads begin is not said: L1D is chosen, as on Intel",
    confidence: "choice",
  },
  clockMHz: {
    value: 5000,
    cite: "CHOICE between the 4.5 GHz and 5.7 GHz of a Ryzen 9 7950X, the machine of CNC",
    confidence: "choice",
  },
  unmodelled: [
    {
      what: "four 4 KiB pages, contiguous and aligned to 16 KiB on both sides and alike in attributes, may share one entry: reach is up to four times as far",
      cite: "SOG coalescing",
      confidence: "second-hand",
    },
    {
      what: "the second level has 512 entries of its own for instructions; here fetches share the 3,072 of data",
      cite: "CNCN2 L2 iTLB of Zen 4: 512 entries",
      confidence: "published",
    },
    {
      what: "PDEs compete with translations for the second level's entries",
      cite: "WIKICHIP Zen 2: it holds PDEs",
      confidence: "second-hand",
    },
    {
      what: "a 1 GiB page found in the second level as 2 MiB is installed in the first as 1 GiB",
      cite: "WIKICHIP Zen 2: installed as 1-Gbyte entries when reloaded into the L1 TLB",
      confidence: "second-hand",
    },
  ],
});
