// Hand-made reports: figures that no run would give, so that each shows where it came from.

import type { CellResult, Report } from "../../src/stats/report.js";

/** A cell with these labels and figures, and nothing else. */
export function cell(
  labels: Record<string, string>,
  parts: Partial<Omit<CellResult, "labels">> = {},
): CellResult {
  return {
    id: "1",
    labels,
    config: {},
    counters: {},
    cycles: { elapsed: 0n, work: 0n, by: {} },
    metrics: {},
    checks: [],
    ...parts,
  };
}

export function reportOf(...cells: CellResult[]): Report {
  return { schema: "mmulate/report@1", version: "0.0.0", config: {}, cells };
}

export const BASE = cell(
  { input: "a.lackey", arch: "x86-64", cpu: "plain", pages: "base" },
  {
    counters: {
      reads: 1_000_000n,
      writes: 234_567n,
      fetches: 0n,
      instructions: 7n,
      dtlb_l1_miss: 12_345n,
      stlb_hit: 999n,
      walks: 1000n,
      walk_loads_level0: 1000n,
      walk_loads_level1: 500n,
      demand_mappings: 800n,
      demand_entries: 800n,
      demand_tables: 0n,
    },
    cycles: {
      elapsed: 36_993n,
      work: 36_993n,
      by: { stlb_hit: 6993n, walk: 30_000n, demand: 0n, dirty_assist: 0n },
    },
    metrics: { dtlb_l1_miss_rate: 0.009999, loads_per_walk: 1.5, cycles_per_access: 0.0299644 },
  },
);

/** As `BASE`, under larger pages: fewer walks, no second-level hits, tables where the other has none. */
export const LARGE = cell(
  { ...BASE.labels, pages: "2m" },
  {
    id: "2",
    counters: {
      ...BASE.counters,
      stlb_hit: 0n,
      walks: 250n,
      demand_mappings: 3n,
      demand_tables: 4n,
    },
    cycles: { elapsed: 5000n, work: 5000n, by: { walk: 5000n } },
    metrics: { ...BASE.metrics, loads_per_walk: 1.5, cycles_per_access: 0.00405 },
  },
);

/** As `BASE`, with a check that holds and one that does not. */
export const FAILED: CellResult = {
  ...BASE,
  checks: [
    { id: "a = b", ok: true },
    { id: "c | d, 100%", ok: false, first: "3 < 4" },
  ],
};

/** A run of a script. */
export const SCRIPT = cell(
  { input: "a.scn", arch: "x86-64", kernel: "7.2", cpu: "plain" },
  {
    counters: { reads: 0n, writes: 3n, walks: 6n },
    cycles: { elapsed: 3120n, work: 3120n, by: { walk: 120n, "kernel.fault": 3000n } },
    checks: [{ id: "oracle", ok: true }],
    observations: [
      { op: "write A_x 0 3", errno: 0, minflt: 3 },
      { op: "pagemap A", errno: 0, minflt: 0, pages: [[3, "PDXE"]] },
    ],
    events: { fault: 3, fork_entry: 0 },
  },
);
