// What CI calls, called here: the composite action's own steps, the recipe of docs/ci.md, the summary of .ci/run.

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const MAIN = join(ROOT, "dist/src/cli/main.js");
const DOCS = readFileSync(join(ROOT, "docs/ci.md"), "utf8");

let work = "";
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), "mmulate-ci-"));
  mkdirSync(join(work, "bench"));
  mkdirSync(join(work, "bin"));
  writeFileSync(
    join(work, "bin/mmulate"),
    `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`,
    { mode: 0o755 },
  );
  writeFileSync(join(work, "bench/mine.yaml"), block("yaml"));
});
afterAll(() => rmSync(work, { recursive: true }));

/** The first block of a language in docs/ci.md. */
function block(language: string): string {
  const text = new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(DOCS)?.[1];
  if (text === undefined) throw new Error(`docs/ci.md has no ${language}`);
  return text;
}

function bash(script: string, env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync("bash", ["-e", "-o", "pipefail", "-c", script], {
    cwd: work,
    encoding: "utf8",
    env: { PATH: `${join(work, "bin")}:${process.env.PATH}`, NO_COLOR: "1", ...env },
  });
  return { code: status, out: stdout, err: stderr };
}

describe("the recipe of docs/ci.md", () => {
  it("makes a baseline, holds it, and writes the reports", () => {
    const { code, out, err } = bash(block("sh"));
    expect(code, err).toBe(0);
    expect(out).toContain("baseline bench/baselines/mine.json");
    expect(out).toContain("4 cells: 4 same");
    const { bench } = JSON.parse(readFileSync(join(work, "bench.json"), "utf8")) as {
      bench: unknown[];
    };
    expect(bench).toHaveLength(1);
    expect(readFileSync(join(work, "bench.xml"), "utf8")).toContain("<testsuite");
  });

  it("fails as it says when the suite asks for something else", () => {
    cpSync(join(work, "bench"), join(work, "other"), { recursive: true });
    writeFileSync(join(work, "other/mine.yaml"), block("yaml").replace("pages=32k", "pages=512"));
    const { code, err } = bash("mmulate bench other/mine.yaml");
    expect(code).toBe(2);
    const [said = ""] = /other\S+ cannot be compared: .*/.exec(err) ?? [];
    const [told = ""] = /bench\/baselines\S+ cannot be compared:[\s\S]*?one\)/.exec(DOCS) ?? [];
    expect(said.replace("other/", "bench/")).toBe(told.replaceAll("\n", " "));
  });
});

describe("the composite action", () => {
  interface Step {
    readonly shell: string;
    readonly run: string;
    readonly env?: Record<string, string>;
  }
  const action = parse(readFileSync(join(ROOT, "action.yml"), "utf8")) as {
    inputs: Record<string, { default: string }>;
    runs: { using: string; steps: Step[] };
  };

  /** Runs its steps as a runner does, with these inputs. */
  function act(given: Record<string, string>) {
    const inputs = new Map(
      Object.entries(action.inputs).map(([name, row]) => [name, given[name] ?? row.default]),
    );
    const filled = (text: string) =>
      text.replace(
        /\$\{\{ inputs\.(\w+) \}\}/g,
        (_, name: string) => inputs.get(name) ?? "MISSING",
      );
    const summary = join(work, "summary.md");
    writeFileSync(summary, "");
    let last = { code: 0 as number | null, out: "", err: "" };
    for (const { shell, run, env = {} } of action.runs.steps) {
      expect(shell).toBe("bash");
      const own = Object.fromEntries(
        Object.entries(env).map(([name, value]) => [name, filled(value)]),
      );
      const runner = {
        GITHUB_ACTIONS: "true",
        GITHUB_ACTION_PATH: ROOT,
        GITHUB_STEP_SUMMARY: summary,
      };
      last = bash(filled(run), { ...runner, ...own });
      if (last.code !== 0) break;
    }
    return { ...last, summary: readFileSync(summary, "utf8") };
  }

  it("is one, whose steps hold the baseline", () => {
    expect(action.runs.using).toBe("composite");
    bash("mmulate bench mine --save-baseline");
    const { code, err, summary } = act({ suite: "bench/mine.yaml", report: "here.json" });
    expect(code, err).toBe(0);
    expect(err).toContain("4 cells: 4 same");
    expect(summary).toContain("|");
    expect(readFileSync(join(work, "here.json"), "utf8")).toContain('"schema": "mmulate/report@1"');
  });

  it("annotates a regression and fails", () => {
    const text = readFileSync(join(work, "bench/baselines/mine.json"), "utf8");
    const worse = text.replace(/"cycles\.work": "\d+"/, '"cycles.work": "1"');
    writeFileSync(join(work, "worse.json"), worse);
    const { code, out } = act({ suite: "bench/mine.yaml", baseline: "worse.json" });
    expect(code).toBe(1);
    expect(out).toMatch(/^::error /m);
  });
});

describe("the last line of .ci/run", () => {
  it.each([
    [[true, true], "0", "4 passed, 0 failed", 0],
    [[true, false], "1", "3 passed, 1 failed", 1],
    [[true, true], "2", "4 passed, 1 failed", 1],
  ] as const)("counts cells (%j, exit %s) beside tests", (held, status, line, code) => {
    const tests = {
      testResults: [
        { status: "passed", assertionResults: [{ status: "passed" }, { status: "passed" }] },
      ],
    };
    writeFileSync(join(work, "vitest.json"), JSON.stringify(tests));
    writeFileSync(
      join(work, "cells.json"),
      JSON.stringify({ cells: held.map((ok) => ({ checks: [{ ok }] })) }),
    );
    const script = join(ROOT, "scripts/ci-summary.mjs");
    const seen = bash(
      `"${process.execPath}" "${script}" vitest.json test=0 bench=${status} cells=cells.json`,
    );
    expect(seen.out.trimEnd().split("\n").at(-1)).toBe(line);
    expect(seen.code).toBe(code);
  });
});
