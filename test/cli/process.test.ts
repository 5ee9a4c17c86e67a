// Each command once as a process of its own: it prints to the process's streams, and ends, by itself, with its code.
// All other tests of the command line call it in their process (support.ts).

import { beforeAll, describe, expect, it } from "vitest";
import { inputFolder } from "../trace/support.js";
import { line } from "../verify/support.js";
import { linesOf, mmulate, spawned, TINY } from "./support.js";

const folder = inputFolder();
const [tiny, good, wrong, script, missing] = [
  "tiny.lackey",
  "good.jsonl",
  "wrong.jsonl",
  "few.scn",
  "missing",
].map((name) => `${folder.path}/${name}`) as [string, string, string, string, string];

beforeAll(() => {
  folder.write("tiny.lackey", TINY);
  folder.write("good.jsonl", `${line()}\n`);
  folder.write("wrong.jsonl", `${line({ id: "made/2", expect: { pa: "0x5124" } })}\n`);
  folder.write("few.scn", "mmap A 4 rw private\nwrite A 0 4\npagemap A\n");
});

describe("a process of mmulate", () => {
  it.each([
    [0, ["--version"]],
    [0, ["run", tiny, "--arch", "x86-64,arm64"]],
    [0, ["run", tiny, "--workers", "2", "--json"]],
    [0, ["run", script, "--json"]],
    [0, ["study"]],
    [0, ["verify", good]],
    [1, ["verify", wrong]],
    [0, ["trace", "info", tiny]],
    [0, ["arch", "list"]],
    [0, ["counters"]],
    [2, ["run", missing]],
    [2, ["compare", missing, missing]],
    [2, ["bench", missing]],
    [2, ["merge", missing]],
    [2, ["no-such-command"]],
  ])("ends with code %i: %j", async (code, args) => {
    const ended = await spawned(...args);
    expect(ended.code, ended.err).toBe(code);
    const { out, err } = await mmulate(...args);
    expect(ended.out).toBe(out);
    // Workers end in any order.
    expect(linesOf(ended.err).sort()).toEqual(linesOf(err).sort());
    if (code === 2) expect(linesOf(ended.err)).toHaveLength(1);
  });
});
