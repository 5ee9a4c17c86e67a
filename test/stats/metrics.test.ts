import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  accesses,
  checksOf,
  cyclesOf,
  demandFaults,
  type EventCosts,
  metricsOf,
  walkLoads,
} from "../../src/stats/metrics.js";

// A made-up run of 1000 accesses, its figures chosen to be followed by hand:
//
//   900 data accesses = 880 + 20 misses      25 misses = 10 served by the second level + 15 walks
//   100 fetches       =  95 +  5 misses      15 walks read 15 + 6 + 2 + 1 = 24 entries
const RUN = {
  reads: 600n,
  writes: 300n,
  fetches: 100n,
  instructions: 500n,
  dtlb_l1_hit: 880n,
  dtlb_l1_miss: 20n,
  itlb_l1_hit: 95n,
  itlb_l1_miss: 5n,
  stlb_hit: 10n,
  stlb_miss: 15n,
  walks: 15n,
  walk_loads_level0: 15n,
  walk_loads_level1: 6n,
  walk_loads_level2: 2n,
  walk_loads_level3: 1n,
  dirty_assist: 4n,
  accessed_set: 10n,
  demand_tables: 3n,
  demand_mappings: 7n,
  demand_entries: 112n,
  fault_out_of_range: 0n,
};
const COSTS: EventCosts = {
  secondLevelHit: 7,
  walkLoad: 20,
  demandFault: 1000,
  dirtyAssist: 100,
};

describe("sums of counters", () => {
  it("are accesses that went through, entries read, and tables and pages made", () => {
    expect([accesses(RUN), walkLoads(RUN), demandFaults(RUN)]).toEqual([1000n, 24n, 10n]);
  });

  it("are 0 where a counter is absent", () => {
    expect([accesses({}), walkLoads({}), demandFaults({})]).toEqual([0n, 0n, 0n]);
  });
});

describe("cycles", () => {
  it("are events times their cost", () => {
    const by = { stlb_hit: 70n, walk: 480n, demand: 10_000n, dirty_assist: 400n };
    expect(cyclesOf(RUN, COSTS)).toEqual({ elapsed: 10_950n, work: 10_950n, by });
  });

  // 24 entries read: 20 x 5 + 3 x 15 + 1 x 480 = 625; 900 data: 890 x 5 + 9 x 15 + 1 x 480 = 5065.
  it("of loads depend on where their lines were found", () => {
    const memory = { caches: [5, 15], memory: 480 };
    const found = { walk_from_cache1: 20n, walk_from_cache2: 3n, walk_from_memory: 1n };
    const walked = cyclesOf({ ...RUN, ...found }, { ...COSTS, memory, accessedAssist: 3 });
    expect(walked.by).toMatchObject({ walk: 625n, accessed_assist: 30n });
    expect(walked.by).not.toHaveProperty("data");
    const data = { data_from_cache1: 890n, data_from_cache2: 9n, data_from_memory: 1n };
    const all = cyclesOf({ ...RUN, ...found, ...data }, { ...COSTS, memory });
    expect(all.by).toMatchObject({ walk: 625n, data: 5065n });
    expect(all.work).toBe(Object.values(all.by).reduce((sum, part) => sum + part, 0n));
    expect(metricsOf(RUN, walked, { walkers: 4 })).toMatchObject({
      tlb_cycles_per_access: 0.695,
      tlb_cycles_per_access_overlapped: (70 + 625 / 4) / 1000,
    });
  });

  // 24 walks of 10 cycles beside their loads; host entries: 30 x 5 + 2 x 480 = 1110.
  it("of a guest's walks have those of the host's entries, and every walk its start", () => {
    const memory = { caches: [5, 15], memory: 480 };
    const found = { walk_from_cache1: 24n, nested_from_cache1: 30n, nested_from_memory: 2n };
    const costs = { ...COSTS, memory, walkStart: 10 };
    const cycles = cyclesOf({ ...RUN, ...found }, costs);
    expect(cycles.by).toMatchObject({ walk: 24n * 5n + 10n * (RUN.walks ?? 0n), nested: 1110n });
    expect(cycles.work).toBe(Object.values(cycles.by).reduce((sum, part) => sum + part, 0n));
    const { tlb_cycles_per_access: told } = metricsOf(RUN, cycles);
    const translation = [cycles.by.stlb_hit, cycles.by.walk, cycles.by.nested];
    const sum = translation.reduce<bigint>((all, part) => all + (part ?? 0n), 0n);
    expect(told).toBe(Number(sum) / 1000);
  });

  it("stay exact beyond 2^53", () => {
    const { by, work } = cyclesOf({ stlb_hit: 2n ** 60n + 1n }, COSTS);
    expect(by.stlb_hit).toBe(7n * 2n ** 60n + 7n);
    expect(work).toBe(by.stlb_hit);
  });

  const counts = fc.record(
    Object.fromEntries(Object.keys(RUN).map((name) => [name, fc.bigInt(0n, 2n ** 62n)])),
  ) as fc.Arbitrary<Record<string, bigint>>;

  it("of two runs add up to those of the sum of their counters", () => {
    fc.assert(
      fc.property(counts, counts, (a, b) => {
        const both = Object.fromEntries(
          Object.keys(a).map((name) => [name, (a[name] ?? 0n) + (b[name] ?? 0n)]),
        );
        const [one, other, sum] = [a, b, both].map((run) => cyclesOf(run, COSTS));
        expect(sum?.work).toBe((one?.work ?? 0n) + (other?.work ?? 0n));
        expect(sum?.elapsed).toBe(sum?.work);
        const parts = Object.values(sum?.by ?? {}).reduce((total, part) => total + part, 0n);
        expect(parts).toBe(sum?.work);
      }),
    );
  });
});

