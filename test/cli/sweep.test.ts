import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Report } from "../../src/stats/report.js";
import { inputFolder } from "../trace/support.js";
import { linesOf, MAIN, mmulate, output, start, TINY } from "./support.js";

const folder = inputFolder();
const SWEEP = ["chase:pages=64", "--arch", "x86-64,arm64", "-L", "cpu.costs.walkLoad=10,30"];
let tiny = "";
let damaged = "";
let whole = "";
beforeAll(async () => {
  tiny = folder.write("tiny.lackey", TINY);
  damaged = folder.write("damaged.lackey", `${TINY} L 12\n`);
  whole = await output("run", ...SWEEP, "--json", "--workers", "0");
});

const parse = (text: string) => JSON.parse(text) as Report;

/** Runs it in a folder. */
function inFolder(cwd: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    cwd,
    encoding: "utf8",
    env: { PATH: process.env.PATH, NO_COLOR: "1" },
  });
  return { code: status, out: stdout, err: stderr };
}

describe("a sweep", () => {
  it("makes a cell for each value, with a label of its path, points before what is listed", () => {
    const { cells, config } = parse(whole);
    expect(cells.map(({ id, labels }) => [id, labels.arch, labels["cpu.costs.walkLoad"]])).toEqual([
      ["1", "x86-64", "10"],
      ["2", "arm64", "10"],
      ["3", "x86-64", "30"],
      ["4", "arm64", "30"],
    ]);
    expect(config.sweep).toEqual({ "cpu.costs.walkLoad": ["10", "30"] });
    const walk = cells.map(({ cycles }) => Number(cycles.by.walk));
    expect(walk[2]).toBe(3 * (walk[0] ?? 0));
  });

  it("names swept values by their path in the table", async () => {
    const table = await output("run", tiny, "--arch", "x86-64", "-P", "cpu.costs.walkLoad=1..2");
    const [, , head = ""] = linesOf(table);
    expect(head.trim()).toMatch(/^cpu\.costs\.walkLoad=1 +cpu\.costs\.walkLoad=2 +\/ cpu/);
  });

  it.each(["1", "2", "8"])(
    "gives the same bytes with --workers %s as in this thread",
    async (n) => {
      expect(await output("run", ...SWEEP, "--json", "--workers", n)).toBe(whole);
    },
  );

  it("in three parts and joined is the whole, to the byte", async () => {
    const files: string[] = [];
    for (const i of [3, 1, 2]) {
      const file = folder.write(`part-${i}.json`, "");
      await output("run", ...SWEEP, "--shard", `${i}/3`, "--reporter", `json=${file}`);
      files.push(file);
    }
    expect(await output("merge", ...files, "--json")).toBe(whole);
    const { code, err } = await mmulate("merge", ...files.slice(1));
    expect([code, err]).toEqual([2, "mmulate: parts 3 of 3 are missing\n"]);
  });
});

describe("a cell that fails", () => {
  it.each(["0", "2"])(
    "leaves the others, with --workers %s: exit code 1, told with its labels",
    async (n) => {
      const { code, out, err } = await mmulate(
        "run",
        tiny,
        damaged,
        "--arch",
        "x86-64",
        "--json",
        "--workers",
        n,
      );
      expect(code).toBe(1);
      const { cells, failures } = parse(out);
      expect(cells.map(({ labels }) => labels.input)).toEqual([tiny]);
      const message = `${damaged}: line 7: found " L 12", expected "," and a size in bytes behind the address`;
      expect(failures).toEqual([
        {
          id: "2",
          labels: { input: damaged, arch: "x86-64", cpu: "plain", pages: "base" },
          code: "INPUT",
          message,
        },
      ]);
      expect(linesOf(err)).toContain(
        `mmulate: cell ${damaged} x86-64 plain base failed: ${message}`,
      );
    },
  );

  it("ends the command as before where none finished: the error once, exit code 2", async () => {
    const { code, out, err } = await mmulate("run", damaged, "--workers", "2");
    expect([code, out]).toEqual([2, ""]);
    expect(linesOf(err)).toHaveLength(1);
  });
});

