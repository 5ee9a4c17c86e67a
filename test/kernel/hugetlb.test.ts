// Huge pages of a pool: each rule of mm/hugetlb.c by itself, with what it says that a script shows.

import { describe, expect, it } from "vitest";
import { Counter } from "../../assembly/abi/counters.js";
import type { Observation } from "../../src/stats/observation.js";
import { play } from "../scenario/support.js";

/** What each operation shows; the oracle has nothing to complain of. */
async function show(text: string, arch = "x86-64", kernel = "7.2"): Promise<Observation[]> {
  const { observations, complaints } = await play(text, arch, kernel);
  expect(complaints, text).toEqual([]);
  return [...observations];
}

/** Letters of pagemap, run by run. */
function letters({ pages = [] }: Observation): string {
  return pages.map(([count, flags]) => `${count} ${flags}`).join(", ");
}

const errnos = (shown: readonly Observation[]): (string | 0)[] => shown.map(({ errno }) => errno);

const KERNELS = ["6.1", "6.12", "7.2"] as const;
/** Architecture, size in words, base pages of it. */
const SIZES = [
  ["x86-64", "2m", 512],
  ["x86-64", "1g", 262144],
  ["arm64", "2m", 512],
  // Contiguous groups: 16 entries of the last level, and of the one above.
  ["arm64", "64k", 16],
  ["arm64", "32m", 8192],
  ["arm64:granule=16", "2m", 128],
  ["arm64:granule=16", "32m", 2048],
  ["arm64:granule=64", "512m", 8192],
] as const;

describe.each(SIZES)("pages on %s of %s", (arch, size, pages) => {
  const map = `mmap A ${pages} rw private huge=${size}\n`;

  it("are taken by a read, too, read-only; the first write makes them writable in place", async () => {
    // hugetlb_no_page; hugetlb_wp: mapcount is 1.
    const text = `${map}read A 3 1\nread A 4 1\nwrite A 3 1\nwrite A 5 1\nread A 3 3\npagemap A\n`;
    const { observations, events, complaints } = await play(text, arch);
    expect(complaints).toEqual([]);
    expect(observations.map(({ minflt }) => minflt)).toEqual([0, 1, 0, 1, 0, 0, 0]);
    expect(observations[5]?.data).toEqual([
      [1, 4],
      [1, 0],
      [1, 5],
    ]);
    expect(letters(observations[6] as Observation)).toMatch(new RegExp(`^${pages} PD?XHEL$`));
    expect(events).toMatchObject({ hugetlb_touch: 1, hugetlb_reuse: 1, hugetlb_copy: 0 });
  });

  it("take one fault for a first write", async () => {
    const shown = await show(`${map}write A 0 3\n`, arch);
    expect(shown[1]?.minflt).toBe(1);
  });

  it("are mapped whole, however little was asked for", async () => {
    const [mmap, vmas] = await show(`mmap A 1 rw private huge=${size}\nvmas A\n`, arch);
    expect(mmap?.errno).toBe(0);
    expect(vmas?.vmas?.[0]?.slice(0, 2)).toEqual([0, pages]);
    expect(vmas?.vmas?.[0]?.[3]).toContain("ht");
  });

  it("are cut nowhere inside", async () => {
    // hugetlb_vm_op_split; hugetlb_vma_check: every call that would have to.
    const text = `${map}write A 0 1
munmap A 0 1
munmap A 1 ${pages - 1}
mprotect A 1 2 r
madvise A 1 1 dontfork
mprotect A 0 ${pages} rw
madvise A 0 1 dontneed
madvise A 1 ${pages - 1} dontneed
uffd-register A 0 1 wp
uffd-register A 1 ${pages - 1} wp
read A 0 1
`;
    const shown = await show(text, arch);
    const refused = "EINVAL";
    const want = [0, 0, refused, refused, refused, refused, 0, 0, refused, refused, refused, 0];
    expect(errnos(shown)).toEqual(want);
    expect(shown.at(-1)?.data).toEqual([[1, 2]]);
  });
});

it("a size that the tables have no leaf for does not exist", async () => {
  const shown = await show("mmap A 512 rw private huge=4m\nhugepages 4m 2\n");
  expect(errnos(shown)).toEqual(["EINVAL", "ENOENT"]);
  expect(errnos(await show("mmap A 512 rw private huge=64k\n", "arm64:granule=16"))).toEqual([
    "EINVAL",
  ]);
});

