// Faults, copies and flushes as a script shows them: each rule by itself, so that a failure names it.

import { describe, expect, it } from "vitest";
import { MACHINES, play } from "../scenario/support.js";

/** minflt of each operation. */
async function faults(text: string, arch = "x86-64", kernel = "7.2"): Promise<(number | null)[]> {
  const { observations, complaints } = await play(text, arch, kernel);
  expect(complaints).toEqual([]);
  return observations.map(({ minflt }) => minflt);
}

async function pages(text: string, arch = "x86-64", kernel = "7.2"): Promise<string[]> {
  const { observations } = await play(text, arch, kernel);
  return observations.flatMap(
    ({ pages: runs = [] }) =>
      runs.map(([count, letters]) => `${count} ${letters}`).join(", ") || [],
  );
}

describe.each(MACHINES)("on %s, Linux %s", (arch, kernel) => {
  it("a first read maps the zero page, a write behind it copies it", async () => {
    const text = "mmap A 2 rw private\nread A 0 1\nread A 0 1\nwrite A 0 1\nwrite A 0 1\n";
    expect(await faults(text, arch, kernel)).toEqual([0, 1, 0, 1, 0]);
  });

  it("fork write-protects both sides; the last owner takes the page back without a copy", async () => {
    const text = "mmap A 1 rw private\nwrite A 0 1\nfork c\nwrite A 0 1\nin c write A 0 1\n";
    const { events } = await play(text, arch, kernel);
    expect(events).toMatchObject({ fault_copy: 1, fault_reuse: 1, page_copy: 1 });
  });

  it("mprotect to none and back keeps the page", async () => {
    const text =
      "mmap A 1 rw private\nwrite A 0 1\nmprotect A 0 1 none\nread A 0 1\nmprotect A 0 1 rw\nread A 0 1\n";
    const { observations } = await play(text, arch, kernel);
    expect(observations[3]).toMatchObject({ segv: [0], minflt: 0 });
    expect(observations[5]).toMatchObject({ data: [[1, 2]], minflt: 0 });
  });

  it("shared memory is one for parent and child", async () => {
    const text = "mmap A 1 rw shared\nfork c\nin c write A 0 1\nread A 0 1\n";
    const { observations, complaints } = await play(text, arch, kernel);
    expect(observations[3]?.data).toEqual([[1, 3]]);
    expect(complaints).toEqual([]);
  });

  it("a read of shared memory maps what is cached in 64 kB around it", async () => {
    const text = "mmap A 32 rw shared\nwrite A 0 32\nfork c\nin c read A 0 32\n";
    const [, , , around] = await faults(text, arch, kernel);
    expect(around).toBe(arch.includes("granule=64") ? 32 : 2);
  });
});

describe("without hardware access flag and dirty state", () => {
  it("a child's first read of each page is a fault, and a clean page's first write", async () => {
    const text = "mmap A 2 rw private\nwrite A 0 2\nfork c\nin c read A 0 2\n";
    expect((await faults(text, "arm64:ha=false:hd=false"))[3]).toBe(2);
    expect((await faults(text, "arm64"))[3]).toBe(0);
  });
});

describe("soft-dirty", () => {
  it("costs one fault a page after clear_refs, and is not there where it is not configured", async () => {
    const text = "mmap A 2 rw private\nwrite A 0 2\nclear_refs\nwrite A 0 1\npagemap A\n";
    expect(await faults(text)).toEqual([0, 2, 0, 1, 0]);
    expect(await pages(text)).toEqual(["1 PDXE, 1 PXE"]);
    expect(await pages(text, "x86-64", "7.2:softDirty=false")).toEqual(["2 PXE"]);
    expect(await pages(text, "arm64")).toEqual(["2 PXE"]);
  });
});

describe("a synchronous userfault", () => {
  it.each([
    ["6.1", { minflt: 0, majflt: 1 }],
    ["6.12", { minflt: 1 }],
  ])("on %s counts %j", async (kernel, want) => {
    const text =
      "mmap A 1 rw private\nwrite A 0 1\nuffd-register A 0 1 wp\nuffd-wp A 0 1 on\nwrite A 0 1\n";
    const { observations } = await play(text, "x86-64", kernel);
    expect(observations[4]).toEqual({ op: "write A 0 1", errno: 0, wpfault: [0], ...want });
  });
});
