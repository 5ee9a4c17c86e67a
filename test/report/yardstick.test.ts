import { describe, expect, it } from "vitest";
import { toYardstick } from "../../src/report/yardstick.js";
import { loadCoreModule } from "../../src/runner/module-files.js";
import { planRun } from "../../src/runner/plan.js";
import { runCell } from "../../src/runner/run-cell.js";
import { SORT_TRACE } from "../trace/support.js";
import { cell, reportOf } from "./support.js";

/** What the native reference simulator counts over the data accesses of the sort trace. */
const REFERENCE =
  "accesses=883058 l1_hits=882708 l1_2m_hits=0 stlb_hits=227 walks=123 pte_reads=132 " +
  "pde_cache_hits=117 pdpte_cache_hits=4 pml4e_cache_hits=1 page_faults=132 a_sets=132 d_sets=60 " +
  "d_assists=20 cycles=138229 pa_sum=3792861455049232 tables=10";

describe("the yardstick line", () => {
  it("of the sort trace is the reference simulator's to the last digit", async () => {
    const [planned] = planRun({
      inputs: [{ path: SORT_TRACE, format: "auto", accesses: "data", split: false }],
      archs: ["x86-64"],
      cpus: ["yardstick"],
      pages: [],
    });
    if (planned === undefined) throw new Error("no cell was planned");
    const { result } = await runCell(await loadCoreModule(), planned);
    expect(toYardstick(reportOf(result))).toBe(`${REFERENCE}\n`);
    expect(result.checks.filter(({ ok }) => !ok)).toEqual([]);
  });

  // Distinct figures, so that two fields taken from each other's place would show.
  it("takes each field from its counter; the root counts among the tables", () => {
    const counters = {
      reads: 1n,
      writes: 20n,
      fetches: 300n,
      dtlb_l1_hit: 1000n,
      dtlb_l1_large_hit: 7n,
      stlb_hit: 8n,
      walks: 9n,
      walk_loads_level0: 10n,
      walk_loads_level3: 100n,
      walk_cache_hit_level1: 11n,
      walk_cache_hit_level2: 12n,
      walk_cache_hit_level3: 13n,
      demand_tables: 14n,
      demand_mappings: 200n,
      accessed_set: 15n,
      dirty_set: 16n,
      dirty_assist: 17n,
      pa_sum: 2n ** 64n - 1n,
    };
    const made = cell({}, { counters, cycles: { elapsed: 18n, work: 19n, by: {} } });
    expect(toYardstick(reportOf(made, cell({})))).toBe(
      "accesses=321 l1_hits=993 l1_2m_hits=7 stlb_hits=8 walks=9 pte_reads=110 pde_cache_hits=11 " +
        "pdpte_cache_hits=12 pml4e_cache_hits=13 page_faults=214 a_sets=15 d_sets=16 d_assists=17 " +
        "cycles=19 pa_sum=18446744073709551615 tables=15\n" +
        "accesses=0 l1_hits=0 l1_2m_hits=0 stlb_hits=0 walks=0 pte_reads=0 pde_cache_hits=0 " +
        "pdpte_cache_hits=0 pml4e_cache_hits=0 page_faults=0 a_sets=0 d_sets=0 d_assists=0 " +
        "cycles=0 pa_sum=0 tables=1\n",
    );
  });
});
