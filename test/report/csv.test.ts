import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toCsv } from "../../src/report/csv.js";
import { REPORT } from "./arbitrary-report.js";
import { readCsv } from "./csv-reader.js";
import { FAILED, LARGE, reportOf, SCRIPT } from "./support.js";

/** Rows by column. */
function tableOf(text: string): Record<string, string>[] {
  const [head = [], ...rows] = readCsv(text);
  expect(new Set(head).size).toBe(head.length);
  return rows.map((row) => {
    expect(row).toHaveLength(head.length);
    return Object.fromEntries(row.map((value, i) => [head[i], value]));
  });
}

describe("CSV", () => {
  it("has a row for each cell, its columns named as in the report", async () => {
    const text = toCsv(reportOf(FAILED, LARGE));
    await expect(text).toMatchFileSnapshot("../golden/report/reporter-csv.csv");
    const [base, large] = tableOf(text);
    expect(base).toMatchObject({
      id: "1",
      "labels.arch": "x86-64",
      "labels.pages": "base",
      "counters.walks": "1000",
      "cycles.by.walk": "30000",
      "metrics.loads_per_walk": "1.5",
      "checks.failed": "1",
    });
    expect(large).toMatchObject({ id: "2", "labels.pages": "2m", "counters.walks": "250" });
  });

  it("leaves a figure empty that a cell does not have", () => {
    const [base, large] = tableOf(toCsv(reportOf(FAILED, LARGE)));
    expect([base?.["cycles.by.stlb_hit"], large?.["cycles.by.stlb_hit"]]).toEqual(["6993", ""]);
  });

  it("has the events of a script, and the host where the report has one", () => {
    const host = { cpuSeconds: 0.5, wallSeconds: 0.25, accessesPerSecond: 8, peakBytes: 65536 };
    const [row] = tableOf(toCsv({ ...reportOf(SCRIPT), host: { cells: [{ id: "1", ...host }] } }));
    expect(row).toMatchObject({
      "events.fault": "3",
      "cycles.by.kernel.fault": "3000",
      "host.wallSeconds": "0.25",
      "host.peakBytes": "65536",
    });
    expect(Object.keys(row ?? {})).not.toContain("host.id");
  });

  it("gives back every label and figure to an independent reader", () => {
    fc.assert(
      fc.property(REPORT, (report) => {
        const rows = tableOf(toCsv(report));
        const { cells, failures = [] } = report;
        expect(rows).toHaveLength(cells.length + failures.length);
        failures.forEach(({ id, message, labels }, i) => {
          const row = rows[cells.length + i] ?? {};
          expect([row.id, row.failure, row["labels.arch"]]).toEqual([id, message, labels.arch]);
        });
        report.cells.forEach((cell, i) => {
          const row = rows[i] ?? {};
          for (const [name, value] of Object.entries(cell.labels)) {
            expect(row[`labels.${name}`]).toBe(value);
          }
          for (const [name, value] of Object.entries(cell.counters)) {
            expect(BigInt(row[`counters.${name}`] ?? "")).toBe(value);
          }
          for (const [name, value] of Object.entries(cell.metrics)) {
            expect(Number(row[`metrics.${name}`])).toBe(value + 0);
          }
        });
      }),
    );
  });
});
