// Every counter of the core: the name it has in results, its unit, what it counts, and the perf event
// that counts the same on real machines.

import { COUNTERS, Counter } from "../../assembly/abi/counters.js";
import { CACHE_COUNTERS, SECOND_STAGE } from "./cache-counters.js";
import type { CounterInfo } from "./counter-info.js";

export type { CounterInfo } from "./counter-info.js";

type CounterKey = keyof typeof Counter;

const NONE = "-";
const loads = (level: number, entries: string): CounterInfo => ({
  name: `walk_loads_level${level}`,
  unit: "loads",
  means: `page-table entries read by walks at level ${level}, counted from the leaf (${entries})`,
  perf: NONE,
});
const walkCache = (level: number, entries: string): CounterInfo => ({
  name: `walk_cache_hit_level${level}`,
  unit: "hits",
  means: `walks that began behind a cached entry of level ${level} (${entries})`,
  perf: NONE,
});
const fault = (name: string, means: string): CounterInfo => ({
  name: `fault_${name}`,
  unit: "faults",
  means,
  perf: NONE,
});

/** Keyed by the core's own names, so that the compiler finds a counter without a description. */
export const COUNTER_INFO: Readonly<Record<CounterKey, CounterInfo>> = {
  Reads: {
    name: "reads",
    unit: "accesses",
    means: "data reads that went through",
    perf: "mem_inst_retired.all_loads · MEM_ACCESS_RD",
  },
  Writes: {
    name: "writes",
    unit: "accesses",
    means: "data writes that went through",
    perf: "mem_inst_retired.all_stores · MEM_ACCESS_WR",
  },
  Fetches: {
    name: "fetches",
    unit: "accesses",
    means: "instruction fetches that went through",
    perf: NONE,
  },
  Instructions: {
    name: "instructions",
    unit: "instructions",
    means: "instructions that the trace reports as executed",
    perf: "inst_retired.any · INST_RETIRED",
  },
  DataL1Hit: {
    name: "dtlb_l1_hit",
    unit: "accesses",
    means: "data accesses whose translation the first-level TLB held",
    perf: NONE,
  },
  DataL1LargeHit: {
    name: "dtlb_l1_large_hit",
    unit: "accesses",
    means: "of these, those through a translation larger than the base page",
    perf: NONE,
  },
  DataL1Miss: {
    name: "dtlb_l1_miss",
    unit: "accesses",
    means: "data accesses that missed the first-level TLB",
    perf: "- · L1D_TLB_REFILL",
  },
  FetchL1Hit: {
    name: "itlb_l1_hit",
    unit: "accesses",
    means: "fetches whose translation the first-level TLB held",
    perf: NONE,
  },
  FetchL1LargeHit: {
    name: "itlb_l1_large_hit",
    unit: "accesses",
    means: "of these, those through a translation larger than the base page",
    perf: NONE,
  },
  FetchL1Miss: {
    name: "itlb_l1_miss",
    unit: "accesses",
    means: "fetches that missed the first-level TLB",
    perf: "- · L1I_TLB_REFILL",
  },
  L2Hit: {
    name: "stlb_hit",
    unit: "accesses",
    means: "first-level misses that the second-level TLB served",
    perf: "dtlb_load_misses.stlb_hit + dtlb_store_misses.stlb_hit + itlb_misses.stlb_hit · -",
  },
  L2LargeHit: {
    name: "stlb_large_hit",
    unit: "accesses",
    means: "of these, those through a translation larger than the base page",
    perf: NONE,
  },
  L2Miss: {
    name: "stlb_miss",
    unit: "accesses",
    means: "accesses that missed both levels",
    perf: "- · L2D_TLB_REFILL + L2I_TLB_REFILL",
  },
  Walks: {
    name: "walks",
    unit: "walks",
    means: "page-table walks begun (an address out of range begins none)",
    perf: "dtlb_load_misses.walk_completed + dtlb_store_misses.walk_completed + itlb_misses.walk_completed · DTLB_WALK + ITLB_WALK",
  },
  WalkLoadsLevel0: loads(0, "PTE, L3"),
  WalkLoadsLevel1: loads(1, "PDE, L2"),
  WalkLoadsLevel2: loads(2, "PDPTE, L1"),
  WalkLoadsLevel3: loads(3, "PML4E, L0"),
  WalkLoadsLevel4: loads(4, "PML5E, L-1"),
  WalkLoadsLevel5: loads(5, "none of the architectures that ship"),
  WalkCacheHitLevel1: walkCache(1, "PDE, L2"),
  WalkCacheHitLevel2: walkCache(2, "PDPTE, L1"),
  WalkCacheHitLevel3: walkCache(3, "PML4E, L0"),
  WalkCacheHitLevel4: walkCache(4, "PML5E, L-1"),
  WalkCacheHitLevel5: walkCache(5, "none of the architectures that ship"),
  ...CACHE_COUNTERS,
  AccessedSet: {
    name: "accessed_set",
    unit: "entries",
    means: "entries, of tables and pages, whose accessed flag a walk set",
    perf: NONE,
  },
  DirtySet: {
    name: "dirty_set",
    unit: "entries",
    means: "entries whose dirty state was set, by a walk or an assist",
    perf: NONE,
  },
  DirtyAssist: {
    name: "dirty_assist",
    unit: "accesses",
    means: "stores that hit a clean TLB entry and had to look at the tables",
    perf: NONE,
  },
  FaultOutOfRange: fault("out_of_range", "the address is non-canonical or outside its range"),
  FaultNotPresent: fault("not_present", "an entry was not present (translation fault)"),
  FaultReserved: fault("reserved", "an entry set a reserved bit or had a forbidden form"),
  FaultAddressSize: fault("address_size", "an address exceeded the output size"),
  FaultAccessFlag: fault("access_flag", "the accessed flag was clear and software must set it"),
  FaultPermission: fault("permission", "the rights gathered over the levels denied the access"),
  FaultKey: fault("key", "the page's protection key denied the access"),
  FaultDirty: fault("dirty", "a store met clear dirty state that software must set"),
  DemandTables: {
    name: "demand_tables",
    unit: "tables",
    means: "page tables that the simple mapper made, roots aside",
    perf: NONE,
  },
  DemandMappings: {
    name: "demand_mappings",
    unit: "faults",
    means: "first touches that the simple mapper served (of a page, or of a group at once)",
    perf: "page-faults (as far as first touches go)",
  },
  DemandEntries: {
    name: "demand_entries",
    unit: "entries",
    means: "leaf entries that it wrote",
    perf: NONE,
  },
  Invalidations: {
    name: "invalidations",
    unit: "operations",
    means: "TLB maintenance operations, counted for every CPU that performed them",
    perf: NONE,
  },
  InvalidatedEntries: {
    name: "invalidated_entries",
    unit: "entries",
    means: "TLB entries that they dropped, of all levels (walk caches aside)",
    perf: NONE,
  },
  AddressSum: {
    name: "pa_sum",
    unit: "bytes",
    means:
      "sum of the physical addresses of all accesses, modulo 2^64: a check that two runs agree",
    perf: NONE,
  },
};

const ORDER = Object.keys(COUNTER_INFO) as CounterKey[];

/** Every description, in the order of the core. */
export const COUNTER_LIST: readonly CounterInfo[] = ORDER.sort(
  (a, b) => Counter[a] - Counter[b],
).map((key) => COUNTER_INFO[key]);

/** The core's counters by name. */
export type CounterValues = Readonly<Record<string, bigint>>;

/**
 * Names the core's counters.
 * @param values `COUNTERS` of them, index = `Counter`
 */
export function namedCounters(values: BigUint64Array): CounterValues {
  const named: Record<string, bigint> = {};
  for (let i = 0; i < COUNTERS; i++) {
    const name = COUNTER_LIST[i]?.name ?? `counter${i}`;
    const value = values[i] ?? 0n;
    // Where no second stage is walked, nothing is said of it.
    if (value !== 0n || !name.startsWith(SECOND_STAGE)) named[name] = value;
  }
  return named;
}
