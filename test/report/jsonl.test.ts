import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toJsonLines } from "../../src/report/jsonl.js";
import { parseReport } from "../../src/runner/report-schema.js";
import { REPORT } from "./arbitrary-report.js";
import { BASE, LARGE, reportOf } from "./support.js";

describe("JSON lines", () => {
  it("have a line for each cell, in order", async () => {
    const text = toJsonLines(reportOf(BASE, LARGE));
    await expect(text).toMatchFileSnapshot("../golden/report/reporter-jsonl.jsonl");
    expect(text.split("\n")).toHaveLength(3);
  });

  it("give each cell its own host figures", () => {
    const figures = { cpuSeconds: 1, wallSeconds: 1, accessesPerSecond: 1, peakBytes: 1 };
    const host = { cells: ["1", "2"].map((id) => ({ id, ...figures })) };
    const lines = toJsonLines({ ...reportOf(BASE, LARGE), host })
      .trimEnd()
      .split("\n");
    const told = lines.map((line) => parseReport(line, "a line"));
    expect(told.map((report) => report.host?.cells.map(({ id }) => id))).toEqual([["1"], ["2"]]);
  });

  it("are each a report of that cell, with nothing lost", () => {
    fc.assert(
      fc.property(REPORT, (report) => {
        const lines = toJsonLines(report).split("\n");
        expect(lines.pop()).toBe("");
        const told = lines.map((line) => parseReport(line, "a line"));
        expect(told.flatMap(({ cells }) => cells)).toEqual(report.cells);
        expect(told.flatMap(({ failures = [] }) => failures)).toEqual(report.failures ?? []);
        for (const { cells, failures = [], ...rest } of told) {
          expect([...cells, ...failures]).toHaveLength(1);
          expect(rest).toEqual({ schema: report.schema, version: "0.0.0", config: {} });
        }
      }),
    );
  });
});
