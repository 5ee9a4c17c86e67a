// What follows from the counters: cycles by cause, rates, and the identities that must hold.

import type { CounterValues } from "./counters.js";
import type { Check, Cycles } from "./report.js";

/** Cycles per event, as a CPU profile states them. */
export interface EventCosts {
  readonly secondLevelHit: number;
  readonly walkLoad: number;
  readonly demandFault: number;
  readonly dirtyAssist: number;
  /** A walk, beside its loads. */
  readonly walkStart?: number;
  /** An accessed flag set by the walker. */
  readonly accessedAssist?: number;
  /** Where lines come from; left out, every entry read by a walk costs `walkLoad`. */
  readonly memory?: MemoryCosts;
}

export interface MemoryCosts {
  /** Load-to-use cycles of each cache, from the nearest. */
  readonly caches: readonly number[];
  readonly memory: number;
}

function total(counters: CounterValues, ...names: string[]): bigint {
  return names.reduce((sum, name) => sum + (counters[name] ?? 0n), 0n);
}

function sumOf(counters: CounterValues, prefix: string): bigint {
  const names = Object.keys(counters).filter((name) => name.startsWith(prefix));
  return total(counters, ...names);
}

/** Entries read by walks, over all levels. */
export function walkLoads(counters: CounterValues): bigint {
  return sumOf(counters, "walk_loads_level");
}

/** Entries of a guest's second stage that its walks read. */
function secondStageLoads(counters: CounterValues): bigint {
  return total(counters, "second_stage_loads");
}

/** Data accesses and fetches that went through. */
export function accesses(counters: CounterValues): bigint {
  return total(counters, "reads", "writes", "fetches");
}

/** Tables and pages made by the simple mapper. */
export function demandFaults(counters: CounterValues): bigint {
  return total(counters, "demand_tables", "demand_mappings");
}

/** Cycles of loads by where their lines were found. */
function fromCaches(
  counters: CounterValues,
  who: "walk" | "data" | "nested",
  costs: MemoryCosts,
): bigint {
  const near = costs.caches.reduce(
    (sum, cycles, i) => sum + total(counters, `${who}_from_cache${i + 1}`) * BigInt(cycles),
    0n,
  );
  return near + total(counters, `${who}_from_memory`) * BigInt(costs.memory);
}

/**
 * Cycles of address translation, and of data where it goes through the caches: the sum of events times
 * their cost, one load after the other. One CPU: elapsed = work.
 */
export function cyclesOf(counters: CounterValues, costs: EventCosts): Cycles {
  const { memory, accessedAssist = 0, walkStart = 0 } = costs;
  const data = memory === undefined ? 0n : fromCaches(counters, "data", memory);
  const nested =
    memory === undefined
      ? secondStageLoads(counters) * BigInt(costs.walkLoad)
      : fromCaches(counters, "nested", memory);
  const loads =
    memory === undefined
      ? walkLoads(counters) * BigInt(costs.walkLoad)
      : fromCaches(counters, "walk", memory);
  const by: Record<string, bigint> = {
    stlb_hit: total(counters, "stlb_hit") * BigInt(costs.secondLevelHit),
    walk: loads + total(counters, "walks") * BigInt(walkStart),
    ...(nested === 0n ? {} : { nested }),
    demand: demandFaults(counters) * BigInt(costs.demandFault),
    dirty_assist: total(counters, "dirty_assist") * BigInt(costs.dirtyAssist),
    ...(accessedAssist === 0
      ? {}
      : { accessed_assist: total(counters, "accessed_set") * BigInt(accessedAssist) }),
    ...(data === 0n ? {} : { data }),
  };
  const work = Object.values(by).reduce((sum, cycles) => sum + cycles, 0n);
  return { elapsed: work, work, by };
}

/** What of a machine rates depend on. */
export interface Machine {
  /**
   * Walks that it makes at a time: beside the cycles of walks one after the other, the bound that is reached
   * when so many always overlap.
   */
  readonly walkers?: number | undefined;
  readonly clockMHz?: number | undefined;
}

