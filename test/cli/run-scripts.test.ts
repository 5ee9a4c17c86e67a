import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import type { Report } from "../../src/stats/report.js";
import { inputFolder } from "../trace/support.js";
import { linesOf, mmulate, output } from "./support.js";

const FORK = fileURLToPath(new URL("../data/scripts/fork.scn", import.meta.url));
const named = (text: string): string => text.replaceAll(FORK, "fork.scn");

const folder = inputFolder();
let unnamed = "";
beforeAll(() => {
  unnamed = folder.write("story", `# told by its content\n${readFileSync(FORK, "utf8")}`);
});

describe("mmulate run with a script", () => {
  it("shows every operation, both architectures side by side, on the newest kernel", async () => {
    const text = named(await output("run", FORK, "--check"));
    await expect(text).toMatchFileSnapshot("../golden/cli/run-script.txt");
  });

  it("shows kernels side by side, every architecture with every kernel", async () => {
    const args = ["--arch", "x86-64,arm64", "--kernel", "6.12,7.2"];
    const text = named(await output("run", FORK, ...args));
    await expect(text).toMatchFileSnapshot("../golden/cli/run-script-kernels.txt");
    const titles = linesOf(text)[2] ?? "";
    expect(titles.trim().split(/\s{2,}/)).toEqual([
      "x86-64 6.12",
      "x86-64 7.2",
      "arm64 6.12",
      "arm64 7.2",
    ]);
  });

  it("explains what each operation did to entries", async () => {
    const text = named(await output("run", FORK, "--arch", "arm64", "--explain"));
    await expect(text).toMatchFileSnapshot("../golden/cli/run-script-explained.txt");
  });

  it("knows a script by its content, too", async () => {
    const same = await output("run", FORK);
    expect(await output("run", unnamed)).toBe(same.replaceAll(FORK, unnamed));
  });

  it("prints the same twice", async () => {
    const args = ["run", FORK, "--explain", "--json"];
    expect(await output(...args)).toBe(await output(...args));
  });

  it("prints a report with one cell for every combination, and what each operation showed", async () => {
    const args = ["--kernel", "7.2:softDirty=false,6.18", "--cpu", "plain", "--check", "--json"];
    const report = JSON.parse(await output("run", FORK, ...args)) as Report;
    expect(report.schema).toBe("mmulate/report@1");
    expect(report.config).toEqual({ command: "run", inputs: [FORK] });
    expect(report.cells.map(({ id, labels }) => [id, labels.arch, labels.kernel])).toEqual([
      ["1", "x86-64", "7.2:softDirty=false"],
      ["2", "x86-64", "6.18"],
      ["3", "arm64", "7.2:softDirty=false"],
      ["4", "arm64", "6.18"],
    ]);
    for (const cell of report.cells) {
      expect(cell.labels).toMatchObject({ input: FORK, cpu: "plain" });
      expect(cell.observations).toHaveLength(17);
      expect(cell.observations?.[1]).toEqual({ op: "write A 0 4", errno: 0, minflt: 4 });
      expect(cell.observations?.[5]?.data).toEqual([[4, 2]]);
      expect(cell.checks.length).toBeGreaterThan(3);
      expect(cell.checks).toContainEqual({ id: "oracle", ok: true });
      expect(cell.narrations).toBeUndefined();
      expect(cell.events).toMatchObject({ fault_anon: 4 });
      // Of profile "plain": 1,000 cycles a fault.
      expect(Number(cell.cycles.by["kernel.trap"])).toBe(1000 * (cell.events?.trap ?? 0));
      const causes = Object.values(cell.cycles.by).reduce((sum, each) => sum + Number(each), 0);
      expect(Number(cell.cycles.work)).toBe(causes);
    }
    expect(report.cells[0]?.config).toMatchObject({
      kernel: { version: "7.2", softDirty: false, layout: "x86-64-7.0" },
    });
  });

  it("adds the host where it is asked to", async () => {
    const report = JSON.parse(await output("run", FORK, "--host", "--json")) as Report;
    expect(report.host?.cells.map(({ id }) => id)).toEqual(["1", "2"]);
  });

  it("takes several scripts, one table each", async () => {
    const text = await output("run", FORK, unnamed, "--arch", "x86-64");
    expect(text).toContain(`input: ${FORK}`);
    expect(text).toContain(`input: ${unnamed}`);
  });
});

describe("mmulate verify with recordings", () => {
  const KERNEL = new URL("../data/kernel/x86_64-6.18.jsonl.gz", import.meta.url);
  const [first = "", second = ""] = gunzipSync(readFileSync(KERNEL)).toString().split("\n");

  it("plays them, watched by the oracle if asked to", async () => {
    const file = folder.write("two.jsonl", `${first}\n${second}\n`);
    const sum = "2 passed, 0 failed, 0 skipped";
    const out = `${file}: ${sum}\n${sum}\n`;
    expect(await mmulate("verify", "--check", file)).toEqual({ code: 0, out, err: "" });
    expect(await mmulate("verify", file)).toEqual({ code: 0, out, err: "" });
  });

  it("tells the first operation that differs", async () => {
    const wrong = JSON.parse(first) as { name: string; script: string[]; recording: unknown[] };
    wrong.recording[1] = { op: wrong.script[0], errno: "EBUSY", minflt: 0 };
    const file = folder.write("wrong.jsonl.gz", gzipSync(JSON.stringify(wrong)));
    const { code, out } = await mmulate("verify", file);
    expect(code).toBe(1);
    expect(linesOf(out).slice(0, 3)).toEqual([
      `${file}: 0 passed, 1 failed, 0 skipped`,
      "  errno differs: 1",
      `${wrong.name}: 1: ${wrong.script[0]}`,
    ]);
  });
});
