import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { COUNTER_LIST } from "../../src/stats/counters.js";
import type { Report } from "../../src/stats/report.js";
import { inputFolder } from "../trace/support.js";
import { hundredPages, linesOf, mmulate, output, TINY } from "./support.js";

/** stdout of runs made before: what a run prints depends on nothing but its command line. */
const seen = new Map<string, Promise<string>>();
function printed(...args: string[]): Promise<string> {
  const key = args.join("\0");
  const running = seen.get(key) ?? output(...args);
  seen.set(key, running);
  return running;
}

/** Root may write everything. */

const folder = inputFolder();
let tiny = "";
let hundred = "";
beforeAll(() => {
  tiny = folder.write("tiny.lackey", TINY);
  hundred = folder.write("hundred.raw64.gz", gzipSync(hundredPages()));
});

/** What JSON makes of a report: numbers and strings, where the program has bigints. */
interface PlainCell {
  readonly id: string;
  readonly labels: Record<string, string>;
  readonly counters: Record<string, number>;
  readonly cycles: { work: number; elapsed: number; by: Record<string, number> };
  readonly checks: { ok: boolean }[];
}
type PlainReport = Omit<Report, "cells"> & { readonly cells: PlainCell[] };
const parse = (text: string) => JSON.parse(text) as PlainReport;

describe("mmulate run", () => {
  it("prints the table on stdout, and progress on stderr only", async () => {
    const { code, out, err } = await mmulate("run", tiny);
    expect(code).toBe(0);
    await expect(out.replaceAll(tiny, "TRACE")).toMatchFileSnapshot("../golden/cli/run-tiny.txt");
    const progress = linesOf(err);
    expect(progress).toHaveLength(2);
    for (const [i, arch] of ["arm64", "x86-64"].entries()) {
      expect([...progress].sort()[i]).toMatch(
        new RegExp(`^mmulate: ${tiny} ${arch} plain base: \\d+ accesses$`),
      );
    }
  });

  // Each access crosses a 4 KiB border, none a larger one; the batches are 65,536 records.
  it.each(["1", "3"])("with --workers %s tells every access of each cell at its end", async (n) => {
    const trace = folder.write("borders.lackey", " L 1ffc,8\n".repeat(70_000));
    const archs = ["x86-64", "arm64:granule=16", "arm64"];
    const args = ["--arch", archs.join(","), "--pages", "base", "--pages", "2m", "--workers", n];
    const { code, err } = await mmulate("run", trace, ...args);
    expect(code).toBe(0);
    const expected = archs.flatMap((arch) => {
      const count = arch === "arm64:granule=16" ? "70,000" : "140,000";
      return ["base", "2m"].map((p) => `mmulate: ${trace} ${arch} plain ${p}: ${count} accesses`);
    });
    // Workers end when they end; one thread goes in order.
    const told = linesOf(err);
    if (n === "1") expect(told).toEqual(expected);
    else expect([...told].sort()).toEqual([...expected].sort());
  });

  it("--json prints the report: schema, version, configuration, cells in order", async () => {
    const report = parse(await printed("run", tiny, "--json"));
    expect(Object.keys(report)).toEqual(["schema", "version", "config", "cells"]);
    expect(report.schema).toBe("mmulate/report@1");
    expect(report.config).toEqual({
      command: "run",
      inputs: [tiny],
      format: "auto",
      accesses: "all",
      split: true,
    });
    expect(report.cells.map(({ id, labels }) => [id, labels])).toEqual([
      ["1", { input: tiny, arch: "x86-64", cpu: "plain", pages: "base" }],
      ["2", { input: tiny, arch: "arm64", cpu: "plain", pages: "base" }],
    ]);
    for (const cell of report.cells) {
      expect(Object.keys(cell)).toEqual([
        "id",
        "labels",
        "config",
        "counters",
        "cycles",
        "metrics",
        "checks",
      ]);
      // Those of a second stage stand in a report that has one.
      const own = COUNTER_LIST.filter(({ name }) => !name.startsWith("second_stage_"));
      expect(Object.keys(cell.counters)).toEqual(own.map(({ name }) => name));
      expect(cell.counters).toMatchObject({ reads: 2, writes: 1, fetches: 2, demand_mappings: 3 });
      expect(cell.checks.map(({ ok }) => ok)).toEqual([true, true, true]);
    }
  });

  it("crosses every input, architecture, CPU and page policy", async () => {
    const other = folder.write("other.lackey", TINY);
    const args = ["--arch", "x86-64,x86-64:levels=5", "--cpu", "plain,yardstick"];
    const pages = ["--pages", "base,2m@0x400000000000", "--pages", "thp"];
    const request = [...args, ...pages, "--workers", "1", "--json"];
    const report = parse(await output("run", tiny, other, ...request));
    const labels = report.cells.map(({ labels: own }) => Object.values(own).join(" "));
    expect(labels).toHaveLength(16);
    expect(labels[0]).toBe(`${tiny} x86-64 plain base,2m@0x400000000000`);
    expect(labels[3]).toBe(`${tiny} x86-64 yardstick thp`);
    expect(labels[15]).toBe(`${other} x86-64:levels=5 yardstick thp`);
  });

  it("takes several values of --arch from one option or several", async () => {
    const several = await output("run", tiny, "--arch", "x86-64", "--arch", "arm64", "--json");
    expect(several).toBe(await printed("run", tiny, "--arch", "x86-64,arm64", "--json"));
    expect(several).toBe(await printed("run", tiny, "--json"));
  });

  it("--accesses data, --no-split and --format reach the trace reader", async () => {
    const crossing = folder.write("crossing.lackey", "I  1000,4\n L 1ffc,8\n");
    const counters = async (...flags: string[]) => {
      const all = ["run", crossing, "--arch", "x86-64", "--json", ...flags];
      return parse(await output(...all)).cells[0]?.counters;
    };
    expect(await counters()).toMatchObject({ reads: 2, fetches: 1 });
    expect(await counters("--no-split")).toMatchObject({ reads: 1, fetches: 1 });
    expect(await counters("--accesses", "data")).toMatchObject({ reads: 2, fetches: 0 });
    const { code, err } = await mmulate("run", crossing, "--format", "raw64");
    expect(code).toBe(2);
    expect(err).toContain(": byte 8: found a record of kind ");
  });
});