describe("metrics", () => {
  it("are rates with the divisors their names say", () => {
    const metrics = metricsOf(RUN, cyclesOf(RUN, COSTS));
    expect(metrics).toEqual({
      dtlb_l1_miss_rate: 20 / 900,
      itlb_l1_miss_rate: 0.05,
      walks_per_kilo_access: 15,
      walks_per_kilo_instruction: 30,
      loads_per_walk: 1.6,
      cycles_per_access: 10.95,
      tlb_cycles_per_access: 0.55,
    });
  });

  it("have times where the clock is known", () => {
    const cycles = cyclesOf(RUN, COSTS);
    expect(metricsOf(RUN, cycles, { clockMHz: 4000 }).ns_per_access).toBe(10.95 / 4);
    expect(metricsOf(RUN, cycles)).not.toHaveProperty("ns_per_access");
  });

  it("whose divisor is 0 are left out", () => {
    const dataOnly = { ...RUN, instructions: 0n, itlb_l1_hit: 0n, itlb_l1_miss: 0n, walks: 0n };
    const names = Object.keys(metricsOf(dataOnly, cyclesOf(dataOnly, COSTS)));
    expect(names.sort()).toEqual([
      "cycles_per_access",
      "dtlb_l1_miss_rate",
      "tlb_cycles_per_access",
      "walks_per_kilo_access",
    ]);
    expect(metricsOf({}, cyclesOf({}, COSTS))).toEqual({});
  });
});

describe("the identities between counters", () => {
  const [LOOKUPS, MISSES, WALKS] = [
    "lookups = accesses + faults",
    "first-level misses = stlb hits + misses",
    "stlb misses = walks + faults out of range",
  ];

  it("hold for a run whose figures fit together", () => {
    expect(checksOf(RUN)).toEqual([
      { id: LOOKUPS, ok: true },
      { id: MISSES, ok: true },
      { id: WALKS, ok: true },
    ]);
  });

  // Two accesses that fault: one out of range (a lookup that missed both levels, no walk), one denied
  // by a first-level hit.
  it("hold with accesses that were looked up and faulted", () => {
    const faulted = {
      ...RUN,
      dtlb_l1_hit: 881n,
      dtlb_l1_miss: 21n,
      stlb_miss: 16n,
      fault_out_of_range: 1n,
      fault_permission: 1n,
    };
    expect(checksOf(faulted).map(({ ok }) => ok)).toEqual([true, true, true]);
  });

  it("hold for a guest's walks, each entry and page behind a host's entry", () => {
    const id = "host entries read = entries read + pages";
    const guest = { ...RUN, walk_from_cache1: 24n, nested_from_cache2: 39n, nested_pages: 15n };
    expect(checksOf(guest).at(-1)).toEqual({ id, ok: true });
    const broken = checksOf({ ...guest, nested_pages: 14n }).at(-1);
    expect(broken).toEqual({ id, ok: false, first: "39 is not 38" });
  });

  it.each([
    ["an access too many", { reads: 601n }, [[LOOKUPS, "1000 is not 1001"]]],
    ["a fault that no lookup led to", { fault_key: 1n }, [[LOOKUPS, "1000 is not 1001"]]],
    ["a second-level hit too many", { stlb_hit: 11n }, [[MISSES, "25 is not 26"]]],
    ["a walk too few", { walks: 14n }, [[WALKS, "15 is not 14"]]],
    [
      "a fetch miss that went nowhere",
      { itlb_l1_miss: 6n },
      [
        [LOOKUPS, "1001 is not 1000"],
        [MISSES, "26 is not 25"],
      ],
    ],
  ])("say what was seen after %s", (_, change, expected) => {
    const broken = checksOf({ ...RUN, ...change }).filter(({ ok }) => !ok);
    expect(broken.map(({ id, first }) => [id, first])).toEqual(expected);
  });
});
