// Where reports go: every form through the built command line, files that cannot be written, GitHub's summary.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { toGithubSummary } from "../../src/report/github.js";
import { REPORTERS } from "../../src/report/registry.js";
import { parseReport } from "../../src/runner/report-schema.js";
import { inputFolder } from "../trace/support.js";
import { linesOf, MAIN, mmulate, output, TINY } from "./support.js";

const FORK = fileURLToPath(new URL("../data/scripts/fork.scn", import.meta.url));

const folder = inputFolder();
let trace = "";
beforeAll(() => {
  trace = folder.write("tiny.lackey", TINY);
});

describe.each(["a trace", "a script"])("of %s", (kind) => {
  const args = () => ["run", kind === "a trace" ? trace : FORK, "--workers", "0"];

  it("every reporter writes to stdout and to its file what its function draws", async () => {
    const report = parseReport(await output(...args(), "--json"), "x");
    const names = [...REPORTERS.keys()].filter((name) => name !== "github");
    const file = (name: string) => `${folder.path}/${kind.slice(2)}.${name}`;
    const all = names.flatMap((name) => ["--reporter", `${name}=${file(name)}`]);
    expect(await output(...args(), ...all)).toBe("");
    for (const name of names) {
      expect(readFileSync(file(name), "utf8")).toBe(REPORTERS.get(name)?.draw(report));
    }
    expect(readdirSync(folder.path).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  it("github writes annotations to stdout, and the summary behind what the job has", async () => {
    const report = parseReport(await output(...args(), "--json"), "x");
    const summary = folder.write(`summary-${kind.slice(2)}.md`, "before\n");
    const run = (...more: string[]) =>
      spawnSync(process.execPath, [MAIN, ...args(), ...more], {
        encoding: "utf8",
        env: { PATH: process.env.PATH, GITHUB_STEP_SUMMARY: summary },
      });
    const { status, stdout } = run("--reporter", "github");
    expect(status).toBe(0);
    expect(stdout).toBe(REPORTERS.get("github")?.draw(report));
    expect(readFileSync(summary, "utf8")).toBe(`before\n${toGithubSummary(report)}`);
    // Where there is no job, stdout has both; a file that is named has the summary alone.
    expect(await output(...args(), "--reporter", "github")).toBe(stdout + toGithubSummary(report));
    const named = `${folder.path}/named.md`;
    expect(await output(...args(), "--reporter", `github=${named}`)).toBe(stdout);
    expect(readFileSync(named, "utf8")).toBe(toGithubSummary(report));
  });
});

describe.skipIf(!existsSync("/dev/full"))("a file that cannot be written after the run", () => {
  it("is one line on stderr, exit code 2, and nothing is lost", async () => {
    const args = ["run", trace, "--arch", "x86-64", "--workers", "0"];
    const whole = await output(...args, "--json");
    const file = `${folder.path}/kept.csv`;
    const targets = ["--reporter", "json=/dev/full", "--reporter", `csv=${file}`];
    const { code, out, err } = await mmulate(...args, ...targets);
    expect({ code, out }).toEqual({ code: 2, out: whole });
    expect(linesOf(err).at(-1)).toBe(
      "mmulate: cannot write /dev/full: ENOSPC; what belongs there is on stdout",
    );
    expect(readFileSync(file, "utf8")).toBe(await output(...args, "--reporter", "csv"));
  });
});
