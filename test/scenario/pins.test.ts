// get_user_pages: pins for reading and writing, forced writes, and what they keep others from doing.

import { describe, expect, it } from "vitest";
import { MACHINES, play } from "./support.js";

describe.each(MACHINES)("on %s, Linux %s", (arch, kernel) => {
  it("a pin for reading takes a page out of what fork shared, and leaves it read-only", async () => {
    const text =
      "mmap A 2 rw private\nwrite A 0 2\nfork c\npin A 0 1 read\nwrite A 0 1\nin c read A 0 2\nunpin A 0 1 read\nread A 0 2\n";
    const { observations, complaints, events } = await play(text, arch, kernel);
    expect(complaints).toEqual([]);
    // One fault to unshare; then the write finds an exclusive page and takes it.
    expect(observations[3]).toMatchObject({ errno: 0, minflt: 1 });
    expect(observations[4]?.minflt).toBe(1);
    expect(events).toMatchObject({ fault_copy: 1, fault_reuse: 1 });
    expect(observations[5]?.data).toEqual([[2, 2]]);
  });

  it("a page that the last owner pins for reading is taken as it is", async () => {
    const text =
      "mmap A 1 rw private\nwrite A 0 1\nfork c\nexit c\npin A 0 1 read\npin A 0 1 read\n";
    const { observations, complaints, events } = await play(text, arch, kernel);
    expect(complaints).toEqual([]);
    expect(observations[4]?.minflt).toBe(1);
    expect(events).toMatchObject({ fault_copy: 0, gup_slow: 1, gup_fast: 1 });
  });

  it("unpin ends a pin for reading where there is none for writing, and once", async () => {
    const text =
      "mmap A 1 rw private\nwrite A 0 1\npin A 0 1 read\npin A 0 1\nunpin A 0 1\nunpin A 0 1\nunpin A 0 1\nmigrate A 0 1\n";
    const { observations, complaints } = await play(text, arch, kernel);
    expect(complaints).toEqual([]);
    expect(observations.map(({ errno }) => errno)).toEqual([0, 0, 0, 0, 0, 0, "ENXIO", 0]);
  });

  it("a pinned page is copied by fork, and neither merged, moved nor reclaimed", async () => {
    const text =
      "mmap A 2 rw private\nwrite A 0 2\nmadvise A 0 2 mergeable\npin A 0 1 read\nfork c\nksm\nmigrate A 0 1\nreclaim 2\nwrite A 0 1\nin c read A 0 2\nunpin A 0 1 read\nread A 0 2\n";
    const { observations, complaints } = await play(text, arch, kernel);
    expect(complaints).toEqual([]);
    expect(observations[6]?.errno).toBe("EAGAIN");
    // Without hardware that sets it, dirty costs a fault of its own.
    expect(observations[8]?.minflt).toBe(/(ha|svadu)=false/.test(arch) ? 1 : 0);
    expect(observations[9]?.data).toEqual([[2, 2]]);
  });

  it("a forced write goes to a copy, and the mapping stays what it was", async () => {
    const text =
      "mmap A 4 rw private\nwrite A 0 2\nfork c\nmprotect A 0 4 r\nforce-write A 0 3\nread A 0 4\nwrite A 0 4\nin c read A 0 4\nmprotect A 0 4 none\nforce-write A 3 1\nread A 3 1\nmprotect A 0 4 r\nread A 0 4\n";
    const { observations, complaints } = await play(text, arch, kernel);
    expect(complaints).toEqual([]);
    expect(observations[5]?.data).toEqual([
      [3, 5],
      [1, 0],
    ]);
    expect(observations[6]?.segv).toEqual([0, 1, 2, 3]);
    expect(observations[12]?.data).toEqual([
      [3, 5],
      [1, 10],
    ]);
  });
});

describe("a pin for reading", () => {
  it("of the zero page takes a page of its own, from 6.2 on", async () => {
    const text = "mmap A 1 rw private\npin A 0 1 read\npagemap A\nwrite A 0 1\n";
    const { observations } = await play(text);
    expect(observations[1]).toMatchObject({ errno: 0, minflt: 2 });
    expect(observations[2]?.pages).toEqual([[1, "PDXE"]]);
    const old = await play(text, "x86-64", "6.1");
    expect(old.observations[1]).toMatchObject({ errno: 0, minflt: 1 });
    expect(old.observations[2]?.pages).toEqual([[1, "PDZ"]]);
  });

  it("of a KSM page takes a copy", async () => {
    const text =
      "mmap A 2 rw private\nwrite A 0 2\nmadvise A 0 2 mergeable\nksm\npin A 0 1 read\npagemap A\n";
    const { observations, complaints } = await play(text);
    expect(complaints).toEqual([]);
    expect(observations[5]?.pages).toEqual([
      [1, "PDXE"],
      [1, "PDXK"],
    ]);
  });

  it("is refused where nothing may be read", async () => {
    const text =
      "mmap A 1 none private\npin A 0 1 read\nmmap B 1 r private\npin B 0 1\npin B 0 2 read\npin B 0 1 read\n";
    const { observations } = await play(text);
    expect(observations.map(({ errno }) => errno)).toEqual([0, "EFAULT", 0, "EFAULT", "EFAULT", 0]);
  });

  it("keeps uffd-wp and soft-dirty as they are where it copies", async () => {
    const text =
      "mmap A 2 rw private\nwrite A 0 2\nuffd-register A 0 2 wp\nuffd-wp A 0 1 on\nfork c\nclear_refs\npin A 0 2 read\npagemap A\n";
    const { observations, complaints } = await play(text);
    expect(complaints).toEqual([]);
    expect(observations[6]?.wpfault).toBeUndefined();
    expect(observations[7]?.pages).toEqual([
      [1, "PWXE"],
      [1, "PXE"],
    ]);
  });
});

describe("clear_refs", () => {
  it("leaves a pinned writable page soft-dirty, a pinned read-only one not", async () => {
    const text =
      "mmap A 2 rw private\nwrite A 0 2\npin A 0 2\nmprotect A 1 1 r\nclear_refs\npagemap A\n";
    const { observations } = await play(text);
    expect(observations[5]?.pages).toEqual([
      [1, "PDXE"],
      [1, "PXE"],
    ]);
  });
});

it("a forced write to a shared mapping that is read-only is refused", async () => {
  const text =
    "mmap A 1 r shared\nforce-write A 0 1\nmmap B 1 rw shared\nforce-write B 0 1\nread B 0 1\n";
  const { observations, complaints } = await play(text);
  expect(complaints).toEqual([]);
  expect(observations[1]?.errno).toBe("EIO");
  expect(observations[4]?.data).toEqual([[1, 4]]);
});

it("copies of a pinned folio's pages are no contiguous group, though their frames be side by side", async () => {
  // Wherever the copies begin: one of these lies as a group would.
  for (let other = 1; other <= 16; other++) {
    const text = `mmap B ${other} rw private\nwrite B 0 ${other}\nmmap A 16 rw private align=512\nmadvise A 0 16 hugepage\nwrite A 0 1\npin A 0 1 read\nfork c\nin c state A\n`;
    const { observations, complaints } = await play(text, "arm64", "7.2:mthp=64k");
    expect(complaints, text).toEqual([]);
    const states = observations.at(-1)?.state?.map(([, { order, cont }]) => [order, cont]);
    expect(new Set(states?.map(String))).toEqual(new Set(["0,"]));
  }
});
