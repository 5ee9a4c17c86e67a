// Descriptor files on the command line: --arch, --cpu, --linux-layout, --costs.

import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { DEFAULT_COSTS } from "../../arch/costs/index.js";
import { LINUX_LAYOUTS } from "../../arch/linux/index.js";
import { toFile } from "../../src/config/descriptor-files.js";
import { architectureNamed, cpuNamed } from "../../src/runner/plan.js";
import type { CellResult, Report } from "../../src/stats/report.js";
import { inputFolder } from "../trace/support.js";
import { linesOf, mmulate, output, TINY } from "./support.js";

const FORK = fileURLToPath(new URL("../data/scripts/fork.scn", import.meta.url));
const SOFT_DIRTY = fileURLToPath(
  new URL("../data/descriptors/arm64-soft-dirty.yaml", import.meta.url),
);
const RECORDINGS = fileURLToPath(
  new URL("../data/kernel/arm64-6.12-mthp64k.jsonl.gz", import.meta.url),
);

const folder = inputFolder();
let trace = "";
beforeAll(() => {
  trace = folder.write("tiny.lackey", TINY);
});

async function cellsOf(...args: string[]): Promise<CellResult[]> {
  return [...(JSON.parse(await output("run", ...args, "--json")) as Report).cells];
}

/** A cell without what it is called. */
function unlabelled({ labels: _, id: __, ...rest }: CellResult): unknown {
  return rest;
}

describe("what ships, printed to a file", () => {
  it.each(["x86-64", "arm64", "riscv64"])(
    "%s runs a trace with the same hash and the same results",
    async (name) => {
      const file = folder.write(`${name}.json`, toFile(architectureNamed(name)));
      const [mine, shipped, ...more] = await cellsOf(trace, "--arch", `${file},${name}`);
      expect(more).toEqual([]);
      if (mine === undefined || shipped === undefined) throw new Error("no cells");
      expect(mine.labels.arch).toBe(file);
      expect(mine.config.layoutHash).toBe(shipped.config.layoutHash);
      expect(unlabelled(mine)).toEqual(unlabelled(shipped));
    },
  );

  it("a CPU and its architecture run as those that ship, in workers, too", async () => {
    const arch = folder.write("a.json", toFile(architectureNamed("arm64")));
    const cpu = folder.write("c.json", toFile(cpuNamed("neoverse-v2")));
    const args = ["--arch", `${arch}:granule=16,arm64:granule=16`, "--cpu", `${cpu},neoverse-v2`];
    const cells = await cellsOf(trace, ...args, "--workers", "2");
    const [first, ...others] = cells.map(unlabelled);
    expect(others).toEqual([first, first, first]);
  });

  it("a Linux layout and costs play a script as those that ship", async () => {
    const linux = LINUX_LAYOUTS.get("arm64-7.0");
    if (linux === undefined) throw new Error("no layout");
    const layout = folder.write("l.json", toFile(linux));
    const costs = folder.write("costs.json", toFile(DEFAULT_COSTS));
    const args = [FORK, "--arch", "arm64", "--kernel", "7.2"];
    const mine = await cellsOf(...args, "--linux-layout", layout, "--costs", costs);
    // Labels say how a cell was asked for.
    const unlabelled = mine.map((cell) => ({ ...cell, labels: {} }));
    expect(unlabelled).toEqual((await cellsOf(...args)).map((cell) => ({ ...cell, labels: {} })));
  });
});

describe("a file of one's own", () => {
  it("gives arm64 soft-dirty in a script", async () => {
    const args = [FORK, "--arch", "x86-64,arm64", "--linux-layout", SOFT_DIRTY, "--check"];
    const [x86, arm64] = await cellsOf(...args);
    expect(arm64?.observations).toEqual(x86?.observations);
    expect(arm64?.config.kernel).toMatchObject({ layout: "arm64-soft-dirty" });
    expect(arm64?.checks.filter(({ ok }) => !ok)).toEqual([]);
  });

  it("plays recordings of its architecture, and leaves others alone", async () => {
    const text = await output("verify", RECORDINGS, "--linux-layout", SOFT_DIRTY);
    expect(text).toBe(await output("verify", RECORDINGS));
    expect(text).toMatch(/ 0 failed/);
  });

  it("changes what it says, and nothing else", async () => {
    const file = folder.write(
      "small.yaml",
      "extends: plain\ncosts: { walkLoad: { cycles: 77 } }\n",
    );
    const [mine, plain] = await cellsOf(trace, "--arch", "arm64", "--cpu", `${file},plain`);
    expect(plain?.config.layoutHash).toBe(mine?.config.layoutHash);
    expect(mine?.counters).toEqual(plain?.counters);
    const walks = [mine, plain].map((cell) => Number(cell?.cycles.by.walk));
    expect(walks).toEqual([77, 20].map((cycles) => (cycles * Number(walks[1])) / 20));
    expect(walks[1]).toBeGreaterThan(0);
  });

  it("may extend another file beside it", async () => {
    folder.write("base.yaml", "extends: arm64\ntypical: { values: { hd: false } }\n");
    const file = folder.write("over.yaml", "extends: ./base.yaml\ntitle: over\n");
    const [cell] = await cellsOf(trace, "--arch", file);
    expect(cell?.config.mode).toMatchObject({ ha: true, hd: false });
  });
});

describe("a bad file ends in one line and exit code 2:", () => {
  it.each([
    [
      "unknown.yaml",
      "extends: arm65\n",
      "--arch",
      /unknown\.yaml:1:1: extends: no architecture "arm65"/,
    ],
    ["typo.yaml", "extends: arm64\nfieldz: []\n", "--arch", /typo\.yaml:2:1: .*"fieldz"/],
    [
      "bits.yaml",
      "extends: plain\ntlb: { second: 7 }\n",
      "--cpu",
      /bits\.yaml:2:16: tlb\.second: /,
    ],
    ["self.yaml", "extends: ./self.yaml\n", "--arch", /self\.yaml:1:1: .*extends it again/],
    [
      "wrong.yaml",
      "extends: x86-64-7.0\n",
      "--linux-layout",
      /x86-64-7\.0 is a layout of x86-64; the run has arm64/,
    ],
    [
      "costs.yaml",
      "extends: plain\nevents: { fault: 3 }\n",
      "--costs",
      /costs\.yaml:2:18: events\.fault: /,
    ],
  ])("%s", async (name, text, option, message) => {
    const file = folder.write(name, text);
    const script = option === "--linux-layout" || option === "--costs";
    const arch = option === "--arch" ? [] : ["--arch", "arm64"];
    const { code, out, err } = await mmulate("run", script ? FORK : trace, ...arch, option, file);
    expect([code, out]).toEqual([2, ""]);
    expect(linesOf(err)).toHaveLength(1);
    expect(err).toMatch(message);
  });

  it("one that is not there", async () => {
    const { code, err } = await mmulate("run", trace, "--arch", "./no-such.yaml");
    expect([code, err]).toEqual([2, "mmulate: cannot read ./no-such.yaml: ENOENT\n"]);
  });

  it("a layout for a trace", async () => {
    const { code, err } = await mmulate("run", trace, "--linux-layout", SOFT_DIRTY);
    expect(code).toBe(2);
    expect(err).toMatch(/--linux-layout is for scripts/);
  });
});
