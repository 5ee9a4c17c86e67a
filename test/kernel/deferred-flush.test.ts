// Reclaim puts flushes off: who is told how often, and that nobody uses what is gone.

import { describe, expect, it } from "vitest";
import { play } from "../scenario/support.js";

/** 64 pages, written, that two CPUs may have in their TLBs; then they go to swap. */
const DIRTY =
  "mmap A 64 rw private\nwrite A 0 64\nthread t\non t read A 0 64\nmadvise A 0 64 pageout\n";
/** They come back, and nobody writes to them: their entries stay clean. */
const CLEAN = `${DIRTY}read A 0 64\non t read A 0 64\n`;
const AGAIN = "madvise A 0 64 pageout\n";

type Flushes = Readonly<Record<string, number>>;

async function flushes(text: string, arch: string, kernel: string): Promise<Flushes> {
  const { events, complaints } = await play(text, arch, kernel);
  expect(complaints, text).toEqual([]);
  const told: Record<string, number> = {};
  for (const [name, count] of Object.entries(events)) {
    if (/^(tlb_flush_(?!late)|shootdown|ipi|swap_out)/.test(name)) told[name] = count;
  }
  return told;
}

/** What the second part of a script adds; events that do not happen are left out. */
async function added(
  before: string,
  after: string,
  arch: string,
  kernel = "7.2",
): Promise<Flushes> {
  const [first, both] = [
    await flushes(before, arch, kernel),
    await flushes(before + after, arch, kernel),
  ];
  const more = Object.entries(both).map(([name, n]) => [name, n - (first[name] ?? 0)] as const);
  return Object.fromEntries(more.filter(([, n]) => n !== 0));
}

describe("reclaim of pages whose entries are clean", () => {
  it("tells another CPU once for each 31 folios, which are freed together", async () => {
    expect(await added(CLEAN, AGAIN, "x86-64")).toEqual({
      tlb_flush_mm: 6,
      shootdown: 3,
      ipi: 3,
      swap_out: 64,
    });
  });

  it("tells it once for a whole list before 6.9", async () => {
    expect(await added(CLEAN, AGAIN, "x86-64", "6.8")).toEqual({
      tlb_flush_mm: 2,
      shootdown: 1,
      ipi: 1,
      swap_out: 64,
    });
  });

  it("puts nothing off where no other CPU can have them", async () => {
    const alone = CLEAN.replace(/thread t\n|on t .*\n/g, "");
    expect(await added(alone, AGAIN, "x86-64")).toEqual({ tlb_flush_page: 64, swap_out: 64 });
  });

  it("has an instruction a page, and one wait, where they reach every CPU", async () => {
    expect(await added(CLEAN, AGAIN, "arm64")).toEqual({
      tlb_flush_issued: 64,
      tlb_flush_waited: 3,
      swap_out: 64,
    });
    expect(await added(CLEAN, AGAIN, "arm64", "6.8")).toEqual({
      tlb_flush_issued: 64,
      tlb_flush_waited: 1,
      swap_out: 64,
    });
  });

  it("flushes page by page on kernels that do not know of it", async () => {
    expect(await added(CLEAN, AGAIN, "riscv64", "6.8")).toEqual({
      tlb_flush_page: 128,
      shootdown: 64,
      ipi: 64,
      swap_out: 64,
    });
    expect(await added(CLEAN, AGAIN, "riscv64", "6.12")).toEqual({
      tlb_flush_mm: 6,
      shootdown: 3,
      ipi: 3,
      swap_out: 64,
    });
  });
});

describe("reclaim of dirty pages", () => {
  const [before] = DIRTY.split("madvise");
  it("flushes before each is written, so that nobody writes to it any more", async () => {
    expect(await added(before ?? "", AGAIN, "x86-64")).toEqual({
      tlb_flush_mm: 128,
      shootdown: 64,
      ipi: 64,
      swap_out: 64,
    });
    expect(await added(before ?? "", AGAIN, "arm64")).toEqual({
      tlb_flush_issued: 64,
      tlb_flush_waited: 64,
      swap_out: 64,
    });
  });
});

it("a page that MADV_FREE gave up is flushed with others", async () => {
  const freed =
    "mmap A 64 rw private\nwrite A 0 64\nthread t\non t read A 0 64\nmadvise A 0 64 free\n";
  expect(await added(freed, AGAIN, "x86-64")).toEqual({ tlb_flush_mm: 6, shootdown: 3, ipi: 3 });
});
