// Intel Golden Cove, as in Sapphire Rapids (2 MiB of L2). TLBs and near caches are published; the rest of
// the memory side follows the machine on which mmulate's own measurements were taken.

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

export const goldenCove = defineCpu({
  name: "golden-cove",
  title: "Intel Golden Cove (Sapphire Rapids)",
  architectures: ["x86-64"],
  sources: {
    ...CHOSEN_SOURCES,
    JIAJE:
      "jia.je, Golden Cove: quotes Intel's optimization manual and measures; jia.je/hardware, 2025-01-10",
    PERFBOOK: "D. Bakhvalov, Performance Analysis and Tuning on Modern CPUs, chapter 3-8",
    CNC: "chipsandcheese, Going Armchair Quarterback on Golden Cove's Caches, 2022-02-11",
    INTEL: "Intel support article 000027820, L3 cache of Xeon Scalable processors",
    OPT: "Intel 64 and IA-32 Architectures Optimization Reference Manual, tables of TLB parameters",
    SDM: "Intel SDM vol. 3 (325384)",
    TOMS: "Tom's Hardware on Emerald Rapids, as quoted on Hacker News (item 44028250)",
    CVW: "Cornell Virtual Workshop, Cluster Architecture, Last Level Cache (of Skylake-SP and Cascade Lake)",
    CHAMPSIM:
      "ChampSim, default paging-structure caches: PSCL5 1x2, PSCL4 1x4, PSCL3 2x4, PSCL2 4x8",
    CHASE:
      "dependent loads in random order on a virtual machine of this family, 2 virtual CPUs, measured for mmulate",
  },
  tlb: {
    data: [
      {
        name: "L1D 4K",
        entries: 96,
        ways: 6,
        pages: [SMALL],
        cite: "JIAJE L1 DTLB: 96 entries, 6-way; the measured knee is at 96 pages",
        confidence: "published",
      },
      {
        name: "L1D 2M",
        entries: 32,
        ways: 4,
        pages: [LARGE],
        cite: "JIAJE L1 DTLB: 32 entries, 4-way, for 2 and 4 MiB",
        confidence: "published",
      },
      {
        name: "L1D 1G",
        entries: 8,
        ways: 8,
        pages: [HUGE],
        cite: "JIAJE L1 DTLB: 8 entries for loads; fully associative from knowledge, as in Ice Lake",
        confidence: "knowledge",
      },
    ],
    fetch: [
      {
        name: "L1I 4K",
        entries: 256,
        ways: 8,
        pages: [SMALL],
        cite: "JIAJE L1 ITLB: 256 entries; 32 sets of 8 ways measured",
        confidence: "published",
      },
      {
        name: "L1I 2M",
        entries: 32,
        ways: 8,
        pages: [LARGE],
        cite: "JIAJE L1 ITLB: 32 entries for 2 and 4 MiB; the ways are chosen, as of its 4 KiB array",
        confidence: "choice",
      },
    ],
    store: [
      {
        name: "L1D stores",
        entries: 16,
        ways: 16,
        pages: [SMALL, LARGE, HUGE],
        cite: "JIAJE L1 DTLB: 16 entries for stores, all page sizes; fully associative from knowledge",
        confidence: "knowledge",
      },
    ],
    second: [
      {
        name: "STLB 4K",
        entries: 2048,
        ways: 16,
        pages: [SMALL],
        hashed: true,
        cite: "JIAJE L2 TLB: 2,048 entries, of which a chase of data alone sees some 1,600; 16 ways of 4 KiB from knowledge of OPT, Ice Lake. Hashed sets are inferred: CHASE begins to miss below 1,536 pages, misses about 0.4 at 2,048 and 0.9 at 3,072, as pages thrown into 128 sets at random do",
        confidence: "inferred",
      },
      {
        name: "STLB 2M",
        entries: 1024,
        ways: 8,
        pages: [LARGE],
        cite: "PERFBOOK TLB Hierarchy: 2 MiB pages can use 1,024 of the 2,048 entries; 8 ways from knowledge of OPT, Ice Lake. An array of its own is chosen: see unmodelled",
        confidence: "choice",
      },
      {
        name: "STLB 1G",
        entries: 1024,
        ways: 8,
        pages: [HUGE],
        cite: "OPT Ice Lake, from knowledge: 1 GiB pages can use the other 1,024 entries, 8 ways; that Golden Cove keeps this, and an array of its own, are chosen",
        confidence: "choice",
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
      cite: "CHAMPSIM PSCL2: PERFBOOK says that PDEs are cached, not how many; the community's guess for Intel",
      confidence: "choice",
    },
    {
      level: 2,
      entries: 8,
      ways: 4,
      cite: "CHAMPSIM PSCL3: PDPTEs are cached (PERFBOOK), the size is the community's guess",
      confidence: "choice",
    },
    {
      level: 3,
      entries: 4,
      ways: 4,
      cite: "CHAMPSIM PSCL4: PML4Es are cached (PERFBOOK), the size is the community's guess",
      confidence: "choice",
    },
    {
      level: 4,
      entries: 2,
      ways: 2,
      cite: "CHAMPSIM PSCL5: nothing is published of PML5Es",
      confidence: "choice",
    },
  ],
  secondStage: CHOSEN_SECOND_STAGE,
  costs: {
    secondLevelHit: {
      cycles: 7,
      cite: "JIAJE L1 DTLB: a load takes 5 cycles, 12 behind a first-level miss; CHASE: 1.25 ns and 3.0 ns",
      confidence: "published",
    },
    walkLoad: {
      cycles: 16,
      cite: "CHOICE the L2 cache's latency, where an entry of a warm page table usually lies",
      confidence: "choice",
    },
    walkStart: {
      cycles: 16,
      cite: "CHASE at 3,072 to 12,288 pages, where a walk's loads hit L1D and L2: what they leave of 13.0 ns (2 MiB-backed) and 16.5 ns (4 KiB); 7 of them would be the second level's look-up",
      confidence: "inferred",
    },
    demandFault: {
      cycles: MINOR_FAULT_CYCLES,
      cite: "FAULTS median of one minor fault, on the core before this one; a first touch under CHASE's hypervisor took 2,570 ns, with what the hypervisor does",
      confidence: "choice",
    },
    ...CHOSEN_COSTS,
  },
  caches: [
    {
      name: "L1D",
      bytes: 48 * KIB,
      ways: 12,
      lineBytes: 64,
      cycles: 5,
      cite: "CNC L1 Data Cache: 48 KB, 12 ways; JIAJE L1 DCache: 48 KiB, 5 cycles",
      confidence: "published",
    },
    {
      name: "L2",
      bytes: 2 * MIB,
      ways: 16,
      lineBytes: 64,
      cycles: 16,
      cite: "JIAJE L2 Cache: 2 MB (server), 15 cycles, 16 measured; CHASE: 5.83 ns at 1,024 pages, less 7 cycles for the second-level TLB; 16 ways from knowledge",
      confidence: "knowledge",
    },
    {
      name: "LLC",
      bytes: 4 * MIB,
      ways: 16,
      lineBytes: 64,
      shared: true,
      hashed: true,
      fills: "victims",
      cycles: 148,
      cite: "CHASE: 4 MiB is what its guest got of the LLC (with L2 it holds the lines of 65,536 pages and not of 98,304), 37 ns what a line took from there. INTEL 1.875 MB a core, TOMS 33 ns. Filled by what L2 evicts: CVW, of earlier Xeons; sets hashed over slices, and 16 for 15 ways, from knowledge",
      confidence: "inferred",
    },
  ],
  memory: {
    cycles: 580,
    cite: "CHASE at 131,072 pages and more, 2 MiB-backed: 145 ns, walks taken off; about 110 ns on an idle machine, from knowledge",
    confidence: "inferred",
  },
  walker: {
    entersAt: 0,
    inFlight: 4,
    cite: "PERFBOOK TLB Hierarchy: four page walkers, whose loads can hit in L1, L2 or L3",
    confidence: "published",
  },
  clockMHz: {
    value: 4000,
    cite: "CHASE: loads that hit the first-level TLB and L1D take 1.25 ns, which are 5 cycles (JIAJE)",
    confidence: "measured",
  },
  unmodelled: [
    {
      what: "4 KiB pages share the second level's entries with larger ones: a mix of sizes has room here that it does not have there",
      cite: "PERFBOOK TLB Hierarchy",
      confidence: "published",
    },
    {
      what: "walks ahead of a foreseen TLB miss",
      cite: "PERFBOOK TLB Hierarchy: page walkers can anticipate a future miss",
      confidence: "published",
    },
  ],
});