describe("reporters", () => {
  const one = () => ["run", tiny, "--arch", "x86-64"];

  it("--json is --reporter json, and a table is what comes by itself", async () => {
    expect(await output(...one(), "--reporter", "json")).toBe(await printed(...one(), "--json"));
    const table = await output(...one(), "--reporter", "table");
    expect(table).toBe(await printed(...one()));
    expect(table).toMatch(/^input: .*\n\n +x86-64\n-+\naccesses +5\n/);
  });

  it("go to a file and to stdout in one run", async () => {
    const file = join(folder.path, "report.json");
    const out = await output(...one(), "--reporter", `json=${file}`, "--reporter", "table");
    expect(out).toBe(await printed(...one()));
    expect(readFileSync(file, "utf8")).toBe(await printed(...one(), "--json"));
  });

  it("all on stdout come in the order they were named", async () => {
    const both = await output(...one(), "--reporter", "yardstick", "--reporter", "table");
    const [line = "", ...rest] = linesOf(both);
    expect(line).toMatch(/^accesses=5 l1_hits=\d+ .* tables=\d+$/);
    expect(`${rest.join("\n")}\n`).toBe(await printed(...one()));
  });

  it("whose folder does not exist are refused before anything runs", async () => {
    const file = join(folder.path, "no-such-folder", "report.json");
    const args = ["--reporter", "table", "--reporter", `json=${file}`];
    const err = `mmulate: cannot write ${file}: ENOENT\n`;
    expect(await mmulate(...one(), ...args)).toEqual({ code: 2, out: "", err });
  });

  it.each([
    ["a folder", "."],
    ["within a file", "tiny.lackey/report.json"],
  ])("that are %s are refused before anything runs", async (_, name) => {
    const file = join(folder.path, name);
    const args = ["--reporter", "table", "--reporter", `json=${file}`];
    const { code, out, err } = await mmulate(...one(), ...args);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(linesOf(err)).toEqual([expect.stringContaining(`mmulate: cannot write ${file}: `)]);
  });

  it("may be files that are there", async () => {
    expect(await output(...one(), "--reporter", "json=/dev/null")).toBe("");
  });
});

