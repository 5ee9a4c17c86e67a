import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toBenchmarkJson } from "../../src/report/benchmark-json.js";
import { REPORT } from "./arbitrary-report.js";
import { BASE, LARGE, reportOf } from "./support.js";

interface Benchmark {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
}

const read = (text: string) => JSON.parse(text) as Benchmark[];

describe("benchmark-json", () => {
  it("lists figures of which less is better, with their units", async () => {
    const text = toBenchmarkJson(reportOf(BASE, LARGE));
    await expect(text).toMatchFileSnapshot("../golden/report/reporter-benchmark.json");
    const units = Object.fromEntries(read(text).map(({ name, unit }) => [name, unit]));
    const title = "a.lackey x86-64 plain base";
    expect(units).toMatchObject({
      [`${title}: cycles.work`]: "cycles",
      [`${title}: counters.walks`]: "walks",
      [`${title}: metrics.dtlb_l1_miss_rate`]: "ratio",
      [`${title}: metrics.cycles_per_access`]: "cycles/access",
    });
    // Reads are no cost, and fewer hits no gain.
    for (const name of Object.keys(units)) expect(name).not.toMatch(/reads|hit$/);
  });

  it("tells cells apart that are labelled alike", () => {
    const names = read(toBenchmarkJson(reportOf(BASE, { ...BASE, id: "2" }))).map(
      ({ name }) => name,
    );
    expect(new Set(names).size).toBe(names.length);
    expect(names[0]).toBe("a.lackey x86-64 plain base #1: cycles.elapsed");
  });

  it("has names and units as text and finite numbers, whatever the report", () => {
    fc.assert(
      fc.property(REPORT, (report) => {
        for (const { name, unit, value } of read(toBenchmarkJson(report))) {
          expect([typeof name, typeof unit]).toEqual(["string", "string"]);
          expect(unit).not.toBe("");
          expect(Number.isFinite(value)).toBe(true);
        }
      }),
    );
  });
});
