// Pages in migration: what others see and do meanwhile, and what comes back.

import { describe, expect, it } from "vitest";
import { MACHINES, play } from "./support.js";

/** errno or pages of each operation; the oracle must have nothing to say. */
async function shown(text: string, arch = "x86-64", kernel = "7.2"): Promise<string[]> {
  const { observations, complaints } = await play(text, arch, kernel);
  expect(complaints).toEqual([]);
  return observations.map(({ errno, pages }) =>
    pages === undefined ? String(errno) : pages.map(([n, letters]) => `${n} ${letters}`).join(", "),
  );
}

describe.each(MACHINES)("on %s, Linux %s", (arch, kernel) => {
  it("a page comes back as it was, whoever maps it", async () => {
    const text =
      "mmap A 6 rw private\nmmap S 2 rw shared\nwrite A 0 4\nwrite S 0 2\nclear_refs\nwrite A 0 1\nfork c\nin c write A 2 1\nin c write S 0 1\npagemap A\nmigrate A 0 6\nmigrate S 0 2\npagemap A\nread A 0 6\nin c read A 0 6\nread S 0 2\n";
    const { observations, complaints, events } = await play(text, arch, kernel);
    expect(complaints).toEqual([]);
    expect(events.migrate).toBe(6);
    const [before, after] = [observations[9]?.pages, observations[12]?.pages];
    // Up to 6.1 what was dirty is soft-dirty, too.
    if (kernel !== "6.1") expect(after).toEqual(before);
    expect(observations[13]?.minflt).toBe(2);
  });

  it("who touches a page on its way waits for it, at the price of a fault", async () => {
    const text = "mmap A 2 rw private\nwrite A 0 2\nmigrate A 0 2 hold\nread A 0 1\nwrite A 0 2\n";
    const { observations, complaints } = await play(text, arch, kernel);
    expect(complaints).toEqual([]);
    expect(observations[3]).toMatchObject({ minflt: 1, data: [[1, 2]] });
    expect(observations[4]).toMatchObject({ minflt: 1 });
  });
});

describe("a migration entry", () => {
  it("of a writable page is weakened by mprotect, and stays exclusive", async () => {
    const text =
      "mmap A 1 rw private\nwrite A 0 1\nmigrate A 0 1 hold\npagemap A\nmprotect A 0 1 r\nmigrate-end A 0 1\npagemap A\nmprotect A 0 1 rw\nwrite A 0 1\n";
    const { observations } = await play(text);
    expect(observations[3]?.pages).toEqual([[1, "SD"]]);
    expect(observations[6]?.pages).toEqual([[1, "PDXE"]]);
    expect(observations[8]?.minflt).toBe(0);
  });

  it("is exclusive to nobody after fork", async () => {
    const lines = await shown(
      "mmap A 1 rw private\nwrite A 0 1\nmigrate A 0 1 hold\nfork c\nmigrate-end A 0 1\npagemap A\nin c pagemap A\nexit c\nwrite A 0 1\npagemap A\n",
    );
    expect(lines.slice(5, 7)).toEqual(["1 PD", "1 PD"]);
    expect(lines[9]).toBe("1 PDXE");
  });

  it("keeps soft-dirty and uffd-wp, and loses them by clear_refs and uffd-wp", async () => {
    const lines = await shown(
      "mmap A 3 rw private\nwrite A 0 3\nuffd-register A 0 3 wp\nuffd-wp A 0 2 on\nmigrate A 0 3 hold\npagemap A\nuffd-wp A 1 2 on\nuffd-wp A 1 1 off\nclear_refs\nmigrate-end A 0 3\npagemap A\n",
    );
    expect(lines[5]).toBe("2 SDW, 1 SD");
    expect(lines[10]).toBe("1 PWXE, 1 PXE, 1 PWXE");
  });

  it("moves with its mapping, and goes with it", async () => {
    const lines = await shown(
      "mmap A 4 rw private\nwrite A 0 4\nmigrate A 0 4 hold\nmremap A 4 B\nmunmap B 0 1\nmadvise B 1 1 dontneed\nmigrate-end B 0 4\npagemap B\n",
    );
    expect(lines[7]).toBe("1 -, 1 D, 2 PDXE");
  });

  it("of a huge page stands in the upper table, until it is split", async () => {
    const huge = "mmap A 512 rw private align=512\nmadvise A 0 512 hugepage\nwrite A 0 1\n";
    const lines = await shown(
      `${huge}migrate A 0 1 hold\npagemap A\nmigrate-end A 0 1\npagemap A\nmigrate A 0 1 hold\nmprotect A 0 8 r\npagemap A\nread A 0 1\npagemap A\n`,
    );
    expect(lines[4]).toBe("512 SDH");
    expect(lines[6]).toBe("512 PDXHEL");
    expect(lines[9]).toBe("512 SD");
    expect(lines[11]).toBe("512 PDXL");
  });
});

describe("a page that", () => {
  it("is pinned does not move; its neighbours do", async () => {
    const text =
      "mmap A 3 rw private\nwrite A 0 3\npin A 1 1\nmigrate A 0 3\nmigrate A 1 1\nunpin A 1 1\nmigrate A 1 1\n";
    const { observations, complaints, events } = await play(text);
    expect(complaints).toEqual([]);
    expect(observations.slice(3).map(({ errno }) => errno)).toEqual(["EAGAIN", "EAGAIN", 0, 0]);
    expect(events.migrate).toBe(3);
  });

  it("is on its way cannot be reclaimed, and swap waits for it", async () => {
    const lines = await shown(
      "mmap A 1 rw private\nwrite A 0 1\nmigrate A 0 1 hold\nreclaim 1\nmadvise A 0 1 pageout\npagemap A\nmigrate-end A 0 1\nreclaim 1\npagemap A\nread A 0 1\n",
    );
    expect(lines[3]).toBe("EAGAIN");
    expect(lines[5]).toBe("1 SD");
    expect(lines[7]).toBe("0");
  });
});
