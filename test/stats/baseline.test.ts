import { describe, expect, it } from "vitest";
import {
  BASELINE_SCHEMA,
  type BaselineCell,
  checkComparable,
  compareCell,
  differences,
  keptConfig,
  keptFigures,
} from "../../src/stats/baseline.js";
import type { CellResult } from "../../src/stats/report.js";
import { BASE, cell } from "../report/support.js";

const NOW: CellResult = {
  ...BASE,
  id: "a",
  config: { cpu: "plain", moduleHash: "1", input: "/x" },
};
const CYCLES = { metric: "cycles.work", better: "less", tolerance: 0 } as const;

const kept = (of: CellResult): BaselineCell => ({
  id: of.id,
  asked: { input: "a" },
  config: keptConfig(of),
  figures: keptFigures(of),
});

/** `BASE` with other counters and cycles. */
function changed(counters: Record<string, bigint>, work = BASE.cycles.work): CellResult {
  const cycles = { ...BASE.cycles, elapsed: work, work };
  return { ...NOW, counters: { ...BASE.counters, ...counters }, cycles };
}

describe("a cell and its baseline", () => {
  it("are the same where no figure differs", () => {
    const { verdict, judged, moved, because } = compareCell(kept(NOW), NOW, [CYCLES]);
    expect([verdict, judged, moved, because]).toEqual(["same", [], [], []]);
  });

  it("has every count exactly, those of nought by leaving them out", () => {
    const { figures } = kept(changed({ pa_sum: 2n ** 64n - 1n, walks: 0n }));
    expect(figures["counters.pa_sum"]).toBe("18446744073709551615");
    expect(figures).not.toHaveProperty("counters.walks");
  });

  it("knows no paths of this machine, and no sources", () => {
    const config = { input: { path: "/home" }, costs: [{ cycles: 1, cite: "X", confidence: "y" }] };
    expect(keptConfig({ ...NOW, config })).toEqual({ costs: [{ cycles: 1 }] });
  });

  it.each([
    ["less", 100n, "regressed"],
    ["less", -100n, "improved"],
    ["more", 100n, "improved"],
    ["more", -100n, "regressed"],
    ["same", 1n, "regressed"],
    ["same", -1n, "regressed"],
  ] as const)("where %s is better, %i cycles more are %s", (better, by, verdict) => {
    const now = changed({}, BASE.cycles.work + by);
    expect(compareCell(kept(NOW), now, [{ ...CYCLES, better }]).verdict).toBe(verdict);
  });

  it("may differ by the tolerance, and by no cycle more", () => {
    const rule = { ...CYCLES, tolerance: 0.01 };
    const before = kept(changed({}, 10_000n));
    const verdict = (work: bigint) => compareCell(before, changed({}, work), [rule]).verdict;
    expect(verdict(10_100n)).toBe("within tolerance");
    expect(verdict(9_900n)).toBe("within tolerance");
    expect(verdict(10_101n)).toBe("regressed");
    expect(verdict(9_899n)).toBe("improved");
  });

  it("sees one more where doubles see none", () => {
    const rule = { metric: "counters.pa_sum", better: "same", tolerance: 0 } as const;
    const before = kept(changed({ pa_sum: 2n ** 60n }));
    expect(compareCell(before, changed({ pa_sum: 2n ** 60n + 1n }), [rule]).verdict).toBe(
      "regressed",
    );
  });

  it("names what moved beside what is judged: from, to, and the configuration", () => {
    const now = {
      ...changed({ walks: 1100n, stlb_hit: 0n }, 40_000n),
      config: { cpu: "plain", moduleHash: "2" },
    };
    const { verdict, judged, moved, because } = compareCell(kept(NOW), now, [CYCLES]);
    expect(verdict).toBe("regressed");
    expect(judged.map(({ path }) => path)).toEqual(["cycles.work"]);
    expect(moved).toEqual([
      { path: "cycles.elapsed", before: 36_993n, after: 40_000n },
      { path: "counters.walks", before: 1000n, after: 1100n },
      { path: "counters.stlb_hit", before: 999n, after: 0n },
    ]);
    expect(because).toEqual(['moduleHash: "1" -> "2"']);
  });

  it("changed where nothing judged moved, but something did", () => {
    expect(compareCell(kept(NOW), changed({ walks: 1n }), [CYCLES]).verdict).toBe("changed");
  });

  it("is worse where a judged figure is no longer there", () => {
    const rule = { metric: "metrics.loads_per_walk", better: "less", tolerance: 1 } as const;
    const now = { ...NOW, metrics: {} };
    expect(compareCell(kept(NOW), now, [rule]).verdict).toBe("regressed");
  });
});

describe("a baseline of something else is refused, with the first difference", () => {
  const baseline = {
    schema: BASELINE_SCHEMA,
    version: "1",
    suite: "s",
    configHash: "0",
    cells: [kept(cell({}, { id: "a" }))],
  } as const;
  const check = (asked: Record<string, Record<string, string>>) => () =>
    checkComparable(baseline, new Map(Object.entries(asked)), "b.json");

  it("and taken where all is asked as it was", () => {
    expect(check({ a: { input: "a" } })).not.toThrow();
  });

  it.each([
    [{ a: { input: "b" } }, 'cell "a": input: "a" -> "b"'],
    [{ a: { input: "a", seed: "2" } }, 'cell "a": seed: nothing -> "2"'],
    [{ a: { input: "a" }, b: {} }, 'the suite s has a cell "b" and the baseline has none'],
    [{}, 'its cell "a" is not in the suite s'],
  ] as [Record<string, Record<string, string>>, string][])("%j", (asked, why) => {
    expect(check(asked)).toThrow(`b.json cannot be compared: ${why} (--save-baseline`);
  });
});

describe("differences of two values", () => {
  it("are told leaf by leaf", () => {
    expect(
      differences({ a: { b: 1, c: [1, 2] }, d: true }, { a: { b: 2, c: [1] }, e: null }),
    ).toEqual(["a.b: 1 -> 2", "a.c.1: 2 -> nothing", "d: true -> nothing", "e: nothing -> null"]);
  });
});
