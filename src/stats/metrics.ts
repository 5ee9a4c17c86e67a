// What follows from the counters: cycles by cause, rates, and the identities that must hold.

import type { CounterValues } from "./counters.js";
import type { Check, Cycles } from "./report.js";

/** Cycles per event, as a CPU profile states them. */
export interface EventCosts {
  readonly secondLevelHit: number;
  readonly walkLoad: number;
  readonly demandFault: number;
  readonly dirtyAssist: number;
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

/** Data accesses and fetches that went through. */
export function accesses(counters: CounterValues): bigint {
  return total(counters, "reads", "writes", "fetches");
}

/** Tables and pages made by the simple mapper. */
export function demandFaults(counters: CounterValues): bigint {
  return total(counters, "demand_tables", "demand_mappings");
}

/** Cycles of address translation: the sum of events times their cost. One CPU: elapsed = work. */
export function cyclesOf(counters: CounterValues, costs: EventCosts): Cycles {
  const by = {
    stlb_hit: total(counters, "stlb_hit") * BigInt(costs.secondLevelHit),
    walk: walkLoads(counters) * BigInt(costs.walkLoad),
    demand: demandFaults(counters) * BigInt(costs.demandFault),
    dirty_assist: total(counters, "dirty_assist") * BigInt(costs.dirtyAssist),
  };
  const work = by.stlb_hit + by.walk + by.demand + by.dirty_assist;
  return { elapsed: work, work, by };
}

/** Rates; one whose divisor is 0 is left out. */
export function metricsOf(counters: CounterValues, cycles: Cycles): Record<string, number> {
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
  ratio("cycles_per_access", cycles.work, accesses(counters));
  const translation = (cycles.by.stlb_hit ?? 0n) + (cycles.by.walk ?? 0n);
  ratio("tlb_cycles_per_access", translation, accesses(counters));
  return metrics;
}

/** Identities between counters. Accesses that faulted were looked up but did not go through. */
export function checksOf(counters: CounterValues): Check[] {
  const of = (name: string): bigint => counters[name] ?? 0n;
  const equal = (id: string, left: bigint, right: bigint): Check =>
    left === right ? { id, ok: true } : { id, ok: false, first: `${left} is not ${right}` };
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
  ];
}
