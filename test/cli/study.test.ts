// mmulate study: the contract of the command, on the smallest points of a real study.

import { readFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import type { Report } from "../../src/stats/report.js";
import { STUDIES } from "../../src/study/index.js";
import { mmulate, output } from "./support.js";

const SMALL = [
  ...["study", "dirty-tracking", "--arch", "x86-64,arm64", "--tracker", "none,mprotect,uffd-async"],
  ...["--set", "study.pages=256", "--set", "study.dirty=0.1"],
  ...["--set", "study.workload=round"],
];

describe("mmulate study", () => {
  it("tells what there is, and the parameters of each", async () => {
    const list = await output("study");
    const help = await output("study", "--help");
    for (const [name, { summary, parameters }] of STUDIES) {
      expect(list).toContain(`${name}: ${summary}\n`);
      expect(help).toContain(`  ${name}: ${summary}\n`);
      for (const { means } of Object.values(parameters)) expect(help).toContain(means);
    }
  });

  it("writes the same bytes, whatever the workers", async () => {
    const [here, one, two] = await Promise.all(
      ["0", "1", "2"].map((workers) => output(...SMALL, "--json", "--workers", workers)),
    );
    expect(one).toBe(here);
    expect(two).toBe(here);
  });

  it("gives a report that the shipped schema takes, with rows, verdicts and claims", async () => {
    const report = JSON.parse(
      await output(...SMALL, "--tracker", "uffd-sync", "--arch", "riscv64", "--json"),
    ) as Report;
    const shipped = new URL("../../schema/report-1.schema.json", import.meta.url);
    const schema = JSON.parse(readFileSync(shipped, "utf8")) as object;
    const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(schema);
    expect(validate(report), JSON.stringify(validate.errors)).toBe(true);
    expect(report.study?.command).toBe(
      "mmulate study dirty-tracking --tracker none,mprotect,uffd-async,uffd-sync --set study.pages=256 --set study.dirty=0.1 --set study.workload=round",
    );
    expect(report.cells).toHaveLength(12);
    expect(report.rows?.length).toBeGreaterThan(12);
    expect(report.claims?.map(({ holds }) => holds)).toEqual([true, true]);
  });

  it("does not hold the points of a sweep over prices against those that a real machine had", async () => {
    const words = ["--tracker", "uffd-sync", "--arch", "riscv64", "-L", "costs.trap=100,2000"];
    const { claims } = JSON.parse(await output(...SMALL, ...words, "--json")) as Report;
    expect(claims ?? []).toEqual([]);
  });

  it("has a verdict in place of figures where a kernel has no such thing", async () => {
    const words = ["--arch", "x86-64", "--kernel", "6.1", "--tracker", "uffd-async"];
    const small = [
      "--set",
      "study.pages=64",
      "--set",
      "study.dirty=0.1",
      "--set",
      "study.workload=round",
    ];
    const text = await output("study", "dirty-tracking", ...words, ...small, "--json");
    const { rows, verdicts } = JSON.parse(text) as Report;
    expect(rows).toEqual([]);
    expect(verdicts?.map(({ result }) => result)).toEqual([
      "this kernel answers UFFDIO_REGISTER (asynchronous) with EINVAL",
    ]);
  });

  it("every command that it shows can be run", async () => {
    const report = JSON.parse(await output(...SMALL, "--json")) as Report;
    for (const { command } of report.claims ?? []) {
      const words = command.split(" ").slice(1);
      const again = await output(
        ...words,
        "--set",
        "study.pages=64",
        "--set",
        "study.dirty=0.5",
        "--json",
      );
      expect((JSON.parse(again) as Report).claims?.length).toBeGreaterThan(0);
    }
  });

  it("ends with 1 where a claim does not hold, and says which", async () => {
    const ended = await mmulate(...SMALL, "--set", "costs.uffd_async=20000");
    expect(ended.code).toBe(1);
    expect(ended.out).toContain("DOES NOT HOLD  async-beats-mprotect:");
  });

  it("sweeps costs beside its own parameters, as labels of the rows", async () => {
    const report = JSON.parse(
      await output(...SMALL, "--tracker", "none", "-L", "costs.trap=1000,2000", "--json"),
    ) as Report;
    expect(new Set(report.rows?.map(({ keys }) => keys["costs.trap"]))).toEqual(
      new Set(["1000", "2000"]),
    );
  });

  it("-o writes the document and nothing else", async () => {
    const file = join(await mkdtemp(join(tmpdir(), "mmulate-")), "study.md");
    expect(await output(...SMALL, "-o", file)).toBe("");
    expect(readFileSync(file, "utf8")).toMatch(/^# dirty-tracking: /);
  });

  it.each([
    [["study", "dirty-trackin"], 'unknown study "dirty-trackin"; did you mean "dirty-tracking"?'],
    [["study", "dirty-tracking", "--pae", "page"], 'has no parameter "pae"'],
    [["study", "dirty-tracking", "--set", "study.pags=1"], 'did you mean "pages"?'],
    [["study", "dirty-tracking", "--tracker", "sof"], "one of none, "],
    [["study", "dirty-tracking", "--set", "study.pages=1"], "whole numbers from 16 to"],
    [["study", "dirty-tracking", "--kernel", "7.9"], 'kernel "7.9": one of'],
    [["study", "dirty-tracking", "--set", "study.threads=0"], 'from 1 to 63 and "all" are allowed'],
    [["study", "dirty-tracking", "--set", "study.trace=none.mmt"], "none.mmt: no such file"],
    [["study", "dirty-tracking", "--format", "lacky"], 'did you mean "lackey"?'],
    [["study", "dirty-tracking", "--set", "costs.trapp=1"], 'did you mean "costs.trap"?'],
  ])("%j is refused in one line", async (words, message) => {
    const { code, out, err } = await mmulate(...words);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(message);
    expect(err.trimEnd().split("\n")).toHaveLength(1);
  });
});