/** Rates; one whose divisor is 0 is left out, and so are times where the clock is not known. */
export function metricsOf(
  counters: CounterValues,
  cycles: Cycles,
  { walkers = 1, clockMHz = 0 }: Machine = {},
): Record<string, number> {
  const metrics: Record<string, number> = {};
  const ratio = (name: string, top: bigint, bottom: bigint, times = 1): void => {
    if (bottom > 0n) metrics[name] = (Number(top) * times) / Number(bottom);
  };
  const of = (name: string): bigint => counters[name] ?? 0n;
  ratio("dtlb_l1_miss_rate", of("dtlb_l1_miss"), total(counters, "dtlb_l1_miss", "dtlb_l1_hit"));
  ratio("itlb_l1_miss_rate", of("itlb_l1_miss"), total(counters, "itlb_l1_miss", "itlb_l1_hit"));
  ratio("walks_per_kilo_access", of("walks"), accesses(counters), 1000);
  ratio("walks_per_kilo_instruction", of("walks"), of("instructions"), 1000);
  ratio("loads_per_walk", walkLoads(counters), of("walks"));
  // Its caches may know all that is asked for: then no entry is read, and what is counted are hits.
  if (sumOf(counters, "second_stage_") > 0n) {
    const references = walkLoads(counters) + secondStageLoads(counters);
    ratio("references_per_walk", references, of("walks"));
  }
  ratio("cycles_per_access", cycles.work, accesses(counters));
  ratio("ns_per_access", cycles.work * 1000n, accesses(counters) * BigInt(clockMHz));
  const walking = (cycles.by.walk ?? 0n) + (cycles.by.nested ?? 0n);
  const translation = (cycles.by.stlb_hit ?? 0n) + walking;
  ratio("tlb_cycles_per_access", translation, accesses(counters));
  if (walkers > 1) {
    const overlapped = (cycles.by.stlb_hit ?? 0n) * BigInt(walkers) + walking;
    const bound = accesses(counters) * BigInt(walkers);
    ratio("tlb_cycles_per_access_overlapped", overlapped, bound);
  }
  return metrics;
}

/** Identities between counters. Accesses that faulted were looked up but did not go through. */
export function checksOf(counters: CounterValues): Check[] {
  const of = (name: string): bigint => counters[name] ?? 0n;
  const equal = (id: string, left: bigint, right: bigint): Check =>
    left === right ? { id, ok: true } : { id, ok: false, first: `${left} is not ${right}` };
  const walked = sumOf(counters, "walk_from_");
  const fetched = sumOf(counters, "data_from_");
  const nested = sumOf(counters, "nested_from_");
  const second = secondStageLoads(counters);
  const lookups = total(counters, "dtlb_l1_hit", "dtlb_l1_miss", "itlb_l1_hit", "itlb_l1_miss");
  return [
    equal("lookups = accesses + faults", lookups, accesses(counters) + sumOf(counters, "fault_")),
    equal(
      "first-level misses = stlb hits + misses",
      total(counters, "dtlb_l1_miss", "itlb_l1_miss"),
      total(counters, "stlb_hit", "stlb_miss"),
    ),
    equal(
      "stlb misses = walks + faults out of range",
      of("stlb_miss"),
      of("walks") + of("fault_out_of_range"),
    ),
    ...(walked > 0n ? [equal("entries read = lines found", walkLoads(counters), walked)] : []),
    ...(fetched > 0n
      ? [equal("data accesses = lines found", total(counters, "reads", "writes"), fetched)]
      : []),
    ...(nested > 0n && second > 0n
      ? [equal("second-stage entries read = lines found", second, nested)]
      : []),
    ...(nested > 0n && second === 0n
      ? [equal("host entries read = entries read + pages", nested, walked + of("nested_pages"))]
      : []),
  ];
}
