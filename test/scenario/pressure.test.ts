// Memory under pressure: reclaim, swapoff, and what happens when all of it is gone.

import { describe, expect, it } from "vitest";
import { MACHINES, play } from "./support.js";

/** What `pagemap` and errno of each operation show; the oracle must have nothing to say. */
async function shown(text: string, arch = "x86-64", kernel = "7.2"): Promise<string[]> {
  const { observations, complaints } = await play(text, arch, kernel);
  expect(complaints).toEqual([]);
  return observations.map(({ errno, pages }) =>
    pages === undefined ? String(errno) : pages.map(([n, letters]) => `${n} ${letters}`).join(", "),
  );
}

describe.each(MACHINES)("on %s, Linux %s", (arch, kernel) => {
  it("reclaim takes what nobody touched, from every process, and all of it comes back", async () => {
    const text =
      "mmap A 8 rw private\nmmap S 4 rw shared\nwrite A 0 8\nwrite S 0 4\nfork c\nin c write A 0 4\nreclaim 16\nread A 0 8\nin c read A 0 8\nread S 0 4\nin c read S 0 4\n";
    const { observations, complaints } = await play(text, arch, kernel);
    expect(complaints).toEqual([]);
    expect(observations[6]?.errno).toBe(0);
    expect(observations[7]).toMatchObject({ majflt: 8, data: [[8, 3]] });
    expect(observations[9]).toMatchObject({ majflt: 4 });
  });

  it("pages that KSM merged go out and come back, each place with a page of its own", async () => {
    const text =
      "mmap A 6 rw private\nwrite A 0 6\nmadvise A 0 6 mergeable\nksm\nfork c\nreclaim 1\nread A 0 6\nin c read A 0 6\nwrite A 0 3\nreclaim 9\nswapoff\nread A 0 6\nin c read A 0 6\n";
    const { observations, complaints } = await play(text, arch, kernel);
    expect(complaints).toEqual([]);
    expect(observations[11]?.data).toEqual([
      [3, 9],
      [3, 2],
    ]);
    expect(observations[12]?.data).toEqual([[6, 2]]);
  });

  it("what was freed lazily is dropped, unless it was written since", async () => {
    const text =
      "mmap A 4 rw private\nwrite A 0 4\nmadvise A 0 4 free\nwrite A 1 1\nreclaim 4\nread A 0 4\n";
    const { observations, complaints } = await play(text, arch, kernel);
    expect(complaints).toEqual([]);
    expect(observations[5]?.data).toEqual([
      [1, 0],
      [1, 4],
      [2, 0],
    ]);
  });
});

it.each([
  ["6.8", 1],
  ["7.2", 0],
])(
  "a huge page that was freed lazily is dropped whole, in Linux %s after %d split",
  async (version, splits) => {
    const text =
      "mmap Z 1024 rw private align=512\nmadvise Z 0 1024 hugepage\nwrite Z 0 1\nmadvise Z 0 1024 free\nreclaim 4\nread Z 0 1024\n";
    const { observations, complaints, events } = await play(text, "x86-64", version);
    expect(complaints).toEqual([]);
    expect(observations[5]?.data).toEqual([[1024, 0]]);
    expect(events.split_mapping).toBe(splits);
  },
);

describe("swapoff", () => {
  it("brings pages back read-only, exclusive where they were, soft-dirty and write-protected as they were", async () => {
    const text =
      "mmap A 4 rw private\nwrite A 0 4\nclear_refs\nwrite A 0 1\nuffd-register A 0 4 wp\nuffd-wp A 1 1 on\nmadvise A 0 4 pageout\npagemap A\nswapoff\npagemap A\nwrite A 0 4\n";
    const lines = await shown(text);
    expect(lines[7]).toBe("1 SD, 1 SW, 2 S");
    expect(lines[9]).toBe("1 PDXE, 1 PWXE, 2 PXE");
  });

  it("leaves a shared page to nobody alone", async () => {
    const text =
      "mmap A 2 rw private\nwrite A 0 2\nfork c\nreclaim 2\nswapoff\npagemap A\nexit c\npagemap A\n";
    const lines = await shown(text);
    expect(lines.slice(5)).toEqual(["2 PD", "0", "2 PDX"]);
  });

  it("happens once, and pages stay where they are until it is on again", async () => {
    const text =
      "mmap A 2 rw private\nwrite A 0 2\nswapoff\nswapoff\nreclaim 1\nswapon\nswapon\nreclaim 1\n";
    const lines = await shown(text);
    expect(lines.slice(2)).toEqual(["0", "EINVAL", "EAGAIN", "0", "EBUSY", "0"]);
  });

  it("without memory leaves everything in swap, and says ENOMEM", async () => {
    const text =
      "mmap A 4 rw private\nwrite A 0 4\nreclaim 4\noom-after 2\nswapoff\nreclaim 4\nread A 0 4\n";
    const lines = await shown(text);
    expect(lines[4]).toBe("ENOMEM");
  });
});

describe("a machine of 1 MiB", () => {
  const GREEDY =
    "mmap A 50 rw private\nwrite A 0 50\nfork c\nin c mmap B 600 rw private\nin c write B 0 600\nread A 0 50\nin c read B 0 1\nexit c\nread A 0 50\n";

  it("without swap kills who has most, and the others go on", async () => {
    const { observations, complaints } = await play(GREEDY, "x86-64", "7.2:memory=1m:swap=false");
    expect(complaints).toEqual([]);
    expect(observations[4]?.killed).toEqual(["c"]);
    expect(observations[5]?.data).toEqual([[50, 2]]);
    expect(observations.slice(6).map(({ errno }) => errno)).toEqual(["ESRCH", 0, 0]);
  });

  it("with swap lives until that is full, too", async () => {
    const { observations, complaints } = await play(
      GREEDY.replaceAll("600", "220"),
      "x86-64",
      "7.2:memory=1m",
    );
    expect(complaints).toEqual([]);
    expect(observations.flatMap(({ killed }) => killed ?? [])).toEqual([]);
    expect(observations[5]).toMatchObject({ data: [[50, 2]] });
    expect(observations[5]?.majflt).toBeGreaterThan(0);
  });

  it("kills the one that asks where that has most: the call is its last", async () => {
    const text =
      "mmap A 600 rw private\nfork c\nin c mmap B 4 rw private\nin c write B 0 4\nmadvise A 0 600 populate_write\nwrite A 0 1\nin c read B 0 4\n";
    const { observations, complaints } = await play(text, "arm64", "7.2:memory=1m:swap=false");
    expect(complaints).toEqual([]);
    expect(observations[4]).toMatchObject({ errno: "ENOMEM", killed: ["P"] });
    expect(observations[5]?.errno).toBe("ESRCH");
    expect(observations[6]?.data).toEqual([[4, 4]]);
  });

  it("ends where a fork cannot have what it must copy, however often its child makes room by failing", async () => {
    const text = "mmap A 1500 rw private\nwrite A 0 1500\npin A 0 1500\nfork c\n";
    const { observations, complaints } = await play(text, "x86-64", "7.2:memory=10m");
    expect(complaints).toEqual([]);
    expect(observations[3]).toMatchObject({ errno: "ENOMEM", killed: ["P"] });
  });
});