describe.each(KERNELS)("on Linux %s", (kernel) => {
  it("a mapping is promised its pages, or not made (hugetlb_acct_memory)", async () => {
    const text = `hugepages 2m 3
mmap A 1024 rw private huge=2m
mmap B 1024 rw private huge=2m
munmap A 512 512
mmap C 1024 rw private huge=2m
`;
    expect(errnos(await show(text, "x86-64", kernel))).toEqual([0, 0, "ENOMEM", 0, 0]);
  });

  it("fork shares them read-only; each side copies until one is left alone with its page", async () => {
    const text = `mmap A 512 rw private huge=2m
write A 0 2
fork c
write A 0 1
in c read A 0 2
in c write A 1 1
read A 0 2
in c pagemap A
`;
    const { observations, events } = await play(text, "x86-64", kernel);
    expect(observations.map(({ minflt }) => minflt)).toEqual([0, 1, 0, 1, 0, 1, 0, 0]);
    expect(events).toMatchObject({ hugetlb_copy: 1, hugetlb_reuse: 2, page_copy: 512 });
    expect(observations[4]?.data).toEqual([[2, 2]]);
    expect(observations[6]?.data).toEqual([
      [1, 4],
      [1, 2],
    ]);
    expect(letters(observations[7] as Observation)).toBe("512 PDXHEL");
  });

  it("whoever was promised a page gets it, and the child loses it (unmap_ref_private)", async () => {
    const text = `hugepages 2m 1
mmap A 512 rw private huge=2m
write A 0 1
fork c
in c write A 0 1
write A 0 1
in c read A 0 1
in c pagemap A
read A 0 1
`;
    const shown = await show(text, "x86-64", kernel);
    // The child has no promise, and nothing is left over: SIGBUS, and no fault that counts.
    expect(shown[4]).toMatchObject({ segv: [0], minflt: 0 });
    expect(shown[5]).toMatchObject({ minflt: 1 });
    expect(shown[6]).toMatchObject({ segv: [0] });
    expect(letters(shown[7] as Observation)).toBe("512 D");
    expect(shown[8]?.data).toEqual([[1, 6]]);
  });

  it("a pinned page is copied for the child at once; without a page the fork fails", async () => {
    const text = `hugepages 2m 2
mmap A 512 rw private huge=2m
write A 0 1
pin A 0 1
fork c
in c write A 0 1
write A 0 1
fork d
pagemap A
`;
    const shown = await show(text, "x86-64", kernel);
    expect(shown[5]).toMatchObject({ minflt: 0 });
    expect(shown[6]).toMatchObject({ minflt: 0 });
    expect(errnos(shown)[7]).toBe("ENOMEM");
    expect(letters(shown[8] as Observation)).toBe("512 PDXHEL");
  });

  it("the only mapping takes a pinned page, whatever its references (hugetlb_wp)", async () => {
    const text =
      "mmap A 512 rw private huge=2m\nwrite A 0 1\npin A 0 4\nmprotect A 0 512 r\nmprotect A 0 512 rw\nwrite A 1 1\n";
    const { events, complaints } = await play(text, "x86-64", kernel);
    expect(complaints).toEqual([]);
    expect(events).toMatchObject({ hugetlb_reuse: 2, hugetlb_copy: 0 });
  });

  it("mprotect upgrades nothing: the next write does (hugetlb_change_protection)", async () => {
    const text = `mmap A 512 rw private huge=2m
write A 0 1
mprotect A 0 512 none
read A 0 1
mprotect A 0 512 rw
read A 0 1
write A 0 1
`;
    const shown = await show(text, "x86-64", kernel);
    expect(shown[3]).toMatchObject({ segv: [0], minflt: 0 });
    expect(shown.slice(5).map(({ minflt }) => minflt)).toEqual([0, 1]);
  });

  it("clear_refs takes soft-dirty off the mapping, and leaves the entries alone", async () => {
    const text =
      "mmap A 512 rw private huge=2m\nwrite A 0 1\nclear_refs\npagemap A\nwrite A 0 1\npagemap A\n";
    const shown = await show(text, "x86-64", kernel);
    expect(letters(shown[3] as Observation)).toBe("512 PXHEL");
    expect(shown[4]?.minflt).toBe(0);
    expect(letters(shown[5] as Observation)).toBe("512 PXHEL");
  });

  it("mremap moves whole pages, to their own borders, and keeps their promises", async () => {
    const text = `hugepages 2m 2
mmap A 1024 rw private huge=2m
write A 0 1
mremap A 1024 B
mremap A 1024 C align=512 dontunmap
mremap A 1024 D align=512
write D 512 1
read D 0 1
resize D 1024 1536
resize D 1024 100
vmas D
`;
    const shown = await show(text, "x86-64", kernel);
    const refused = "EINVAL";
    expect(errnos(shown)).toEqual([0, 0, 0, refused, refused, 0, 0, 0, refused, 0, 0]);
    expect(shown[7]?.data).toEqual([[1, 3]]);
    expect(shown[10]?.vmas?.map((vma) => vma.slice(0, 2))).toEqual([[0, 512]]);
  });

  it("advice is refused, ignored or done as for a file without pages of its own", async () => {
    const advice = {
      dontneed: 0,
      free: "EINVAL",
      pageout: "EINVAL",
      collapse: "EINVAL",
      wipeonfork: "EINVAL",
      guard_install: "EINVAL",
      guard_remove: "EINVAL",
      mergeable: 0,
      unmergeable: 0,
      willneed: 0,
      hugepage: 0,
      nohugepage: 0,
      dontfork: 0,
      dofork: 0,
      populate_read: 0,
      populate_write: 0,
    };
    const lines = Object.keys(advice).map((each) => `madvise A 0 512 ${each}`);
    const text = `mmap A 512 rw private huge=2m\n${lines.join("\n")}\n`;
    expect(errnos(await show(text, "x86-64", kernel)).slice(1)).toEqual(Object.values(advice));
  });

  it("populate_write of an empty pool ends with EFAULT", async () => {
    const text =
      "hugepages 2m 1\nmmap A 512 rw private huge=2m\nfork c\nwrite A 0 1\nin c madvise A 0 512 populate_write\n";
    expect(errnos(await show(text, "x86-64", kernel))[4]).toBe("EFAULT");
  });
});

