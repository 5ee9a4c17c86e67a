import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toComparisonMarkdown, toComparisonText } from "../../src/report/comparison-text.js";
import { compareReports } from "../../src/stats/compare.js";
import { REPORT } from "./arbitrary-report.js";
import { readTables } from "./markdown-reader.js";
import { BASE, LARGE, reportOf, SCRIPT } from "./support.js";

const GOLDEN = "../golden/report";
const config = Object.fromEntries([..."abcdefghij"].map((name) => [name, 1]));
const comparison = compareReports(
  { name: "a.json", report: reportOf({ ...BASE, config }) },
  { name: "b.json", report: reportOf(LARGE) },
);

describe("a comparison as text", () => {
  it("has what is compared, ratio and verdict of metrics, then counters that moved", async () => {
    await expect(toComparisonText(comparison)).toMatchFileSnapshot(`${GOLDEN}/comparison.txt`);
  });

  it("says so where nothing moved, and shows events as whole numbers", () => {
    const one = { name: "a.json", report: reportOf(SCRIPT) };
    expect(toComparisonText(compareReports(one, one)).trimEnd().split("\n").at(-1)).toBe(
      "nothing moved: every figure is the same",
    );
    const faults = reportOf({ ...SCRIPT, events: { fault: 1234, fork_entry: 0 } });
    const text = toComparisonText(compareReports(one, { name: "b.json", report: faults }));
    expect(text).toMatch(/^events\.fault +3 +1,234 +411\.333 +\+1231$/m);
  });
});

describe("a comparison as Markdown", () => {
  it("is the same as a table", async () => {
    const text = toComparisonMarkdown(comparison);
    await expect(text).toMatchFileSnapshot(`${GOLDEN}/comparison.md`);
    const [table = []] = readTables(text);
    expect(table[0]).toEqual(["", "A", "B", "B / A", ""]);
    expect(table).toContainEqual(["cycles.work", "36,993", "5,000", "0.135", "better"]);
  });

  it("is read by an independent reader, whatever the labels", () => {
    fc.assert(
      fc.property(REPORT, ({ cells: [cell] }) => {
        if (cell === undefined) throw new Error("no cell");
        const side = { name: "a|b", report: reportOf(cell) };
        const [table = []] = readTables(toComparisonMarkdown(compareReports(side, side)));
        expect(table.length).toBeGreaterThan(0);
      }),
    );
  });
});
