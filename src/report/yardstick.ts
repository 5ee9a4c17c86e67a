// One line per cell, name for name that of the native reference simulator.

import { accesses, demandFaults, walkLoads } from "../stats/metrics.js";
import type { CellResult, Report } from "../stats/report.js";

function lineOf({ counters, cycles }: CellResult): string {
  const of = (name: string): bigint => counters[name] ?? 0n;
  const fields: [string, bigint][] = [
    ["accesses", accesses(counters)],
    ["l1_hits", of("dtlb_l1_hit") - of("dtlb_l1_large_hit")],
    ["l1_2m_hits", of("dtlb_l1_large_hit")],
    ["stlb_hits", of("stlb_hit")],
    ["walks", of("walks")],
    ["pte_reads", walkLoads(counters)],
    ["pde_cache_hits", of("walk_cache_hit_level1")],
    ["pdpte_cache_hits", of("walk_cache_hit_level2")],
    ["pml4e_cache_hits", of("walk_cache_hit_level3")],
    ["page_faults", demandFaults(counters)],
    ["a_sets", of("accessed_set")],
    ["d_sets", of("dirty_set")],
    ["d_assists", of("dirty_assist")],
    ["cycles", cycles.work],
    ["pa_sum", of("pa_sum")],
    // The root is there from the start.
    ["tables", of("demand_tables") + 1n],
  ];
  return fields.map(([name, value]) => `${name}=${value}`).join(" ");
}

/** The lines, in the order of the cells. */
export function toYardstick({ cells }: Report): string {
  return `${cells.map(lineOf).join("\n")}\n`;
}
