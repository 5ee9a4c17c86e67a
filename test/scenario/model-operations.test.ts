// Operations that no recording has: clear-refs, scan with more masks, split, KSM's zero pages.

import { describe, expect, it } from "vitest";
import { play } from "./support.js";

async function ranges(text: string): Promise<unknown> {
  const { observations, complaints } = await play(text);
  expect(complaints).toEqual([]);
  return observations.at(-1)?.ranges;
}

describe("clear-refs", () => {
  const TOUCHED =
    "mmap A 2 rw private\nmmap S 2 rw shared\nwrite A 0 2\nwrite S 0 2\nclear-refs N\nreclaim 1\npagemap A\npagemap S\n";

  it.each([
    [1, ["SD", "PDXF"]],
    [2, ["SD", "PDXF"]],
    // Private pages stay young, so the first of shared memory goes.
    [3, ["PDXE", "D"]],
  ])("%i makes pages old, so that reclaim takes them first", async (type, want) => {
    const { observations, complaints } = await play(TOUCHED.replace("N", String(type)));
    expect(complaints).toEqual([]);
    const first = observations.slice(6).map(({ pages }) => pages?.[0]?.[1]);
    expect(first).toEqual(want);
  });

  it("4 clears soft-dirty, 5 nothing that is seen", async () => {
    const text =
      "mmap A 1 rw private\nwrite A 0 1\nclear-refs 5\npagemap A\nclear-refs 4\npagemap A\n";
    const { observations } = await play(text);
    expect(observations.map(({ pages }) => pages?.[0]?.[1])).toEqual([
      undefined,
      undefined,
      undefined,
      "PDXE",
      undefined,
      "PXE",
    ]);
  });
});

describe("scan", () => {
  const MEMORY =
    "mmap A 8 rw private\nuffd-register A 0 8 wp-async\nwrite A 0 2\nread A 2 2\nwrite A 5 1\nmadvise A 5 1 pageout\n";

  it.each([
    ["present not=pfnzero", [[0, 2]]],
    [
      "any=pfnzero any=swapped",
      [
        [2, 4],
        [5, 6],
      ],
    ],
    [
      "written any=present any=swapped",
      [
        [0, 4],
        [5, 6],
      ],
    ],
    ["present max=3", [[0, 3]]],
    [
      "any=present any=pfnzero",
      [
        [0, 2],
        [2, 4],
      ],
    ],
    ["swapped", [[5, 6]]],
    ["wpallowed present", [[0, 4]]],
    ["huge", []],
  ])("%s", async (words, want) => {
    expect(await ranges(`${MEMORY}scan A 0 8 ${words}\n`)).toEqual(want);
  });

  it("that has enough protects nothing behind it", async () => {
    const text = `${MEMORY}scan A 0 8 written wp max=1\nscan A 0 8 written present\n`;
    expect(await ranges(text)).toEqual([[1, 4]]);
  });
});

describe("split", () => {
  it("makes base pages of a huge one, not of one that is pinned", async () => {
    const text =
      "mmap A 512 rw private align=512\nmadvise A 0 512 hugepage\nwrite A 0 512\npin A 0 1\nsplit A 0 1\nunpin A 0 1\nsplit A 0 1\npagemap A\n";
    const { observations, complaints } = await play(text);
    expect(complaints).toEqual([]);
    expect(observations.map(({ errno }) => errno)).toEqual([0, 0, 0, 0, "EAGAIN", 0, 0, 0]);
    expect(observations[7]?.pages).toEqual([[512, "PDXE"]]);
  });

  it("makes base pages of all that a region has where no pages are named", async () => {
    const text =
      "mmap A 1024 rw private align=512\nmadvise A 0 1024 hugepage\nwrite A 0 1024\nsplit A\npagemap A\n";
    const { observations } = await play(text);
    expect(observations[4]?.pages).toEqual([[1024, "PDXE"]]);
  });
});

describe("ksm zero", () => {
  it.each(["6.1", "6.12", "7.2"])(
    "maps pages of zeroes to the zero page, on %s",
    async (kernel) => {
      const text =
        "mmap A 3 rw private\nmadvise A 0 3 populate_write\nwrite A 2 1\nmadvise A 0 3 mergeable\nclear_refs\nksm zero\npagemap A\nread A 0 3\nmadvise A 0 3 unmergeable\npagemap A\nwrite A 0 1\nread A 0 3\n";
      const { observations, complaints } = await play(text, "x86-64", kernel);
      expect(complaints).toEqual([]);
      const dirty = kernel !== "6.1";
      expect(observations[6]?.pages?.[0]).toEqual([2, dirty ? "PDZ" : "PZ"]);
      // Up to 6.5 nobody can tell them from other zero pages.
      expect(observations[9]?.pages?.[0]?.[1]).toMatch(dirty ? /E$/ : /Z$/);
      expect(observations[11]?.data).toEqual([
        [1, 11],
        [1, 0],
        [1, 3],
      ]);
    },
  );
});

it("a split that puts the zero page in a page's place lets nobody read the old one", async () => {
  const text =
    "mmap A 1024 rw private align=512\nmadvise A 0 1024 hugepage\nwrite A 0 24\nmremap A 3 5 B dontunmap\nread A 57 1\nmadvise A 34 1 pageout\nread A 54 4\n";
  const { complaints, events } = await play(text, "x86-64", "7.2");
  expect(complaints).toEqual([]);
  expect(events.split_folio).toBe(1);
});
