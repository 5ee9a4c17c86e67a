// "meanwhile": another CPU comes between two steps of an operation, or waits for its end.

import { describe, expect, it } from "vitest";
import type { Observation } from "../../src/stats/observation.js";
import { HAZARDS } from "../../src/study/pae/hazards.js";
import { play, playUnder } from "./support.js";

async function shown(lines: readonly string[], arch = "x86-64"): Promise<readonly Observation[]> {
  const { observations, complaints } = await play(lines.join("\n"), arch);
  expect(complaints).toEqual([]);
  return observations;
}

const TWO = ["mmap A 2 rw private", "write A 0 2"];

describe("another CPU in the middle of fork", () => {
  it("migrates what is copied, and what is not copied yet, alike", async () => {
    const lines = [
      ...TWO,
      "meanwhile fork-batch 1 cpu 1 migrate A 0 2",
      "fork c",
      "in c read A 0 2",
    ];
    const [, , between, , read] = await shown(lines);
    expect(between).toEqual({
      op: "meanwhile fork-batch 1 cpu 1 migrate A 0 2",
      errno: 0,
      minflt: 0,
    });
    expect(read?.data).toEqual([[2, 2]]);
  });

  it("waits where it needs the parent's mmap_lock", async () => {
    const [, , between] = await shown([
      ...TWO,
      "meanwhile fork-batch 1 cpu 1 munmap A 0 1",
      "fork c",
    ]);
    expect(between?.waited).toBe(true);
  });

  it("waits with a pin, which sees fork's seqcount, and then has a copy of its own", async () => {
    const { observations, complaints } = await play(
      [
        ...TWO,
        "mprotect A 0 2 r",
        "meanwhile fork-tested 1 cpu 1 pin A 0 1 read",
        "fork c",
        "state A",
      ].join("\n"),
    );
    expect(complaints).toEqual([]);
    expect(observations[3]?.waited).toBe(true);
    expect(observations.at(-1)?.state?.map(([, { x }]) => x)).toEqual([1, undefined]);
  });

  it("writes through what its TLB holds until fork flushes", async () => {
    const before = [...TWO, "thread t", "on t write A 0 2"];
    const lines = [
      ...before,
      "meanwhile fork-batch 1 on t write A 0 1",
      "fork c",
      "in c read A 0 2",
    ];
    const observations = await shown(lines);
    expect(observations[4]).toMatchObject({ minflt: 0 });
    expect(observations[4]).not.toHaveProperty("waited");
    expect(observations.at(-1)?.data).toEqual([
      [1, 5],
      [1, 4],
    ]);
  });

  it("comes behind it where the step is not passed so often", async () => {
    const [, , between] = await shown([
      ...TWO,
      "meanwhile fork-batch 9 cpu 1 migrate A 0 1",
      "fork c",
    ]);
    expect(between?.waited).toBe(true);
  });
});

it("fork comes between two tables of a folio that migrates, and with one flag a folio waits", async () => {
  const lines = [
    "mmap A 16 rw private align=512",
    "madvise A 0 16 hugepage",
    "write A 0 16",
    "mremap A 8 8 B",
    "meanwhile migrate-table 1 cpu 1 fork c",
    "migrate A 0 8",
    "in c read A 0 8",
  ];
  const waited = async (pae: string) => {
    const { observations, complaints } = await playUnder(
      pae,
      lines.join("\n"),
      "x86-64",
      "7.2:mthp=64k",
    );
    expect(complaints).toEqual([]);
    expect(observations.at(-1)?.data).toEqual([[8, 3]]);
    return observations[4]?.waited === true;
  };
  expect(await waited("page")).toBe(false);
  expect(await waited("folio")).toBe(true);
});

describe("a store that sets D while fork takes W", () => {
  const lines = HAZARDS.find(({ id }) => id === "H11-lost")?.script.join("\n") ?? "";

  it.each([
    ["riscv64", "7.0", ["contents"]],
    ["riscv64", "6.18", []],
    ["riscv64:svadu=false", "7.0", []],
    ["x86-64", "7.2", []],
    ["arm64", "7.2", []],
  ])("on %s, Linux %s, breaks %j", async (arch, kernel, broken) => {
    const { complaints } = await play(lines, arch, kernel);
    expect(complaints?.map(({ id }) => id)).toEqual(broken);
  });
});

describe("a pin of another part of a folio", () => {
  const LARGE = ["mmap A 16 rw private align=512", "madvise A 0 16 hugepage", "write A 0 16"];

  it("makes migration put back what it has changed", async () => {
    const lines = [
      ...LARGE,
      "mremap A 8 8 B",
      "meanwhile migrate-table 1 cpu 1 pin B 0 1 read",
      "migrate A 0 8",
      "state A",
    ];
    const { observations, complaints } = await play(lines.join("\n"), "x86-64", "7.2:mthp=64k");
    expect(complaints).toEqual([]);
    expect(observations[5]?.errno).toBe("EAGAIN");
    const state = observations
      .at(-1)
      ?.state?.map(([pages, { w, x, order }]) => [pages, w, x, order]);
    expect(state?.[0]).toEqual([8, 1, 1, 4]);
  });

  it("keeps reclaim from the rest, which is found in the swap cache", async () => {
    const lines = [
      ...LARGE,
      "meanwhile share-tested 3 cpu 1 pin A 9 1 read",
      "madvise A 0 16 pageout",
    ];
    const text = [...lines, "pagemap A", "write A 0 16"].join("\n");
    const { observations, complaints, events } = await play(text, "x86-64", "7.2:mthp=64k");
    expect(complaints).toEqual([]);
    expect(observations[3]).not.toHaveProperty("waited");
    expect(observations[5]?.pages?.[0]?.[0]).toBe(3);
    expect(events.swap_out).toBe(0);
  });
});

it("one CPU cannot do two things at a time", async () => {
  const lines = [...TWO, "meanwhile fork-batch 1 cpu 0 migrate A 0 1", "fork c"];
  await expect(play(lines.join("\n"))).rejects.toThrow("test.scn:3: CPU 0 is in the middle of it");
});

it("there is one at a time", async () => {
  const line = "meanwhile fork-batch 1 cpu 1 migrate A 0 1";
  await expect(play([...TWO, line, line].join("\n"))).rejects.toThrow(
    'test.scn:4: one "meanwhile" at a time',
  );
});
