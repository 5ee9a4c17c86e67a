// Completion scripts, run by the shells they are for where they are there. Where they are not, bash reads the
// quoting, which all three share, with functions of its own in the place of the shell's.

import { spawnSync } from "node:child_process";
import { beforeAll, describe, expect, it } from "vitest";
import { inputFolder } from "../trace/support.js";
import { output } from "./support.js";

const SHELLS = ["bash", "zsh", "fish"] as const;
const present = (shell: string): boolean => spawnSync(shell, ["-c", "true"]).status === 0;

const folder = inputFolder();
const scripts = new Map<string, string>();
/** Help of each command, by its name. */
const helps = new Map<string, string>();
beforeAll(async () => {
  const names = [...(await output("--help")).matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name);
  for (const name of names) {
    if (name !== undefined && name !== "help") helps.set(name, await output(name, "--help"));
  }
  for (const shell of SHELLS) scripts.set(shell, await output("completion", shell));
  for (const name of ["report.json", "trace.mmt", "two words.json"]) folder.write(name, "");
});

function bash(program: string): string[] {
  const { status, stdout, stderr } = spawnSync("bash", ["-c", program], {
    cwd: folder.path,
    encoding: "utf8",
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout.split("\n").filter((line) => line !== "");
}

/** What bash would offer behind a typed line; breaks as bash sets them, or others. */
function completed(line: string, breaks = " \t\n\"'><=;|&(:"): string[] {
  return bash(
    `COMP_WORDBREAKS=${JSON.stringify(breaks)}
${scripts.get("bash")}
COMP_LINE=${JSON.stringify(line)} COMP_POINT=${line.length}
_mmulate
printf '%s\\n' "\${COMPREPLY[@]}"`,
  );
}

describe.each(SHELLS)("the script for %s", (shell) => {
  it.skipIf(!present(shell))("is read by it without a complaint", () => {
    const { status, stderr } = spawnSync(shell, ["-n"], {
      input: scripts.get(shell),
      encoding: "utf8",
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  it("names every command and option that help names", () => {
    const script = scripts.get(shell) ?? "";
    expect([...helps.keys()]).toContain("compare");
    for (const [name, help] of helps) {
      expect(script).toMatch(new RegExp(`\\b${name}\\b`));
      for (const [, flag = ""] of help.matchAll(/^ {2}--([a-z-]+)/gm)) {
        expect(script).toMatch(new RegExp(`${shell === "fish" ? "-l " : "--"}${flag}\\b`));
      }
    }
  });
});

describe.skipIf(!present("bash"))("in bash", () => {
  it.each([
    ["mmulate ru", ["run"]],
    ["mmulate trace ", ["convert", "info"]],
    ["mmulate run --arch ", ["x86-64", "arm64", "riscv64"]],
    ["mmulate run --arch a", ["arm64"]],
    ["mmulate run --arch x86-64,", ["x86-64,x86-64", "x86-64,arm64", "x86-64,riscv64"]],
    ["mmulate run --arch=ar", ["arm64"]],
    ["mmulate run --arch=x86-64,ar", ["x86-64,arm64"]],
    ["mmulate run --acc", ["--accesses"]],
    ["mmulate trace convert --accesses d", ["data"]],
    ["mmulate run --accesses data x --no-s", ["--no-split"]],
    ["mmulate run --reporter j", ["json", "jsonl", "junit"]],
    ["mmulate run --reporter json=re", ["report.json"]],
    ["mmulate run --reporter=json=re", ["report.json"]],
    ["mmulate run tr", ["trace.mmt"]],
    ["mmulate run cha", ["chase"]],
    ["mmulate run two", ["two words.json"]],
    ["mmulate run --config re", ["report.json"]],
    ["mmulate run --workers ", []],
    ["mmulate completion ", ["bash", "zsh", "fish"]],
    [
      "mmulate verify -",
      ["--arch", "--cpu", "--linux-layout", "--pae", "--check", "--json", "--help"],
    ],
    ["mmulate counters x", []],
  ])("%j is completed", (line, expected) => {
    expect(completed(line)).toEqual(expected);
  });

  it("what is typed stays where bash does not break words at = and :", () => {
    expect(completed("mmulate run --arch=ar", " ")).toEqual(["--arch=arm64"]);
    expect(completed("mmulate run --reporter json=re", " ")).toEqual(["json=report.json"]);
  });
});

describe.skipIf(!present("bash"))("quoting", () => {
  it("of fish's script gives every option its description", async () => {
    const lines = bash(
      `complete() { printf '%s\\n' "$*"; }\n${scripts.get("fish")?.replace("complete -c mmulate -e", "")}`,
    );
    expect(lines.some((line) => line.includes("-l arch -d whose page tables"))).toBe(true);
    expect(lines).toContain(
      "-c mmulate -n __fish_seen_subcommand_from completion -f -a bash zsh fish",
    );
    expect(lines.some((line) => line.includes("an audit of the kernel's state"))).toBe(true);
  });

  it("of zsh's script gives every option its specification", () => {
    const lines = bash(
      `_arguments() { printf '%s\\n' "$@"; }
_describe() { :; }
compdef() { :; }
${scripts.get("zsh")}
_mmulate_run; _mmulate_trace_convert`,
    );
    expect(lines).toContainEqual(
      expect.stringMatching(/^\*--arch=\[whose .*\]:a:_values -s , a x86-64 arm64 riscv64$/),
    );
    expect(lines).toContainEqual(expect.stringMatching(/^\*--accesses=\[.*\]:kind:\(all data\)$/));
    for (const line of lines.filter((text) => text.startsWith("*--"))) {
      // One description, no bracket or colon within it.
      expect(line).toMatch(/^\*--[a-z-]+=?\[[^[\]:]*\](:[a-z]+:.*)?$/);
    }
  });
});
