// The plain memory model by itself: what it promises of each call.

import { beforeEach, describe, expect, it } from "vitest";
import { PlainMemory } from "../../src/oracle/plain-memory.js";

const P = {};
const C = {};
let memory: PlainMemory;
beforeEach(() => {
  memory = new PlainMemory();
  memory.mmap(P, 10, 4, "rw", false);
});

/** What a page must read; NaN stands for "whatever": the model is asked with a value it cannot have. */
const value = (process: object, at: number): number => memory.read(process, at, -1) ?? Number.NaN;

describe("private memory", () => {
  it("reads zero, then what was written", () => {
    expect(value(P, 10)).toBe(0);
    memory.write(P, 10, 7);
    expect(value(P, 10)).toBe(7);
    expect(memory.read(P, 10, 7)).toBeNull();
  });

  it("is copied by fork", () => {
    memory.write(P, 10, 7);
    memory.fork(P, C);
    memory.write(P, 10, 8);
    expect([value(P, 10), value(C, 10)]).toEqual([8, 7]);
  });

  it("is zero again after dontneed, and after a new mapping over it", () => {
    for (const at of [10, 11, 12]) memory.write(P, at, 7);
    expect(memory.madvise(P, 10, 11, "dontneed")).toBe(0);
    memory.mmap(P, 11, 1, "r", false);
    expect([10, 11, 12].map((at) => value(P, at))).toEqual([0, 0, 7]);
    expect(memory.allows(P, 11, true)).toBe(false);
  });

  it("may be either after free, until it was seen to be gone or is written", () => {
    memory.write(P, 10, 7);
    memory.madvise(P, 10, 11, "free");
    expect(memory.read(P, 10, 7)).toBeNull();
    expect(memory.read(P, 10, 0)).toBeNull();
    expect(memory.read(P, 10, 7)).toBe(0);
    memory.write(P, 10, 9);
    expect(memory.read(P, 10, 0)).toBe(9);
  });

  it("moves with mremap; dontunmap leaves an empty mapping", () => {
    memory.write(P, 10, 7);
    for (const i of [0, 1]) memory.mremap(P, 10 + i, 50 + i, false);
    expect(value(P, 50)).toBe(7);
    expect(memory.allows(P, 10, false)).toBe(false);
    memory.mremap(P, 50, 60, true);
    expect([value(P, 60), value(P, 50)]).toEqual([7, 0]);
    expect(memory.allows(P, 50, true)).toBe(true);
  });

  it("grows and shrinks in place", () => {
    memory.resize(P, 10, 4, 6);
    expect([memory.allows(P, 15, true), value(P, 15)]).toEqual([true, 0]);
    memory.resize(P, 10, 6, 1);
    expect([memory.allows(P, 10, true), memory.allows(P, 11, false)]).toEqual([true, false]);
  });

  it("is left out of a child by dontfork, and wiped by wipeonfork", () => {
    for (const at of [10, 11, 12]) memory.write(P, at, 7);
    memory.madvise(P, 10, 11, "dontfork");
    memory.madvise(P, 11, 12, "wipeonfork");
    memory.fork(P, C);
    expect(memory.allows(C, 10, false)).toBe(false);
    expect([value(C, 11), value(C, 12)]).toEqual([0, 7]);
  });
});

describe("shared memory", () => {
  beforeEach(() => memory.mmap(P, 30, 2, "rw", true));

  it("is one for parent and child, and outlives dontneed and moves", () => {
    memory.fork(P, C);
    memory.write(C, 30, 7);
    expect(value(P, 30)).toBe(7);
    memory.madvise(P, 30, 31, "dontneed");
    memory.mremap(P, 30, 70, false);
    expect(value(P, 70)).toBe(7);
    memory.exit(C);
    expect(value(P, 70)).toBe(7);
  });

  it("refuses free and wipeonfork", () => {
    expect(memory.madvise(P, 30, 32, "free")).toBe("EINVAL");
    expect(memory.madvise(P, 30, 32, "wipeonfork")).toBe("EINVAL");
  });

  it("ends where the object ends, however far the mapping goes", () => {
    memory.resize(P, 30, 2, 3);
    expect([memory.allows(P, 31, true), memory.allows(P, 32, false)]).toEqual([true, false]);
  });
});

describe("rights", () => {
  it("are those of the mapping and of mprotect, up to the first hole", () => {
    expect(memory.allows(P, 10, true)).toBe(true);
    expect(memory.mprotect(P, 12, 16, "r")).toBe("ENOMEM");
    expect([12, 13].map((at) => memory.allows(P, at, true))).toEqual([false, false]);
    expect(memory.mprotect(P, 10, 12, "none")).toBe(0);
    expect(memory.allows(P, 10, false)).toBe(false);
  });

  it("are none on guards, which dontneed and free leave alone", () => {
    memory.madvise(P, 10, 11, "guard_install");
    memory.madvise(P, 10, 12, "dontneed");
    expect(memory.allows(P, 10, false)).toBe(false);
    memory.fork(P, C);
    expect(memory.allows(C, 10, false)).toBe(false);
    memory.madvise(P, 10, 11, "guard_remove");
    expect([memory.allows(P, 10, true), value(P, 10)]).toEqual([true, 0]);
  });

  it("are none where nothing is mapped", () => {
    expect(memory.allows(P, 99, false)).toBe(false);
    memory.munmap(P, 10, 12);
    expect([memory.allows(P, 11, false), memory.allows(P, 12, false)]).toEqual([false, true]);
    expect(memory.madvise(P, 10, 13, "dontneed")).toBe("ENOMEM");
  });
});

describe("pins", () => {
  const held = () => [...memory.held()];

  it("show what the process writes, until it gives the page up or the pin back", () => {
    memory.pin(P, 10, [7, 8, null]);
    memory.write(P, 10, 5);
    expect(held()).toEqual([
      { frame: 7, value: 5 },
      { frame: 8, value: 0 },
    ]);
    memory.unpin(P, [8]);
    memory.madvise(P, 10, 11, "free");
    expect(held()).toEqual([]);
    memory.write(P, 10, 6);
    expect(held()).toEqual([{ frame: 7, value: 6 }]);
    memory.madvise(P, 10, 11, "dontneed");
    expect(held()).toEqual([]);
  });

  it("go where the page goes, and no child has them", () => {
    memory.pin(P, 10, [7]);
    memory.mremap(P, 10, 50, true);
    memory.fork(P, C);
    memory.write(P, 50, 5);
    memory.write(P, 10, 6);
    expect(held()).toEqual([{ frame: 7, value: 5 }]);
    memory.munmap(P, 50, 51);
    expect(held()).toEqual([]);
  });
});
