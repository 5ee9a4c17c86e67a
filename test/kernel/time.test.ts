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
    const since = clocks.acquire(lock);
    clocks.spend(100);
    clocks.release(lock, since);
    clocks.current = 1;
    clocks.spend(30);
    const later = clocks.acquire(lock);
    clocks.spend(7);
    clocks.release(lock, later);
    expect(lock).toEqual({ name: "mmap_lock", freeAt: 107, held: 107, longest: 100, waited: 70 });
    expect([clocks.elapsed, clocks.work]).toEqual([107, 137]);
  });
});
