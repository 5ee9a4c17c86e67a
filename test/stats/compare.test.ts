import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MmulateError } from "../../src/errors.js";
import { compareReports } from "../../src/stats/compare.js";
import type { Change, Comparison } from "../../src/stats/comparison.js";
import { figuresOf } from "../../src/stats/figures.js";
import type { CellResult, Report } from "../../src/stats/report.js";
import { REPORT } from "../report/arbitrary-report.js";
import { BASE, LARGE, reportOf, SCRIPT } from "../report/support.js";

const named = (name: string, ...cells: CellResult[]) => ({ name, report: reportOf(...cells) });
const both = (a: Report, b: Report): Comparison =>
  compareReports({ name: "a", report: a }, { name: "b", report: b });

function changes({ cells }: Comparison): Change[] {
  return cells.flatMap(({ metrics, counters }) => [...metrics, ...counters]);
}

const labelled = (cell: CellResult, labels: Record<string, string>, id = cell.id): CellResult => ({
  ...cell,
  id,
  labels: { ...cell.labels, ...labels },
});

describe("a comparison", () => {
  const result = both(reportOf(BASE), reportOf(LARGE));
  const of = (path: string) => changes(result).find((change) => change.path === path);

  it("has a ratio and a verdict for every metric", () => {
    expect(of("cycles.work")).toEqual({
      path: "cycles.work",
      a: 36_993n,
      b: 5000n,
      ratio: 5000 / 36_993,
      verdict: "better",
    });
    expect(of("metrics.loads_per_walk")).toMatchObject({ ratio: 1, verdict: "same" });
    const [swapped] = both(reportOf(LARGE), reportOf(BASE)).cells;
    expect(swapped?.metrics.find(({ path }) => path === "cycles.work")?.verdict).toBe("worse");
  });

  it("takes a cause of cycles that a cell does not name as nought", () => {
    expect(of("cycles.by.stlb_hit")).toMatchObject({
      a: 6993n,
      b: 0n,
      ratio: 0,
      verdict: "better",
    });
  });

  it("has the counters that moved, and no others", () => {
    const [{ counters = [] } = {}] = result.cells;
    expect(counters.map(({ path }) => path)).toEqual([
      "counters.stlb_hit",
      "counters.walks",
      "counters.demand_mappings",
      "counters.demand_tables",
    ]);
    // Fewer walks are better; fewer hits of a TLB are neither.
    expect(counters.map(({ verdict }) => verdict)).toEqual(["moved", "better", "moved", "moved"]);
    expect(of("counters.demand_tables")?.ratio).toBeNull();
  });

  it("tells shared labels from those that differ, and the configuration", () => {
    const other = { ...LARGE, config: { cpu: "plain", mode: { nx: true } } };
    const [cells] = both(reportOf({ ...BASE, config: { cpu: "plain" } }), reportOf(other)).cells;
    expect(cells).toMatchObject({
      labels: { input: "a.lackey", arch: "x86-64", cpu: "plain" },
      a: { pages: "base" },
      b: { pages: "2m" },
      config: [{ path: "mode.nx", a: null, b: true }],
    });
  });

  it("of a report with itself finds everything the same", () => {
    fc.assert(
      fc.property(REPORT, (report) => {
        const unique = { ...report, cells: report.cells.slice(0, 1) };
        const { summary } = both(unique, unique);
        expect(summary).toMatchObject({ better: 0, worse: 0, moved: 0, counters: 0 });
      }),
    );
  });

  it("finds every figure that differs, each with what both sides have", () => {
    fc.assert(
      fc.property(REPORT, REPORT, ({ cells: [a] }, { cells: [b] }) => {
        if (a === undefined || b === undefined) throw new Error("no cell");
        const { instructions: _, ...counters } = b.counters;
        const other = { ...b, labels: a.labels, counters };
        const { instructions: __, ...own } = a.counters;
        const told = changes(both(reportOf({ ...a, counters: own }), reportOf(other)));
        const [left, right] = [{ ...a, counters: own }, other].map(
          (cell) => new Map(figuresOf(cell).map(({ path, value }) => [path, value])),
        );
        for (const path of new Set([...(left?.keys() ?? []), ...(right?.keys() ?? [])])) {
          const nought = path.startsWith("cycles.") ? 0n : null;
          const [mine, theirs] = [left?.get(path) ?? nought, right?.get(path) ?? nought];
          const change = told.find((each) => each.path === path);
          if (mine !== theirs && !(Number(mine) === 0 && Number(theirs) === 0)) {
            expect(change).toMatchObject({ a: mine, b: theirs });
            expect(change?.verdict).not.toBe("same");
          } else if (change !== undefined && mine === theirs) expect(change.verdict).toBe("same");
        }
      }),
    );
  });
});

