// Clocks and locks: work is a sum, elapsed the latest clock, waiting moves a clock and is no work.

import { describe, expect, it } from "vitest";
import { Clocks, newLock } from "../../src/kernel/time.js";

describe("clocks", () => {
  it("add work to the running CPU", () => {
    const clocks = new Clocks(2);
    clocks.spend(10);
    clocks.current = 1;
    clocks.spend(4);
    expect([clocks.now, clocks.elapsed, clocks.work]).toEqual([4, 10, 14]);
  });

  it("wait for what comes later, and not for what was", () => {
    const clocks = new Clocks(1);
    clocks.spend(10);
    expect([clocks.until(15), clocks.now, clocks.work]).toEqual([5, 15, 10]);
    expect([clocks.until(3), clocks.now]).toEqual([0, 15]);
  });
});

describe("a lock", () => {
  it("makes the second CPU wait until the first lets it go, and tells how long", () => {
    const clocks = new Clocks(2);
    const lock = newLock("mmap_lock");
    const since = clocks.acquire(lock, "write");
    clocks.spend(100);
    clocks.release(lock, "write", since);
    clocks.current = 1;
    clocks.spend(30);
    const later = clocks.acquire(lock, "write");
    clocks.spend(7);
    clocks.release(lock, "write", later);
    expect(lock).toMatchObject({
      name: "mmap_lock",
      writtenUntil: 107,
      readUntil: 0,
      held: 107,
      longest: 100,
      waited: 70,
    });
    expect([clocks.elapsed, clocks.work]).toEqual([107, 137]);
  });

  it("is shared by readers, and keeps a writer out until the last of them has left", () => {
    const clocks = new Clocks(3);
    const lock = newLock("mmap_lock");
    for (const [cpu, work] of [
      [0, 50],
      [1, 80],
    ] as const) {
      clocks.current = cpu;
      const since = clocks.acquire(lock, "read");
      clocks.spend(work);
      clocks.release(lock, "read", since);
    }
    expect(lock.waited).toBe(0);
    clocks.current = 2;
    expect(clocks.acquire(lock, "write")).toBe(80);
    expect(lock.waited).toBe(80);
  });
});