describe("userfaultfd write-protection", () => {
  const start = "mmap A 1024 rw private huge=2m\nwrite A 0 1\nuffd-register A 0 1024";

  it("puts markers where nothing is, which pagemap shows without a page; fork leaves them behind", async () => {
    const text = `${start} wp\nuffd-wp A 0 1024 on\npagemap A\nfork c\nin c pagemap A\nmadvise A 0 512 dontneed\npagemap A\n`;
    const shown = await show(text);
    expect(letters(shown[4] as Observation)).toBe("512 PDWXHEL, 512 DW");
    expect(letters(shown[6] as Observation)).toBe("512 PDHL, 512 D");
    // Protection outlives the page (__unmap_hugepage_range).
    expect(letters(shown[8] as Observation)).toBe("1024 DW");
  });

  it("sends a message for the whole page, and a write to a marker faults twice", async () => {
    const text = `${start} wp\nuffd-wp A 0 1024 on\nwrite A 3 1\nwrite A 515 1\nwrite A 600 1\n`;
    const shown = await show(text);
    expect(shown.slice(4).map(({ minflt, wpfault }) => [minflt, wpfault])).toEqual([
      [1, [0]],
      [2, [512]],
      [0, undefined],
    ]);
  });

  it("counts a retried fault as major before 6.10: such mappings had no lock of their own", async () => {
    const text = `${start} wp\nuffd-wp A 0 512 on\nwrite A 3 1\n`;
    expect((await show(text, "x86-64", "6.8"))[4]).toMatchObject({ minflt: 0, majflt: 1 });
    expect((await show(text, "x86-64", "6.12"))[4]).toMatchObject({ minflt: 1 });
  });

  it("is taken off by the kernel in async mode", async () => {
    const text = `${start} wp-async\nuffd-wp A 0 1024 on\nwrite A 3 1\nwrite A 515 1\npagemap A\n`;
    const shown = await show(text);
    expect(shown.slice(4, 6).map(({ minflt }) => minflt)).toEqual([1, 2]);
    expect(letters(shown[6] as Observation)).toBe("1024 PDXHEL");
  });

  it("that outlived its registration does not keep a write from going on", async () => {
    const text = `${start} wp\nuffd-wp A 0 512 on\nmremap A 512 B align=512\nwrite B 0 1\nread B 0 1\n`;
    for (const kernel of ["6.1", "7.2"]) {
      expect((await show(text, "x86-64", kernel))[6]?.data).toEqual([[1, 6]]);
    }
  });

  it("takes whole pages only", async () => {
    const text = `${start} wp\nuffd-wp A 0 1 on\nuffd-wp A 512 512 on\nuffd-unregister A 1 5\nuffd-unregister A 0 1024\npagemap A\n`;
    const shown = await show(text);
    expect(errnos(shown).slice(3)).toEqual(["EINVAL", 0, "EINVAL", 0, 0]);
    expect(letters(shown[7] as Observation)).toBe("512 PDXHEL, 512 D");
  });

  it.each([
    ["x86-64", "2m", 512],
    ["x86-64", "1g", 262144],
  ])("PAGEMAP_SCAN finds and protects on %s pages of %s as a whole", async (arch, size, pages) => {
    const text = `mmap A ${pages} rw private huge=${size}
write A 0 1
uffd-register A 0 ${pages} wp-async
scan A 0 ${pages} written
scan A 0 5 written wp
scan A 0 ${pages} written wp
scan A 0 ${pages} written
write A 7 1
scan A 2 5 written
`;
    const shown = await show(text, arch);
    const all = [[0, pages]];
    const ranges = shown.map(({ ranges: found }) => found).slice(3);
    // A part of a page is told of, but cannot be protected, and then is not.
    expect(ranges).toEqual([all, [], all, [], undefined, [[2, 7]]]);
  });
});

