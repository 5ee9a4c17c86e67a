import { describe, expect, it } from "vitest";
import { COUNTERS, Counter } from "../../assembly/abi/counters.js";
import { COUNTER_INFO, COUNTER_LIST, namedCounters } from "../../src/stats/counters.js";

/** The core's own names, in its order. TypeScript's enums map both ways; numbers are not names. */
const KEYS = Object.keys(Counter).filter((key) => Number.isNaN(Number(key)));

describe("the list of counters", () => {
  it("describes every counter of the core, in the core's order", () => {
    expect(KEYS).toHaveLength(COUNTERS);
    const infos = KEYS.map((key) => COUNTER_INFO[key as keyof typeof Counter]);
    expect(COUNTER_LIST).toEqual(infos);
  });

  it("has one name for each, made of lower-case words", () => {
    const names = COUNTER_LIST.map(({ name }) => name);
    expect(names.filter((name) => !/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name))).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });

  it("gives each a unit, a meaning and a perf event or a dash", () => {
    const units = new Set(COUNTER_LIST.map(({ unit }) => unit));
    expect([...units].sort()).toEqual([
      "accesses",
      "bytes",
      "entries",
      "faults",
      "hits",
      "instructions",
      "loads",
      "operations",
      "tables",
      "walks",
    ]);
    for (const { name, means, perf } of COUNTER_LIST) {
      expect(means.length, name).toBeGreaterThan(20);
      expect(perf, name).toMatch(/^(-|\S.*\S)$/);
    }
  });

  // The sums over "walk_loads_level…" and "fault_…" go by prefix: a counter that shares one by chance
  // would be counted in, and one that lacks it would be left out.
  it.each([
    ["walk_loads_level", /^WalkLoads/, 6],
    ["walk_cache_hit_level", /^WalkCacheHit/, 5],
    ["fault_", /^Fault/, 8],
  ] as const)("begins %s… only with the counters of that family", (prefix, family, size) => {
    const keys = KEYS.filter((_, i) => COUNTER_LIST[i]?.name.startsWith(prefix));
    expect(keys).toEqual(KEYS.filter((key) => family.test(key)));
    expect(keys).toHaveLength(size);
  });

  it("speaks of the level that the counter counts", () => {
    for (const [i, key] of KEYS.entries()) {
      const level = /Level(\d)$/.exec(key)?.[1];
      if (level === undefined) continue;
      expect(COUNTER_LIST[i]?.name).toMatch(new RegExp(`_level${level}$`));
      expect(COUNTER_LIST[i]?.means).toContain(`level ${level}`);
    }
  });
});

describe("counters by name", () => {
  it("take each value from the core's place for it", () => {
    const values = BigUint64Array.from({ length: COUNTERS }, (_, i) => 1000n + BigInt(i));
    const named = namedCounters(values);
    expect(Object.keys(named)).toHaveLength(COUNTERS);
    expect(named).toMatchObject({
      reads: 1000n + BigInt(Counter.Reads),
      dtlb_l1_large_hit: 1000n + BigInt(Counter.DataL1LargeHit),
      stlb_miss: 1000n + BigInt(Counter.L2Miss),
      walks: 1000n + BigInt(Counter.Walks),
      walk_loads_level3: 1000n + BigInt(Counter.WalkLoadsLevel3),
      walk_cache_hit_level1: 1000n + BigInt(Counter.WalkCacheHitLevel1),
      fault_key: 1000n + BigInt(Counter.FaultKey),
      demand_entries: 1000n + BigInt(Counter.DemandEntries),
      pa_sum: 1000n + BigInt(Counter.AddressSum),
    });
  });

  it("keep all 64 bits", () => {
    const values = new BigUint64Array(COUNTERS).fill(2n ** 64n - 1n);
    expect(new Set(Object.values(namedCounters(values)))).toEqual(new Set([2n ** 64n - 1n]));
  });
});
