// Whole scripts: what they show, what they refuse, what they leave.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { MmulateError } from "../../src/errors.js";
import { MACHINES, play } from "./support.js";

const FORK = readFileSync(new URL("../data/scripts/fork.scn", import.meta.url), "utf8");

async function refusal(text: string): Promise<[string, string]> {
  try {
    await play(text);
  } catch (error) {
    if (error instanceof MmulateError) return [error.code, error.message];
    throw error;
  }
  throw new Error("it was played");
}

describe("a script on", () => {
  it.each(MACHINES)(
    "%s, Linux %s shows the same twice, checked or not, explained or not",
    async (arch, kernel) => {
      // Older kernels have no wp-async; what they say of it is part of what they show.
      const options = [{}, { check: true }, { explain: true }, { check: true, explain: true }];
      const played = [];
      for (const each of options) played.push(await play(FORK, arch, kernel, each));
      for (const each of played) {
        expect(each.observations).toEqual(played[0]?.observations);
        expect(each.events).toEqual(played[0]?.events);
        expect(each.complaints ?? []).toEqual([]);
      }
      const [plain, , explained] = played;
      expect(plain?.counters).toEqual(explained?.counters);
    },
  );
});

describe("a script that names what is not there", () => {
  it.each([
    ["read A 0 1", "INPUT", 'test.scn:1: process P knows no region "A" (it has none yet)'],
    [
      "mmap A 1 r private\nread B 0 1",
      "INPUT",
      'test.scn:2: process P knows no region "B" (it knows A)',
    ],
    ["in c clear_refs", "INPUT", 'test.scn:1: no process "c" (there are P)'],
    ["fork c\nexit d", "INPUT", 'test.scn:2: no process "d" (there are P, c)'],
    ["fork c\nfork c", "INPUT", 'test.scn:2: there is a process "c" already'],
  ])("is refused: %s", async (text, code, message) => {
    expect(await refusal(text)).toEqual([code, message]);
  });
});

describe("names", () => {
  it("used again mean the new region, for children of the old one the old", async () => {
    const text =
      "mmap A 1 rw private\nwrite A 0 1\nfork c\nmmap A 2 rw private\nread A 0 2\nin c read A 0 1\n";
    const { observations } = await play(text);
    expect(observations.map(({ data }) => data)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      [[2, 0]],
      [[1, 2]],
    ]);
  });

  it("of processes that ended may be used again", async () => {
    const text = "mmap A 1 rw private\nfork c\nexit c\nfork c\nin c write A 0 1\nread A 0 1\n";
    expect((await play(text)).complaints).toEqual([]);
  });
});

describe("the handler of SIGSEGV", () => {
  it("gives a page up that it cannot unprotect, and one that stays inaccessible", async () => {
    const text =
      "mmap A 3 rw private\non-segv unprotect\nmunmap A 0 1\nmadvise A 1 1 guard_install\nmprotect A 2 1 r\nwrite A 0 3\nread A 2 1\n";
    const { observations, complaints } = await play(text);
    expect(observations[5]).toMatchObject({ segv: [0, 1, 2], errno: 0 });
    expect(observations[6]?.data).toEqual([[1, 6]]);
    expect(complaints).toEqual([]);
  });
});

describe("shared memory", () => {
  it("ends where its object ends: what a longer mapping shows behind it is no memory", async () => {
    const text = "mmap A 2 rw shared\nresize A 2 4\nwrite A 0 4\nfork c\nin c read A 0 4\n";
    const { observations, complaints } = await play(text);
    expect(observations[2]?.segv).toEqual([2, 3]);
    expect(complaints).toEqual([]);
  });

  it("keeps its guards over fork", async () => {
    const text = "mmap A 2 rw shared\nmadvise A 0 1 guard_install\nfork c\nin c read A 0 2\n";
    const { observations, complaints } = await play(text);
    expect(observations[3]).toMatchObject({
      segv: [0],
      data: [
        [1, null],
        [1, 0],
      ],
    });
    expect(complaints).toEqual([]);
  });
});

describe("the zero page", () => {
  it("leaves the TLB with its mapping", async () => {
    const text =
      "mmap A 2 rw private\nread A 0 2\nmunmap A 0 1\nread A 0 2\nmadvise A 1 1 dontneed\nread A 1 1\n";
    const { observations, complaints } = await play(text);
    expect(observations[3]?.segv).toEqual([0]);
    expect(observations[5]?.minflt).toBe(1);
    expect(complaints).toEqual([]);
  });
});

describe("counters of a script", () => {
  it("count its accesses, and the kernel's work", async () => {
    const { counters, events } = await play("mmap A 4 rw private\nwrite A 0 4\nread A 0 3\n");
    expect([...counters].slice(0, 2)).toEqual([3n, 4n]);
    expect(events).toMatchObject({ fault: 4, fault_anon: 4, page_alloc: 4, syscall: 1 });
  });
});