it("what MADV_DONTNEED took is promised again from 6.9 on", async () => {
  const text = `hugepages 2m 1
mmap A 512 rw private huge=2m
write A 0 1
madvise A 0 512 dontneed
mmap B 512 rw private huge=2m
`;
  expect(errnos(await show(text, "x86-64", "7.2"))[4]).toBe("ENOMEM");
  expect(errnos(await show(text, "x86-64", "6.8"))[4]).toBe(0);
});

it("mmap over a part of a huge page is refused: ENOMEM before 6.12, EINVAL since", async () => {
  const text = "mmap A 512 rw private huge=2m\nmmap-at B A+8 8 rw private\n";
  expect(errnos(await show(text, "x86-64", "6.1"))).toEqual([0, "ENOMEM"]);
  expect(errnos(await show(text, "x86-64", "6.12"))).toEqual([0, "EINVAL"]);
});

it("contiguous groups carry the hint on all entries, and one TLB entry serves them", async () => {
  const text = "mmap A 16 rw private huge=64k\nwrite A 0 16\nread A 0 16\n";
  const { narrations, counters } = await play(text, "arm64", "7.2", { explain: true });
  const mapped = (narrations?.[1]?.steps ?? []).filter(({ rule }) => rule === "hugetlb_reuse");
  expect(mapped.at(-1)?.last).toBe(15);
  for (const { after } of mapped) expect(after).toBe("page write dirty young contiguous");
  const plain = await play("mmap A 16 rw private\nwrite A 0 16\nread A 0 16\n", "arm64");
  const walks = (words: BigUint64Array): number => Number(words[Counter.Walks] ?? 0n);
  expect(walks(plain.counters) - walks(counters)).toBeGreaterThan(14);
});

it("KSM and collapse pass them by", async () => {
  const text = `mmap A 512 rw private huge=2m
write A 0 1
madvise A 0 512 mergeable
ksm
pagemap A
`;
  expect(letters((await show(text))[4] as Observation)).toBe("512 PDXHEL");
});

it("reclaim passes them by, however old they are", async () => {
  const text = `mmap A 1024 rw private huge=2m
write A 0 1024
reclaim 512
reclaim 512
fork c
in c read A 0 1024
pagemap A
`;
  const shown = await show(text);
  expect(errnos(shown)).toEqual([0, 0, "EAGAIN", "EAGAIN", 0, 0, 0]);
  expect(letters(shown[6] as Observation)).toBe("1024 PDHL");
});
