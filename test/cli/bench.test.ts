import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { BASELINE_SCHEMA, type Baseline } from "../../src/stats/baseline.js";
import type { Report } from "../../src/stats/report.js";
import { inputFolder } from "../trace/support.js";
import { linesOf, mmulate, output, TINY } from "./support.js";

const folder = inputFolder();
const SUITE = `title: a test
cells:
  - name: tiny
    input: tiny.lackey
    arch: [x86-64, arm64]
  - name: story
    input: story.scn
    arch: x86-64
    sweep: { costs.fault: [500, 1000] }
`;
let suite = "";
let baseline = "";
let made: Baseline;

/** A baseline in which something was changed. */
function altered(
  name: string,
  change: (cells: Record<string, unknown>, all: Baseline) => void,
): string {
  const copy = JSON.parse(JSON.stringify(made)) as Baseline;
  for (const cell of copy.cells) change(cell as unknown as Record<string, unknown>, copy);
  return folder.write(name, JSON.stringify(copy));
}

beforeAll(async () => {
  folder.write("tiny.lackey", TINY);
  folder.write("story.scn", "mmap A 4 rw private\nwrite A 0 4\n");
  suite = folder.write("one.yaml", SUITE);
  await output("bench", suite, "--save-baseline");
  baseline = join(folder.path, "baselines", "one.json");
  made = JSON.parse(readFileSync(baseline, "utf8")) as Baseline;
});

describe("a baseline", () => {
  it("carries schema, version, hash, and of each cell what was asked and what came of it", () => {
    expect(made.schema).toBe(BASELINE_SCHEMA);
    expect(made.suite).toBe("one");
    expect(made.configHash).toMatch(/^[0-9a-f]{64}$/);
    expect(made).not.toHaveProperty("machine");
    expect(made.cells.map(({ id }) => id)).toEqual([
      "tiny x86-64 plain base",
      "tiny arm64 plain base",
      "story x86-64 7.2 plain costs.fault=500",
      "story x86-64 7.2 plain costs.fault=1000",
    ]);
    expect(made.cells[0]?.asked).toMatchObject({ input: "tiny.lackey", arch: "x86-64" });
    expect(made.cells[0]?.figures).toMatchObject({ "counters.reads": "2", "counters.writes": "1" });
    expect(readFileSync(baseline, "utf8")).not.toContain(folder.path);
  });

  it("is the same whatever the number of workers", async () => {
    const file = join(folder.path, "again.json");
    await output("bench", suite, "--save-baseline", file, "--workers", "0");
    expect(readFileSync(file, "utf8")).toBe(readFileSync(baseline, "utf8"));
  });
});

describe("a suite against its baseline", () => {
  it("holds: exit code 0, and it says so", async () => {
    const lines = linesOf(await output("bench", suite));
    expect(lines).toEqual([
      "one: a test",
      `  baseline ${baseline}, made by version ${made.version}`,
      "  4 cells: 4 same",
    ]);
  });

  it("does not: exit code 1, what is worse, by how much, and what moved", async () => {
    const file = altered("worse.json", (cell) => {
      const figures = cell.figures as Record<string, string>;
      if (cell.id !== "tiny x86-64 plain base") return;
      figures["cycles.work"] = String(Number(figures["cycles.work"]) - 20);
      figures["counters.walks"] = String(Number(figures["counters.walks"]) - 1);
    });
    const { code, out } = await mmulate("bench", suite, "--baseline", file);
    expect(code).toBe(1);
    expect(out).toContain("  REGRESSED  tiny x86-64 plain base\n");
    expect(out).toMatch(/ {4}cycles\.work [\d,]+ -> [\d,]+ \(\+20, \+[\d.]+ %\): regressed\n/);
    expect(out).toMatch(/ {6}moved: counters\.walks \d -> \d \(\+1, \+\d+ %\)\n/);
    expect(linesOf(out).at(-1)).toBe("  4 cells: 1 regressed, 3 same");
    const report = JSON.parse(
      (await mmulate("bench", suite, "--baseline", file, "--json")).out,
    ) as Report;
    expect(report.bench?.[0]?.cells.map(({ verdict }) => verdict)).toEqual([
      "regressed",
      "same",
      "same",
      "same",
    ]);
    expect(report.cells[0]?.checks.at(-1)).toMatchObject({ id: "baseline", ok: false });
  });

  it("is better: exit code 0; changed where nothing judged moved: exit code 1", async () => {
    const better = altered("better.json", (cell) => {
      const figures = cell.figures as Record<string, string>;
      figures["cycles.work"] = String(Number(figures["cycles.work"]) + 1);
    });
    const improved = await mmulate("bench", suite, "--baseline", better);
    expect([improved.code, linesOf(improved.out).at(-1)]).toEqual([0, "  4 cells: 4 improved"]);
    const other = altered("other.json", (cell) => {
      (cell.figures as Record<string, string>)["counters.pa_sum"] = "1";
    });
    const changed = await mmulate("bench", suite, "--baseline", other);
    expect([changed.code, linesOf(changed.out).at(-1)]).toEqual([1, "  4 cells: 4 changed"]);
  });

  it("of something else is refused before anything runs, with the first difference", async () => {
    const file = altered("else.json", (cell) => {
      const asked = cell.asked as Record<string, string>;
      if ("sha256" in asked && asked.arch === "arm64") asked.sha256 = "0";
    });
    const { code, out, err } = await mmulate("bench", suite, "--baseline", file);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(
      /else\.json cannot be compared: cell "tiny arm64 plain base": sha256: "0" -> "/,
    );
    const machine = altered("machine.json", (_cell, all) => {
      Object.assign(all, { machine: { cpu: "another" } });
    });
    const host = await mmulate("bench", suite, "--baseline", machine, "--host", "--rounds", "1");
    expect(host.code).toBe(2);
    expect(host.err).toContain('its host times are of another machine: cpu: "another" -> ');
    const damaged = folder.write("report.json", '{ "schema": "mmulate/report@1" }');
    expect((await mmulate("bench", suite, "--baseline", damaged)).err).toContain(
      'its schema is "mmulate/report@1", not "mmulate/baseline@1"',
    );
  });

  it("has nothing to hold to where there is none: it says so, exit code 0", async () => {
    const lone = folder.write("lone.yaml", SUITE);
    expect(await output("bench", lone)).toContain("no baseline: nothing is judged");
    const { code, err } = await mmulate("bench", lone, "--baseline", "/nowhere.json");
    expect([code, err]).toEqual([2, "mmulate: /nowhere.json: no such file\n"]);
  });
});

describe("times of the host", () => {
  it("are kept round by round, and judged where the baseline has them", async () => {
    const file = join(folder.path, "host.json");
    const one = "title: one cell\ncells: [{ name: tiny, input: tiny.lackey, arch: x86-64 }]\n";
    const suite = folder.write("single.yaml", one);
    await output("bench", suite, "--host", "--rounds", "2", "--save-baseline", file);
    const kept = JSON.parse(readFileSync(file, "utf8")) as Baseline;
    expect(Object.keys(kept.machine ?? {})).toEqual(["cpu", "arch", "platform", "node"]);
    for (const { host } of kept.cells) expect(host).toHaveLength(2);
    // Two rounds against two can show nothing at 95 %.
    const out = await output("bench", suite, "--baseline", file, "--host", "--rounds", "2");
    expect(out.match(/ {2}host inconclusive: /g)).toHaveLength(1);
  });
});
