// `state A`: entries and frames' records as they are, run by run.

import { describe, expect, it } from "vitest";
import type { EntryState } from "../../src/stats/observation.js";
import { play } from "./support.js";

async function states(text: string, arch: string, kernel: string) {
  const { observations, complaints } = await play(text, arch, kernel);
  expect(complaints).toEqual([]);
  return observations.flatMap(({ state }) => (state === undefined ? [] : [state]));
}

const MAPPED = { w: 1, d: 1, y: 1, x: 1, order: 0, refs: 1, mapped: 1 } satisfies EntryState;

describe("the state of a region", () => {
  it("is runs of entries with frames that follow each other, holes, and zero pages as frame 0", async () => {
    const text = "mmap A 8 rw private\nwrite A 0 3\nread A 4 2\nstate A\n";
    expect(await states(text, "arm64", "7.2")).toEqual([
      [
        [3, { ...MAPPED, frame: 1 }],
        [1, {}],
        [2, { y: 1, frame: 0 }],
        [2, {}],
      ],
    ]);
  });

  it("keeps the numbers of frames over a fork and a copy", async () => {
    const text = "mmap A 2 rw private\nwrite A 0 2\nstate A\nfork c\nwrite A 1 1\nstate A\n";
    const shared = { d: 1, y: 1, order: 0, frame: 1, refs: 2, mapped: 2 };
    const found = await states(text, "arm64", "7.2");
    expect(found).toEqual([
      [[2, { ...MAPPED, frame: 1 }]],
      [
        [1, shared],
        [1, { ...MAPPED, frame: 3 }],
      ],
    ]);
  });

  it("shows the Contiguous bit, which a change of one entry takes from its group alone", async () => {
    const text =
      "mmap A 32 rw private align=32\nmadvise A 0 32 hugepage\nwrite A 0 32\nstate A\nmprotect A 3 1 r\nstate A\n";
    const [before = [], after = []] = await states(text, "arm64", "7.2:mthp=64k");
    // Two folios, one behind the other in memory as in the table.
    expect(before.map(([count, { cont }]) => [count, cont])).toEqual([[32, 1]]);
    const conts = after.flatMap(([count, { cont = 0 }]) => new Array<number>(count).fill(cont));
    expect(conts).toEqual([...new Array<number>(16).fill(0), ...new Array<number>(16).fill(1)]);
  });

  it("tells huge pages, markers and swap apart", async () => {
    const text = [
      "mmap A 512 rw private align=512",
      "madvise A 0 512 hugepage",
      "write A 0 1",
      "state A",
      "mmap B 2 rw private",
      "write B 0 1",
      "madvise B 0 1 pageout",
      "uffd-register B 0 2 wp,unpopulated",
      "uffd-wp B 0 2 on",
      "state B",
    ].join("\n");
    const [huge, absent] = await states(text, "x86-64", "6.12");
    expect(huge).toEqual([
      [512, { w: 1, d: 1, y: 1, sd: 1, level: 1, x: 1, order: 9, frame: 1, refs: 1, mapped: 1 }],
    ]);
    expect(absent).toEqual([
      [1, { sd: 1, wp: 1, x: 1, swap: 1 }],
      [1, { wp: 1, marker: 1 }],
    ]);
  });

  it("folds without a flush where the CPU bears both sizes at once", async () => {
    const text =
      "mmap A 16 rw private align=16\nmadvise A 0 16 hugepage\nwrite A 0 16\nmprotect A 3 1 r\nmprotect A 3 1 rw\n";
    const flushes = async (kernel: string) => (await play(text, "arm64", kernel)).events;
    expect(await flushes("7.2:mthp=64k")).toMatchObject({ contpte_unfold: 1, contpte_flush: 1 });
    expect(await flushes("7.2:mthp=64k:bbml2=true")).toMatchObject({
      contpte_unfold: 1,
      contpte_flush: 0,
    });
    expect(await flushes("6.12:mthp=64k:bbml2=true")).toMatchObject({ contpte_flush: 1 });
  });
});
