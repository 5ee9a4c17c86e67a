// Explanations: each change of an entry with the event, and the function, that it belongs to.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { LINUX_FUNCTIONS } from "../../arch/linux/functions.js";
import { EVENT_MEANINGS } from "../../src/kernel/events.js";
import type { EntryStep } from "../../src/stats/observation.js";
import { play } from "./support.js";

const FORK = readFileSync(new URL("../data/scripts/fork.scn", import.meta.url), "utf8");

async function steps(text: string, arch = "x86-64", kernel = "7.2"): Promise<EntryStep[][]> {
  const { narrations } = await play(text, arch, kernel, { explain: true });
  return (narrations ?? []).map((each) => [...each.steps]);
}

it("every event has a function, and every function an event", () => {
  expect([...LINUX_FUNCTIONS.keys()].sort()).toEqual(EVENT_MEANINGS.map(([name]) => name).sort());
});

describe.each([
  ["x86-64", "6.1"],
  ["x86-64", "7.2"],
  ["arm64", "7.2"],
  ["arm64:ha=false:hd=false", "6.12"],
])("the story of fork.scn on %s, Linux %s", (arch, kernel) => {
  it("is what it was", async () => {
    const { narrations, observations } = await play(FORK, arch, kernel, { explain: true });
    const story = observations.map(({ op }, i) => ({ op, ...narrations?.[i] }));
    const name = `${arch}-${kernel}`.replaceAll(/[^\w.-]/g, "-");
    const text = `${JSON.stringify(story, null, 1)}\n`;
    await expect(text).toMatchFileSnapshot(`../golden/scenario/fork-${name}.json`);
  });

  it("gives every change a rule that has a source", async () => {
    for (const { rule, cite } of (await steps(FORK, arch, kernel)).flat()) {
      expect(cite, rule).toMatch(/^(LINUX|SDM|ARM) /);
    }
  });
});

describe("a step", () => {
  it("joins neighbours that change alike, and numbers frames as they appear", async () => {
    const [, write] = await steps("mmap A 4 rw private\nwrite A 1 3\n");
    expect(write).toEqual([
      {
        owner: "P",
        region: "A",
        first: 1,
        last: 3,
        before: "none",
        after: "page write dirty young soft-dirty",
        frames: [
          [0, 1],
          [0, 2],
          [0, 3],
        ],
        rule: "fault_anon",
        cite: "LINUX mm/memory.c do_anonymous_page",
      },
    ]);
  });

  it("tells what the CPU did by itself", async () => {
    const text = "mmap A 1 rw private\nwrite A 0 1\nmadvise A 0 1 free\nwrite A 0 1\n";
    const [, , free, write] = await steps(text);
    expect(free).toMatchObject([{ rule: "free_entry", after: "page write soft-dirty" }]);
    expect(write).toMatchObject([{ rule: "hardware", after: "page write dirty young soft-dirty" }]);
  });

  it("tells the page cache from the processes, and a child by its name", async () => {
    const text = "mmap A 1 rw shared\nfork c\nin c write A 0 1\n";
    const [, , write] = await steps(text);
    expect(write?.map(({ owner, first }) => [owner, first])).toEqual([
      ["page cache", 0],
      ["c", 0],
    ]);
  });

  it("tells markers", async () => {
    const text = "mmap A 2 rw private\nmadvise A 0 1 guard_install\nmadvise A 0 1 guard_remove\n";
    const [, install, remove] = await steps(text);
    expect(install).toMatchObject([
      { before: "none", after: "marker guard", rule: "marker_entry" },
    ]);
    expect(remove).toMatchObject([{ before: "marker guard", after: "none", rule: "marker_entry" }]);
  });

  it("tells what went with the page table that mremap moved whole", async () => {
    const text =
      "mmap A 512 rw private align=512\nwrite A 0 2\nmremap A 512 B align=512\nwrite B 2 1\n";
    const [, , , write] = await steps(text);
    expect(write).toMatchObject([{ region: "B", first: 2, rule: "fault_anon" }]);
  });
});

it("tells huge pages, whole and split", async () => {
  const text = `mmap A 512 rw private align=512
madvise A 0 512 hugepage
write A 0 1
madvise A 0 1 dontneed
write A 3 1
`;
  const [, , fault, zap] = await steps(text);
  expect(fault?.at(-1)).toMatchObject({
    region: "A",
    first: 0,
    before: "none",
    after: "huge page write dirty young soft-dirty",
    rule: "fault_huge",
  });
  expect(zap?.map(({ before, after }) => [before, after])).toContainEqual([
    "page write dirty young soft-dirty",
    "none",
  ]);
});
