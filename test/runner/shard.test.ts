import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toJson } from "../../src/report/json.js";
import { cellsOfShard, mergeShards, parseShard } from "../../src/runner/shard.js";
import type { Report } from "../../src/stats/report.js";
import { BASE, reportOf } from "../report/support.js";

const whole = (count: number): Report =>
  reportOf(...Array.from({ length: count }, (_, i) => ({ ...BASE, id: String(i + 1) })));

/** A report in parts, each with a name. */
function parts(report: Report, of: number): [string, Report][] {
  return Array.from({ length: of }, (_, i): [string, Report] => {
    const shard = { index: i + 1, of, cells: report.cells.length };
    return [`part ${i + 1}`, { ...report, shard, cells: cellsOfShard(report.cells, shard) }];
  });
}

describe("the parts of a run", () => {
  it("hold each cell once, whatever their number, and join to the same text in any order", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 1, max: 9 }), (count, of) => {
        const report = whole(count);
        const split = parts(report, of);
        expect(split.flatMap(([, { cells }]) => cells)).toHaveLength(count);
        expect(toJson(mergeShards(split.toReversed()))).toBe(toJson(report));
      }),
    );
  });

  it("differ by one cell at most", () => {
    const sizes = parts(whole(11), 4).map(([, { cells }]) => cells.length);
    expect(sizes).toEqual([3, 3, 3, 2]);
  });

  it("keep cells that failed, and host figures, in order", () => {
    const failure = { id: "2", labels: {}, code: "INPUT", message: "m" } as const;
    const host = (id: string) => ({
      id,
      cpuSeconds: 1,
      wallSeconds: 1,
      accessesPerSecond: 1,
      peakBytes: 1,
    });
    const [one, two] = parts(whole(3), 2);
    if (one === undefined || two === undefined) throw new Error("two parts");
    const merged = mergeShards([
      ["b", { ...two[1], cells: [], failures: [failure], host: { cells: [] } }],
      ["a", { ...one[1], host: { cells: [host("1"), host("3")] } }],
    ]);
    expect(merged.cells.map(({ id }) => id)).toEqual(["1", "3"]);
    expect(merged.failures).toEqual([failure]);
    expect(merged.host?.cells.map(({ id }) => id)).toEqual(["1", "3"]);
  });
});

describe("what is not one run is refused", () => {
  const change = (part: [string, Report] | undefined, more: Partial<Report>): [string, Report] => {
    if (part === undefined) throw new Error("no part");
    return [part[0], { ...part[1], ...more }];
  };
  const [one, two, three] = parts(whole(5), 3);
  const all = (...list: ([string, Report] | undefined)[]) =>
    list.filter((part) => part !== undefined);

  it.each([
    [all(one, two), "parts 3 of 3 are missing"],
    [all(one, two, two), "part 2 and part 2 are both part 2 of 3"],
    [
      all(one, two, change(three, { version: "9" })),
      'part 3 is of another run than part 1: version "9" is not',
    ],
    [
      all(one, two, change(three, { config: { x: 1 } })),
      'part 3 is of another run than part 1: config {"x":1}',
    ],
    [
      all(one, two, change(three, { cells: [] })),
      "part 3 holds 0 of its 1 cells: it was interrupted",
    ],
    [all(["w", whole(5)]), "w is no part of a run"],
    [[], "no report to merge"],
  ] as [[string, Report][], string][])("%#", (list, why) => {
    expect(() => mergeShards(list)).toThrow(why);
  });
});

describe("--shard", () => {
  it("is i/n", () => {
    expect(parseShard("2/4", 9)).toEqual({ index: 2, of: 4, cells: 9 });
  });

  it.each(["0/3", "4/3", "1", "1/", "a/b", "-1/3", "1/0"])("%s is refused", (text) => {
    expect(() => parseShard(text, 9)).toThrow(`--shard ${text}: 1/N to N/N is allowed, as in 2/4`);
  });
});
