// Who waits for whom: faults and calls of two threads, by the clocks of their CPUs.

import { describe, expect, it } from "vitest";
import { play } from "../scenario/support.js";

/** A, B and the second thread are there; both CPUs have worked equally long, to within a fault. */
const START =
  "thread t\nmmap A 2048 rw private\nmmap B 512 rw private\nwrite A 0 512\non t write B 0 512\n";

async function waited(script: string, kernel = "7.2"): Promise<Record<string, number>> {
  const { locks, complaints } = await play(`${START}${script}`, "x86-64", kernel);
  expect(complaints).toEqual([]);
  const of = (name: string): number => locks.get(name)?.waited ?? 0;
  return { mmap: of("mmap_lock"), vma: of("vma_lock"), tables: of("page_table_lock") };
}

describe("while one thread changes the rights of a VMA", () => {
  const CHANGE = "mprotect A 0 2048 r\nmprotect A 0 2048 rw\n";

  it("a fault of another in it waits for the mmap_lock", async () => {
    const { mmap = 0 } = await waited(`${CHANGE}on t write A 1600 1\n`);
    expect(mmap).toBeGreaterThan(0);
  });

  it("a fault in another VMA goes on, under that one's lock; up to 6.3 there is none", async () => {
    const script = `mmap C 8 rw private\nwrite C 0 8\n${CHANGE}on t write B 0 1\non t madvise B 0 1 dontneed\n`;
    const before = await waited(`${CHANGE}`);
    const fault = `mmap C 8 rw private\n${CHANGE}on t write C 0 1\n`;
    expect(await waited(fault)).toEqual(before);
    expect((await waited(fault, "6.1")).mmap).toBeGreaterThan(0);
    // A call of the other thread takes the mmap_lock, and waits.
    expect((await waited(script)).mmap).toBeGreaterThan(0);
  });
});

it("a writer waits until a fault of another thread has left the VMA", async () => {
  // The first thread stays behind: its call meets the last fault of the other one.
  const { locks } = await play(
    "thread t\nmmap A 512 rw private\non t write A 0 512\nmprotect A 0 512 r\n",
    "x86-64",
    "7.2",
  );
  expect(locks.get("vma_lock")?.waited).toBeGreaterThan(0);
});

it("a fault waits for the table that another thread's call works on", async () => {
  const protects = "uffd-register B 0 512 wp-async\nuffd-wp B 0 512 on\nuffd-wp B 0 512 on\n";
  const { tables = 0 } = await waited(`${protects}on t write B 0 1\n`);
  expect(tables).toBeGreaterThan(0);
});

it("a fault beside clear_refs waits until the VMA is let go: the walk has it for writing", async () => {
  const { vma = 0, mmap = 0, tables } = await waited("clear_refs\nclear_refs\non t write A 0 1\n");
  expect(vma + mmap).toBeGreaterThan(0);
  expect(tables).toBe(0);
});

it("with one CPU nobody waits, and the longest hold is no more than all of them", async () => {
  const { locks } = await play(
    "mmap A 512 rw private\nwrite A 0 512\nmprotect A 0 512 r\nfork c\nin c write A 0 8\n",
  );
  expect([...locks.keys()].toSorted()).toEqual(["mmap_lock", "page_table_lock", "vma_lock"]);
  for (const { held, longest, taken, waited: nobody } of locks.values()) {
    expect(nobody).toBe(0);
    expect(taken).toBeGreaterThan(0);
    expect(longest).toBeGreaterThan(0);
    expect(longest).toBeLessThanOrEqual(held);
  }
});
