import { describe, expect, it } from "vitest";
import { toTable } from "../../src/report/table.js";
import { BASE, LARGE, reportOf } from "./support.js";

const GOLDEN = "../golden/report";
const OTHER = { ...BASE.labels, arch: "arm64:granule=16" };

/** Title and columns of the line whose title is given. */
function columns(table: string, title: string): string[] {
  const line = table.split("\n").find((text) => text.startsWith(title));
  if (line === undefined) throw new Error(`no row "${title}" in\n${table}`);
  return line.slice(title.length).trim().split(/ {2,}/);
}

describe("the table", () => {
  it("of one cell has one column", async () => {
    await expect(toTable(reportOf(BASE))).toMatchFileSnapshot(`${GOLDEN}/table-1-cell.txt`);
  });

  it("of two cells sets them side by side with their ratio", async () => {
    const table = toTable(reportOf(BASE, LARGE));
    await expect(table).toMatchFileSnapshot(`${GOLDEN}/table-2-cells.txt`);
  });

  it("of four cells names each by the labels that tell it apart", async () => {
    const others = [
      { ...BASE, id: "3", labels: OTHER },
      { ...LARGE, id: "4", labels: { ...OTHER, pages: "2m" } },
    ];
    const table = toTable(reportOf(BASE, LARGE, ...others));
    await expect(table).toMatchFileSnapshot(`${GOLDEN}/table-4-cells.txt`);
  });

  it("has above it what the cells have in common, and only that", () => {
    const [caption] = toTable(reportOf(BASE, LARGE)).split("\n");
    expect(caption).toBe("input: a.lackey   arch: x86-64   cpu: plain");
  });

  it("names the architecture where nothing tells the cells apart", () => {
    const [caption, , head] = toTable(reportOf(BASE, { ...BASE, id: "2" })).split("\n");
    expect(caption).toBe("input: a.lackey   cpu: plain   pages: base");
    expect(head?.trim().split(/ {2,}/)).toEqual(["x86-64", "x86-64", "/ x86-64"]);
  });

  it("has no blanks at line ends, and every line ends", () => {
    const table = toTable(reportOf(BASE, LARGE));
    expect(table).not.toMatch(/[ \t]\n/);
    expect(table).toMatch(/[^\n]\n$/);
  });
});

describe("a row of the table", () => {
  it("is left out where it is nought or absent in every cell", () => {
    const table = toTable(reportOf(BASE, LARGE));
    expect(table).not.toContain("fetches");
    expect(table).not.toContain("dirty");
  });

  it("shows nought beside a figure, and no ratio to nought", () => {
    const table = toTable(reportOf(BASE, LARGE));
    expect(columns(table, "L2 TLB hits")).toEqual(["999", "0", "0.000"]);
    expect(columns(table, "page tables made")).toEqual(["0", "4", "-"]);
  });

  it("shows a dash where a cell has no such figure", () => {
    const without = { ...LARGE, metrics: {} };
    const table = toTable(reportOf(BASE, without));
    expect(columns(table, "  per walk")).toEqual(["1.500", "-", "-"]);
    expect(columns(toTable(reportOf(without, BASE)), "  per walk")).toEqual(["-", "1.500", "-"]);
  });

  it.each([
    [1000n, "="],
    [100n, "0.100"],
    [10n, "0.010"],
    [9n, "9.0e-3"],
    [3n, "3.0e-3"],
    [1n, "1.0e-3"],
    [0n, "0.000"],
    [123_456n, "123.456"],
  ])("shows %s beside 1000 as %s", (value, text) => {
    const [base, other] = [{ walks: 1000n }, { walks: value }];
    const cells = [
      { ...BASE, counters: base },
      { ...LARGE, counters: other },
    ];
    const [, , shown] = columns(toTable(reportOf(...cells)), "page walks");
    expect(shown).toBe(text);
  });

  it("shows a ratio of a millionth and less as a power of ten", () => {
    const cells = [1234n * 10n ** 9n, 1n].map((walks) => ({ ...BASE, counters: { walks } }));
    const table = toTable(reportOf(...cells));
    expect(columns(table, "page walks")).toEqual(["1,234,000,000,000", "1", "8.1e-13"]);
  });

  it("says what the cycles of first touches are spent on", () => {
    const cycles = { elapsed: 9n, work: 9n, by: { demand: 9n } };
    expect(columns(toTable(reportOf({ ...BASE, cycles })), "  first touches and tables")).toEqual([
      "9",
    ]);
  });

  it("shows equal figures as =, and others as a ratio to the first cell", () => {
    const table = toTable(reportOf(BASE, LARGE));
    expect(columns(table, "  reads")).toEqual(["1,000,000", "1,000,000", "="]);
    expect(columns(table, "page walks")).toEqual(["1,000", "250", "0.250"]);
  });

  it.each([
    [999n, "999"],
    [1000n, "1,000"],
    [123_456n, "123,456"],
    [2n ** 64n - 1n, "18,446,744,073,709,551,615"],
  ])("writes %s as %s", (value, text) => {
    const table = toTable(reportOf({ ...BASE, counters: { reads: value } }));
    expect(columns(table, "  reads")).toEqual([text]);
  });
});

describe("a check that does not hold", () => {
  it("stands below the table with the cell's number and what was seen", () => {
    const checks = [
      { id: "a = b", ok: true },
      { id: "c = d", ok: false, first: "3 is not 4" },
    ];
    const lines = toTable(reportOf(BASE, { ...LARGE, checks }))
      .trimEnd()
      .split("\n");
    expect(lines.at(-1)).toBe("2: c = d: 3 is not 4");
    expect(lines.filter((line) => line.includes("a = b"))).toEqual([]);
  });
});

describe("a cell that did not finish", () => {
  it("stands below the table with its number and the reason", () => {
    const failure = { id: "3", labels: BASE.labels, code: "MEMORY", message: "no memory left" };
    const text = toTable({ ...reportOf(BASE), failures: [{ ...failure, code: "MEMORY" }] });
    expect(text.trimEnd().split("\n").at(-1)).toBe("3: did not finish: no memory left");
  });
});