describe("the results", () => {
  const FORMATS = ["--format", "raw64", "--reporter", "json", "--reporter", "table"];
  const PAGES = ["base", "thp", "contiguous", "1g"].flatMap((pages) => ["--pages", pages]);

  it("do not depend on the number of workers, to the last byte", async () => {
    const run = (workers: string) =>
      output("run", hundred, ...FORMATS, ...PAGES, "--workers", workers);
    const one = await run("1");
    expect(parse(one.slice(0, one.indexOf("\n}\n") + 3)).cells).toHaveLength(8);
    expect(await run("2")).toBe(one);
    expect(await run("3")).toBe(one);
  });

  it("have a host block with --host, and are otherwise the same", async () => {
    const run = ["run", hundred, "--format", "raw64", "--workers", "1", "--json"];
    const [bare, hosted] = [await output(...run), await output(...run, "--host")];
    const { host, ...rest } = parse(hosted);
    expect(`${JSON.stringify(rest, null, 2)}\n`).toBe(bare);
    expect(host?.cells.map(({ id }) => id)).toEqual(["1", "2"]);
    for (const cell of host?.cells ?? []) {
      expect(Object.keys(cell)).toEqual([
        "id",
        "cpuSeconds",
        "wallSeconds",
        "accessesPerSecond",
        "peakBytes",
      ]);
      expect(cell.wallSeconds).toBeGreaterThan(0);
      expect(cell.accessesPerSecond).toBeGreaterThan(0);
      expect(cell.peakBytes % 65_536).toBe(0);
    }
  });

  it("of a plain file and a gzip file are the same", async () => {
    const plain = folder.write("hundred.raw64", hundredPages());
    const run = async (path: string) => {
      const args = ["--format", "raw64", "--arch", "arm64", "--reporter", "yardstick"];
      return output("run", path, ...args);
    };
    expect(await run(plain)).toBe(await run(hundred));
  });
});

describe("mmulate run chase", () => {
  it("runs a workload as a trace, beside one, and tells its figures by its parameters", async () => {
    const text = "chase:pages=300:passes=1";
    const args = [text, hundred, "--format", "raw64", "--arch", "x86-64", "--cpu", "golden-cove"];
    const told = parse(await printed("run", ...args, "--data-cache", "--nested", "4k", "--json"));
    expect(told.cells.map(({ labels }) => labels.input)).toEqual([text, hundred]);
    const [chase] = told.cells;
    expect(chase).toMatchObject({
      counters: { reads: 300, writes: 0, demand_mappings: 0, dtlb_l1_miss: 300, stlb_hit: 300 },
      metrics: { ns_per_access: 3 },
      config: {
        nested: "4k",
        input: {
          workload: "chase",
          seed: 1,
          parameters: { pages: 300, stride: 4096, lines: 1, rotate: 1, warmup: 2, passes: 1 },
        },
      },
    });
    expect(told.config).toMatchObject({ nested: "4k" });
    for (const cell of told.cells) expect(cell.checks.filter(({ ok }) => !ok)).toEqual([]);
  });

  it("takes the order of its seed", async () => {
    const of = async (seed: string) => {
      const args = ["chase:pages=3000:passes=1", "--arch", "x86-64", "--cpu", "golden-cove"];
      const seeded = [...args, "--data-cache", "--seed", seed];
      const { cells } = parse(await printed("run", ...seeded, "--json"));
      return cells[0]?.counters;
    };
    expect((await of("1"))?.walk_from_cache1).not.toBe((await of("2"))?.walk_from_cache1);
  });

  it("says where the address space ends", async () => {
    const args = ["chase:pages=3:stride=1g", "--arch", "arm64:t0sz=30"];
    const { code, err } = await mmulate("run", ...args);
    expect(code).toBe(1);
    expect(linesOf(err).at(-1)).toBe(
      'mmulate: chase:pages=3:stride=1g: access 1 to 0x1000000000: out-of-range under arm64:t0sz=30 with pages "base" (TTBR0 translates 34 bits)',
    );
  });
});