describe("limits of a cell", () => {
  it("of memory: a clear error that names it, from this thread and from a worker", async () => {
    // 256 TiB in pages 2 MiB apart: a table each, of 4 KiB.
    const args = [
      "run",
      "chase:pages=64k:stride=2m:passes=1",
      "--arch",
      "x86-64",
      "--memory",
      "32m",
    ];
    for (const workers of ["0", "1"]) {
      const { code, err } = await mmulate(...args, "--workers", workers);
      expect(code).toBe(1);
      expect(err).toMatch(
        /: no simulated memory left under .* \(32 MiB are allowed for a cell: --memory\)\n$/,
      );
    }
  });

  it.each([
    ["--memory", "1m", "memory of 1048576 bytes for a cell: 4 to 4096 MiB are allowed"],
    ["--memory", "lots", "--memory lots: a size is allowed, as in 512m, 2g"],
    ["--timeout", "0", "--timeout 0: a number from 1 to 2000000 is allowed"],
    ["--shard", "4/3", "--shard 4/3: 1/N to N/N is allowed, as in 2/4"],
  ])("%s %s is refused", async (option, value, why) => {
    expect(await mmulate("run", tiny, option, value)).toEqual({
      code: 2,
      out: "",
      err: `mmulate: ${why}\n`,
    });
  });
});

describe("Ctrl-C", () => {
  it("keeps finished cells: exit code 130, and their report", async () => {
    // The second cell would run for minutes.
    const child = start([
      "run",
      tiny,
      "chase:pages=64k:passes=1000",
      "--arch",
      "x86-64",
      "--json",
      "--workers",
      "2",
    ]);
    let [out, err] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      err += text;
      if (text.includes("accesses")) child.kill("SIGINT");
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect(code).toBe(130);
    expect(parse(out).cells.map(({ labels }) => labels.input)).toEqual([tiny]);
    expect(linesOf(err).at(-1)).toBe("mmulate: interrupted: 1 of 2 cells finished");
  });
});

describe("a file of defaults", () => {
  const shown = (text: string): string[] =>
    linesOf(text).map((line) => line.replace(/ +# /, " # "));

  it("is found upwards; the command line wins; --show-config says where each value came from", () => {
    const root = join(folder.path, "project");
    const deep = join(root, "a", "b");
    mkdirSync(deep, { recursive: true });
    folder.write(
      "project/mmulate.config.yaml",
      "arch: arm64\nseed: 5\nset:\n  cpu.costs.walkLoad: 9\n",
    );
    const { out } = inFolder(
      deep,
      "run",
      "chase",
      "--show-config",
      "--seed",
      "6",
      "-L",
      "cpu=plain,zen4",
    );
    const file = "../../mmulate.config.yaml";
    expect(shown(out)).toEqual(
      expect.arrayContaining([
        `arch: [arm64] # ${file}:1:7`,
        "seed: 6 # --seed",
        "cpu: [plain, zen4] # -L",
        "pages: [base] # default",
        `cpu.costs.walkLoad: 9 # ${file}:4:23`,
      ]),
    );
    const rows = JSON.parse(
      inFolder(deep, "run", "chase", "--show-config", "--json").out,
    ) as unknown[];
    expect(rows).toContainEqual({ path: "seed", value: "5", from: `${file}:2:7` });
    expect(inFolder(deep, "run", "chase", "--show-config", "--no-config").out).not.toContain(file);
  });

  it("is used, and named in what is wrong with it", () => {
    const root = join(folder.path, "other");
    mkdirSync(root);
    folder.write(
      "other/mmulate.config.json",
      '{ "arch": "arm64", "set": { "cpu.costs.walkLod": 3 } }',
    );
    const { code, err } = inFolder(root, "run", "chase:pages=4");
    expect(code).toBe(2);
    expect(err).toMatch(
      /^mmulate: mmulate\.config\.json:1:50 cpu\.costs\.walkLod=3: no cell has such a setting; did you mean "cpu\.costs\.walkLoad"\?/,
    );
    const file = folder.write(
      "other/named.yaml",
      "arch: x86-64\nsweep: { cpu.costs.walkLoad: 1..2 }\n",
    );
    const named = inFolder(root, "run", "chase:pages=4", "--config", file, "--json");
    expect(parse(named.out).cells.map(({ labels }) => labels["cpu.costs.walkLoad"])).toEqual([
      "1",
      "2",
    ]);
  });

  it("that is not there, or is damaged, ends the command", async () => {
    const file = folder.write("bad.yaml", "arch: x86-64\npags: 2m\n");
    expect((await mmulate("run", tiny, "--config", file)).err).toBe(
      `mmulate: ${file}:2:1: unknown key "pags" in the configuration; did you mean "pages"? (allowed: $schema, arch, cpu, kernel, linuxLayout, costs, tracker, cpus, pages, format, accesses, split, dataCache, nested, secondStage, seed, check, set, sweep, explain, workers, memory, timeout, host, reporter)\n`,
    );
    expect(await mmulate("run", tiny, "--config", "/nowhere")).toEqual({
      code: 2,
      out: "",
      err: "mmulate: /nowhere: no such file\n",
    });
  });
});
