import { writeFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import type { Comparison } from "../../src/stats/comparison.js";
import { inputFolder } from "../trace/support.js";
import { linesOf, mmulate, output, TINY } from "./support.js";

const folder = inputFolder();
let trace = "";
let [plain, zen] = ["", ""];
beforeAll(async () => {
  trace = folder.write("tiny.lackey", TINY);
  const run = ["run", trace, "--arch", "x86-64", "--workers", "0", "--json"];
  plain = folder.write("plain.json", await output(...run));
  zen = folder.write("zen.json", await output(...run, "--cpu", "zen4"));
});

const parse = (text: string) => JSON.parse(text) as Comparison;

describe("mmulate compare", () => {
  it("compares two results", async () => {
    const text = await output("compare", plain, zen);
    expect(linesOf(text).slice(0, 2)).toEqual([
      `A: ${plain} (mmulate 0.1.0)`,
      `B: ${zen} (mmulate 0.1.0)`,
    ]);
    expect(text).toMatch(/^A is cpu: plain$/m);
    expect(text).toMatch(/^cycles\.work +[\d,]+ +[\d,]+ +\d+\.\d{3} +(worse|better)$/m);
  });

  it("gives the same for the command lines that made them, quoted names and all", async () => {
    const told = parse(await output("compare", plain, zen, "--json"));
    const line = (cpu: string) => `mmulate run '${trace}' --arch x86-64 --cpu ${cpu} --workers 0`;
    const { cells, summary } = parse(
      await output("compare", line("plain"), line("zen4"), "--json"),
    );
    expect(cells).toEqual(told.cells);
    expect(summary).toEqual(told.summary);
  });

  it("runs what stands behind two files of defaults, or two lines that name no input", async () => {
    const told = parse(await output("compare", plain, zen, "--json"));
    const files = ["plain", "zen4"].map((cpu) =>
      folder.write(`${cpu}.yaml`, `arch: x86-64\ncpu: ${cpu}\nworkers: 0\n`),
    );
    expect(parse(await output("compare", ...files, trace, "--json")).cells).toEqual(told.cells);
    const lines = ["plain", "zen4"].map((cpu) => `run --arch x86-64 --workers 0 --cpu ${cpu}`);
    expect(parse(await output("compare", ...lines, trace, "--json")).cells).toEqual(told.cells);
    const [a = ""] = files;
    expect(await mmulate("compare", a, a)).toMatchObject({
      code: 2,
      err: `mmulate: ${a} is a configuration: name what to run behind A and B\n`,
    });
  });

  it("exits with 1 only where it is asked to fail, and there is a reason", async () => {
    expect((await mmulate("compare", plain, zen, "--fail-on", "any")).code).toBe(1);
    expect((await mmulate("compare", plain, plain, "--fail-on", "any")).code).toBe(0);
    const { worse } = parse(await output("compare", plain, zen, "--json")).summary;
    expect((await mmulate("compare", plain, zen, "--fail-on", "worse")).code).toBe(
      worse > 0 ? 1 : 0,
    );
    expect((await mmulate("compare", plain, plain, "--fail-on", "worse")).code).toBe(0);
  });

  it("writes Markdown, too", async () => {
    const text = await output("compare", plain, zen, "--reporter", "markdown");
    expect(text).toMatch(/^\| cycles\.work \| [\d,]+ \| [\d,]+ \| \d+\.\d{3} \| \w+ \|$/m);
  });

  it.each<[string, (folder: string) => string[], string]>([
    [
      "other inputs",
      () => ["run chase:pages=4 --workers 0", "run chase:pages=8 --workers 0"],
      "cannot compare run chase:pages=4 --workers 0 and run chase:pages=8 --workers 0: the inputs are chase:pages=4 and chase:pages=8 (--any-input compares all the same)",
    ],
    [
      "a result with something to run",
      (path) => [`${path}/plain.json`, `${path}/zen.json`, "x.lackey"],
      "plain.json is a result, so there is nothing to run x.lackey with",
    ],
    [
      "a command line that prints",
      () => ["run chase --json", "run chase"],
      "run chase --json: compare prints by itself: leave --json out",
    ],
    [
      "a command line that does not parse",
      () => ["run chase --fast", "run chase"],
      "run chase --fast: unknown option '--fast' (Did you mean --host?) (see --help)",
    ],
    ["a quote without an end", () => ['run "chase', "run chase"], 'run "chase: the " has no end'],
  ])("refuses %s in one line", async (_, args, message) => {
    const { code, out, err } = await mmulate("compare", ...args(folder.path));
    expect({ code, out }).toEqual({ code: 2, out: "" });
    const told = linesOf(err).filter((line) => !/: \d+ accesses$/.test(line));
    expect(told).toHaveLength(1);
    expect(told[0]).toContain(message);
  });

  it("refuses a result that is damaged", async () => {
    const damaged = `${folder.path}/damaged.json`;
    writeFileSync(
      damaged,
      '{ "schema": "mmulate/report@1", "version": "1", "config": {}, "cells": 3 }',
    );
    const { code, err } = await mmulate("compare", plain, damaged);
    expect(code).toBe(2);
    expect(linesOf(err)).toEqual([expect.stringContaining(`${damaged}: not a report: cells: `)]);
  });
});
