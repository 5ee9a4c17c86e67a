// Arm Neoverse V2, as in Graviton4. First levels and sizes as its manual has them; what the second level
// holds, and how, is taken from Cortex-A76 and marked as a choice.

import { defineCpu } from "../define.js";
import {
  CHOSEN_COSTS,
  CHOSEN_SECOND_STAGE,
  CHOSEN_SOURCES,
  MINOR_FAULT_CYCLES,
} from "./chosen-costs.js";

const P4K = 12;
const P16K = 14;
const P64K = 16;
const P2M = 21;
const P32M = 25;
const P512M = 29;
const P1G = 30;
const P64G = 36;
const P512G = 39;
const P4T = 42;
const KIB = 1024;
const MIB = 1024 * KIB;

const split = "A76TRM A5.2: the TLB breaks larger pages into smaller ones for L1; chosen for V2";
const notOfV2 = "CHOICE the core has no such pages (no LPA2, no 52-bit addresses)";

export const neoverseV2 = defineCpu({
  name: "neoverse-v2",
  title: "Arm Neoverse V2 (Graviton4)",
  architectures: ["arm64"],
  sources: {
    ...CHOSEN_SOURCES,
    JIAJE:
      "jia.je, ARM Neoverse V2: quotes Arm's Technical Reference Manual (102375) and measures; 2024-11-07",
    CNC: "chipsandcheese, Arm's Neoverse V2, in AWS's Graviton 4, 2024-07-22",
    A76TRM: "Arm Cortex-A76 Core Technical Reference Manual (100798), A5: the same family",
    LEARN: "learn.arm.com, learning path Memory subsystem: caches of Graviton2 and Graviton4",
    PMU: "Arm Neoverse V2 PMU Guide",
  },
  tlb: {
    data: [
      {
        name: "L1D",
        entries: 48,
        ways: 48,
        pages: [P4K, P16K, P64K, P2M, P512M],
        cite: "JIAJE L1 DTLB: 48 entries, fully associative; 4 KB, 16 KB, 64 KB, 2 MB or 512 MB; knee measured at 48",
        confidence: "published",
      },
    ],
    fetch: [
      {
        name: "L1I",
        entries: 48,
        ways: 48,
        pages: [P4K, P16K, P64K, P2M],
        cite: "JIAJE L1 ITLB: 48 entries, fully associative; 4 KB, 16 KB, 64 KB or 2 MB; knee measured at 48",
        confidence: "published",
      },
    ],
    second: [
      {
        name: "L2",
        entries: 2048,
        ways: 8,
        pages: [P4K, P16K, P64K, P2M, P32M, P512M, P1G],
        cite: "JIAJE L2 TLB: 2,048 entries, 8-way; the sizes are chosen, as in A76TRM table A5-3",
        confidence: "choice",
      },
    ],
    smash: [
      { structure: "data", from: P32M, to: P2M, cite: split, confidence: "choice" },
      { structure: "data", from: P1G, to: P2M, cite: split, confidence: "choice" },
      { structure: "fetch", from: P32M, to: P2M, cite: split, confidence: "choice" },
      { structure: "fetch", from: P512M, to: P2M, cite: split, confidence: "choice" },
      { structure: "fetch", from: P1G, to: P2M, cite: split, confidence: "choice" },
      { structure: "data", from: P64G, to: P32M, cite: notOfV2, confidence: "choice" },
      { structure: "fetch", from: P64G, to: P32M, cite: notOfV2, confidence: "choice" },
      { structure: "second", from: P64G, to: P32M, cite: notOfV2, confidence: "choice" },
      { structure: "data", from: P512G, to: P1G, cite: notOfV2, confidence: "choice" },
      { structure: "fetch", from: P512G, to: P1G, cite: notOfV2, confidence: "choice" },
      { structure: "second", from: P512G, to: P1G, cite: notOfV2, confidence: "choice" },
      { structure: "data", from: P4T, to: P512M, cite: notOfV2, confidence: "choice" },
      { structure: "fetch", from: P4T, to: P512M, cite: notOfV2, confidence: "choice" },
      { structure: "second", from: P4T, to: P512M, cite: notOfV2, confidence: "choice" },
    ],
  },
  walkCaches: [
    {
      level: 1,
      entries: 256,
      ways: 4,
      cite: "A76TRM table A5-3: the L2 TLB holds partial walks; a cache of the size of one of its eight ways is chosen instead",
      confidence: "choice",
    },
    {
      level: 2,
      entries: 16,
      ways: 16,
      cite: "A76TRM table A5-3: partial walks; how many of this level is chosen",
      confidence: "choice",
    },
    {
      level: 3,
      entries: 4,
      ways: 4,
      cite: "A76TRM table A5-3: partial walks; how many of this level is chosen",
      confidence: "choice",
    },
  ],
  secondStage: CHOSEN_SECOND_STAGE,
  costs: {
    secondLevelHit: {
      cycles: 5,
      cite: "JIAJE L1 DTLB: 5 cycles more, measured, 6 by the manual; CNC: 5",
      confidence: "published",
    },
    walkLoad: {
      cycles: 10,
      cite: "CHOICE the L2 cache's latency, where an entry of a warm page table usually lies",
      confidence: "choice",
    },
    demandFault: {
      cycles: MINOR_FAULT_CYCLES,
      cite: "FAULTS median of one minor fault, on an x86 core",
      confidence: "choice",
    },
    ...CHOSEN_COSTS,
  },
  caches: [
    {
      name: "L1D",
      bytes: 64 * KIB,
      ways: 4,
      lineBytes: 64,
      cycles: 4,
      cite: "JIAJE L1 DCache: 64 KB, 4-way, 64-byte lines, 4 cycles measured",
      confidence: "published",
    },
    {
      name: "L2",
      bytes: 2 * MIB,
      ways: 8,
      lineBytes: 64,
      cycles: 10,
      cite: "JIAJE L2 Cache: 8-way, 10 cycles by the manual; LEARN caches: 2 MB in Graviton4",
      confidence: "published",
    },
    {
      name: "SLC",
      bytes: 32 * MIB,
      ways: 16,
      lineBytes: 64,
      shared: true,
      cycles: 70,
      cite: "LEARN caches: 36 MB in Graviton4; 32 MiB and 16 ways are chosen to make the sets a power of two, 25 ns at 2.8 GHz likewise",
      confidence: "choice",
    },
  ],
  memory: {
    cycles: 322,
    cite: "CNC Graviton4: about 115 ns at 2.8 GHz, from knowledge",
    confidence: "knowledge",
  },
  walker: {
    entersAt: 1,
    inFlight: 4,
    cite: "A76TRM A5.2.3: four walks in parallel, chosen for V2; PMU, event L2D_CACHE, from knowledge: walks go to L2",
    confidence: "choice",
  },
  clockMHz: {
    value: 2800,
    cite: "CNC Graviton4 runs at 2.8 GHz: from knowledge",
    confidence: "knowledge",
  },
  unmodelled: [
    {
      what: "code alone seems to fill only some 1,000 of the second level's 2,048 entries",
      cite: "JIAJE L1 ITLB, measured",
      confidence: "published",
    },
    {
      what: "an entry of the second level may be coalesced: it then holds four contiguous pages, hint or none",
      cite: "A76TRM table A6-31; that V2 does the same is not stated",
      confidence: "choice",
    },
    {
      what: "partial walks compete with translations for the second level's entries",
      cite: "A76TRM table A5-3; that V2 does the same is not stated",
      confidence: "choice",
    },
  ],
});