describe("cells are paired", () => {
  const [arm, x86] = [labelled(BASE, { arch: "arm64" }), BASE];

  it("by their labels, in any order", () => {
    const { cells, summary } = both(reportOf(x86, arm), reportOf(arm, x86));
    expect(cells.map(({ labels }) => labels.arch)).toEqual(["x86-64", "arm64"]);
    expect(summary).toMatchObject({ moved: 0, counters: 0 });
  });

  it("without the labels in which the reports differ, where none are the same", () => {
    const zen = [x86, arm].map((cell) => labelled(cell, { cpu: "zen4" }));
    const { cells } = both(reportOf(x86, arm), reportOf(...zen));
    expect(cells.map(({ labels, a, b }) => [labels.arch, a.cpu, b.cpu])).toEqual([
      ["x86-64", "plain", "zen4"],
      ["arm64", "plain", "zen4"],
    ]);
  });

  it("although a trace lies in another folder", () => {
    const moved = labelled(BASE, { input: "/elsewhere/a.lackey" });
    expect(both(reportOf(BASE), reportOf(moved)).summary.counters).toBe(0);
  });
});

describe("what cannot be compared is refused with the difference", () => {
  const traced = (input: object, counters = BASE.counters): CellResult => ({
    ...BASE,
    counters,
    config: { input: { path: "a", ...input } },
  });
  const ops = (...list: string[]): CellResult => ({
    ...SCRIPT,
    observations: list.map((op) => ({ op, errno: 0, minflt: 0 })),
  });

  it.each<[string, CellResult[], CellResult[], string]>([
    [
      "another input",
      [BASE],
      [labelled(BASE, { input: "b.lackey" })],
      "the inputs are a.lackey and b.lackey (--any-input",
    ],
    [
      "a cell without a counterpart",
      [BASE, labelled(BASE, { arch: "arm64" })],
      [BASE],
      'A has "a.lackey arm64 plain base", and B has no such cell',
    ],
    [
      "a counterpart too many",
      [BASE],
      [BASE, labelled(BASE, { arch: "arm64" })],
      'B has "a.lackey arm64 plain base", and A has no such cell',
    ],
    [
      "cells that differ in more than the reports do",
      [BASE],
      [labelled(BASE, { cpu: "zen4" }), labelled(BASE, { cpu: "skylake-sp" })],
      'which cell belongs to "a.lackey x86-64 zen4 base" and which to "a.lackey x86-64 skylake-sp base"',
    ],
    [
      "other accesses",
      [traced({ accesses: "all", split: true })],
      [traced({ accesses: "data", split: true })],
      "accesses is all and data",
    ],
    [
      "another seed",
      [traced({ workload: "chase", seed: 1, parameters: {} })],
      [traced({ workload: "chase", seed: 2, parameters: {} })],
      "seed is 1 and 2",
    ],
    [
      "other parameters",
      [traced({ workload: "chase", seed: 1, parameters: { pages: 1 } })],
      [traced({ workload: "chase", seed: 1, parameters: { pages: 2 } })],
      'parameters is {"pages":1} and {"pages":2}',
    ],
    [
      "a workload beside a trace",
      [traced({ workload: "chase" })],
      [traced({ split: true })],
      '"a.lackey x86-64 plain base" is a workload, and "a.lackey x86-64 plain base" a trace',
    ],
    [
      "another trace of the same name",
      [BASE],
      [{ ...BASE, counters: { ...BASE.counters, instructions: 8n } }],
      "have 7 and 8 instructions",
    ],
    ["another script", [ops("a", "b")], [ops("a", "c")], 'operation 2 is "b" and "c"'],
    ["a longer script", [ops("a")], [ops("a", "c")], 'operation 2 is nothing and "c"'],
  ])("%s", (_, a, b, message) => {
    let thrown: unknown;
    try {
      compareReports(named("a.json", ...a), named("b.json", ...b));
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(MmulateError);
    const { message: told, code } = thrown as MmulateError;
    expect(code).toBe("USAGE");
    expect(told).toContain("cannot compare a.json and b.json: ");
    expect(told).toContain(message);
  });

  it("but other inputs are compared where that is asked for", () => {
    const other = labelled(LARGE, { input: "b.lackey", pages: "base" });
    const anyway = compareReports(named("a", BASE), named("b", other), { anyInput: true });
    expect(anyway.cells[0]).toMatchObject({ a: { input: "a.lackey" }, b: { input: "b.lackey" } });
  });
});
