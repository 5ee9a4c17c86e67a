// Arm Neoverse N1, as in Graviton2. Its MMU is that of Cortex-A76, whose manual is the one that was read.
// Shifts with a name are sizes that only some granules have: 64 KiB, 2 MiB, 32 MiB and 1 GiB are blocks,
// pages or contiguous groups, whichever the granule makes them, and one entry all the same.

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

const split = "TRM A5.2: the TLB breaks larger pages into smaller ones for L1";
const notOfN1 = "CHOICE the core has no such pages (no LPA2, no 52-bit addresses)";

export const neoverseN1 = defineCpu({
  name: "neoverse-n1",
  title: "Arm Neoverse N1 (Graviton2)",
  architectures: ["arm64"],
  sources: {
    ...CHOSEN_SOURCES,
    TRM: "Arm Cortex-A76 Core Technical Reference Manual (100798), A5: the same MMU",
    CNC: "chipsandcheese, Deep Diving Neoverse N1, 2021-10-22",
    ANAND: "AnandTech 15578, Cloud Clash: Amazon Graviton2, memory subsystem and latency",
    LEARN: "learn.arm.com, learning path Memory subsystem: caches of Graviton2 and Graviton4",
    WIKICHIP: "WikiChip, Neoverse N1: memory hierarchy",
    PMU: "Arm Neoverse N1 PMU Guide",
  },
  tlb: {
    data: [
      {
        name: "L1D",
        entries: 48,
        ways: 48,
        pages: [P4K, P16K, P64K, P2M, P512M],
        cite: "TRM A5.2.2: 48 entries, fully associative; 4 KB, 16 KB, 64 KB, 2 MB and 512 MB",
        confidence: "documented",
      },
    ],
    fetch: [
      {
        name: "L1I",
        entries: 48,
        ways: 48,
        pages: [P4K, P16K, P64K, P2M, P32M],
        cite: "TRM A5.2.1: 48 entries, fully associative; 4 KB, 16 KB, 64 KB, 2 MB and 32 MB",
        confidence: "documented",
      },
    ],
    second: [
      {
        name: "L2",
        entries: 1280,
        ways: 5,
        pages: [P4K, P16K, P64K, P2M, P32M, P512M, P1G],
        cite: "TRM A5.2.3, table A5-3: 1,280 entries, 5-way; 4 KB, 16 KB, 64 KB, 2 MB, 32 MB, 512 MB and 1 GB",
        confidence: "documented",
      },
    ],
    smash: [
      { structure: "data", from: P32M, to: P2M, cite: split, confidence: "documented" },
      {
        structure: "data",
        from: P1G,
        to: P2M,
        cite: `${split}; into 2 MB is chosen, as no granule has both 1 GB and 512 MB`,
        confidence: "choice",
      },
      {
        structure: "fetch",
        from: P512M,
        to: P2M,
        cite: `${split}; into 2 MB is chosen, as 32 MB is no size of the 64 KiB granule`,
        confidence: "choice",
      },
      { structure: "fetch", from: P1G, to: P32M, cite: split, confidence: "documented" },
      { structure: "data", from: P64G, to: P32M, cite: notOfN1, confidence: "choice" },
      { structure: "fetch", from: P64G, to: P32M, cite: notOfN1, confidence: "choice" },
      { structure: "second", from: P64G, to: P32M, cite: notOfN1, confidence: "choice" },
      { structure: "data", from: P512G, to: P1G, cite: notOfN1, confidence: "choice" },
      { structure: "fetch", from: P512G, to: P1G, cite: notOfN1, confidence: "choice" },
      { structure: "second", from: P512G, to: P1G, cite: notOfN1, confidence: "choice" },
      { structure: "data", from: P4T, to: P512M, cite: notOfN1, confidence: "choice" },
      { structure: "fetch", from: P4T, to: P512M, cite: notOfN1, confidence: "choice" },
      { structure: "second", from: P4T, to: P512M, cite: notOfN1, confidence: "choice" },
    ],
  },
  walkCaches: [
    {
      level: 1,
      entries: 256,
      ways: 4,
      cite: "TRM table A5-3: the L2 TLB holds partial walks; a cache of the size of one of its five ways is chosen instead",
      confidence: "choice",
    },
    {
      level: 2,
      entries: 16,
      ways: 16,
      cite: "TRM table A5-3: partial walks; how many of this level is chosen",
      confidence: "choice",
    },
    {
      level: 3,
      entries: 4,
      ways: 4,
      cite: "TRM table A5-3: partial walks; how many of this level is chosen",
      confidence: "choice",
    },
  ],
  secondStage: CHOSEN_SECOND_STAGE,
  costs: {
    secondLevelHit: {
      cycles: 5,
      cite: "CNC 5 cycles measured; TRM A5.2.3: usually 3, longer for another page size",
      confidence: "published",
    },
    walkLoad: {
      cycles: 11,
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
      cite: "LEARN caches: 4-way, 64-byte lines; ANAND: 64 KB, 4 cycles; WIKICHIP the same",
      confidence: "published",
    },
    {
      name: "L2",
      bytes: MIB,
      ways: 8,
      lineBytes: 64,
      cycles: 11,
      cite: "LEARN caches: 1 MB, 8-way; ANAND: 11 cycles",
      confidence: "published",
    },
    {
      name: "SLC",
      bytes: 32 * MIB,
      ways: 16,
      lineBytes: 64,
      shared: true,
      cycles: 75,
      cite: "LEARN caches: 32 MB for 64 cores; 16 ways and 30 ns at 2.5 GHz from knowledge",
      confidence: "knowledge",
    },
  ],
  memory: {
    cycles: 203,
    cite: "ANAND 81 ns, structural estimate (Arm: 83 ns), at 2.5 GHz",
    confidence: "published",
  },
  walker: {
    entersAt: 1,
    inFlight: 4,
    cite: "TRM A5.2.3: four walks in parallel; PMU, event L2D_CACHE, from knowledge: walks go to L2",
    confidence: "knowledge",
  },
  clockMHz: {
    value: 2500,
    cite: "ANAND Graviton2 runs at 2.5 GHz: from knowledge",
    confidence: "knowledge",
  },
  unmodelled: [
    {
      what: "an entry of the second level may be coalesced: it then holds four contiguous pages, hint or none",
      cite: "TRM table A6-31: bit 6 of an L2 TLB entry",
      confidence: "documented",
    },
    {
      what: "partial walks compete with translations for the second level's entries",
      cite: "TRM table A5-3",
      confidence: "documented",
    },
    {
      what: "a second-level hit takes longer where another page size was looked for first",
      cite: "TRM A5.2.3",
      confidence: "documented",
    },
  ],
});
