// Faults of the core that are known and not yet mended. Each test says what is right, and is expected to
// fail; it will be reported on the day it passes, and then moves, without `.fails`, to the file named.

import { beforeEach, describe, expect, it } from "vitest";
import { Access, FaultKind } from "../../assembly/abi/stop.js";
import { compilePagePolicy } from "../../src/layout/page-policy.js";
import { BUILDS, coreOf, typicalLayout } from "./support.js";
import { begin, Tables } from "./tables.js";

const X86 = typicalLayout("x86-64");
const VA = 0x1000n;
const PA = 0x5000n;
const WRITABLE = 2n;

describe.each(BUILDS)("on the %s build", (build) => {
  const core = coreOf(build);
  let tables: Tables;

  beforeEach(() => {
    tables = begin(core, X86);
    tables.map({ va: VA, pa: PA });
  });

  // A key keeps 45 bits of the page number, so with 4 KiB pages address bits 63:57 are lost, and the range
  // is checked by the walk alone. (arm64: bits 63:59 with 16 KiB pages, 63:61 with 64 KiB.)
  // Then: warm.test.ts flips bits up to 62.
  it.fails.each([57n, 60n, 62n])(
    "a cached page does not answer for its non-canonical alias (bit %s)",
    (bit) => {
      core.translate(VA, Access.UserRead);
      expect(core.translate(VA | (1n << bit), Access.UserRead)).toBe(false);
      expect(core.stopBlock().fault).toBe(FaultKind.OutOfRange);
    },
  );

  // SDM 3A 4.10.4.1: a page fault "also invalidates all entries in the paging-structure caches that would
  // be used for that linear address". Here the walk cache keeps the restriction: once the kernel has lifted
  // it, without a flush as it may, the same fault comes back without end.
  // Then: walk-cache.test.ts.
  it.fails("a page fault of x86-64 forgets what walk caches knew of the way to the page", () => {
    const upper = tables.entryAt(VA, 1);
    core.poke(upper, core.peek(upper) & ~WRITABLE);
    expect(core.translate(VA, Access.UserWrite)).toBe(false);
    core.poke(upper, core.peek(upper) | WRITABLE);
    expect(core.translate(VA, Access.UserWrite)).toBe(true);
  });

  // SDM 3A 4.10.4.1: INVLPG "also invalidates all entries in all paging-structure caches associated with
  // the current PCID"; of arm64's TLBI by address only the last-level kinds (VALE1) leave them alone.
  // Then: walk-cache.test.ts.
  it.fails("a dropped page is walked for from the tables as they are", () => {
    core.translate(VA, Access.UserRead);
    const other = new Tables(core, X86);
    other.map({ va: VA, pa: PA + 0x1000n });
    core.poke(tables.entryAt(VA, 1), core.peek(other.entryAt(VA, 1)));
    core.exports.dropPage(0, VA);
    core.translate(VA, Access.UserRead);
    expect(core.stopBlock().pa).toBe(PA + 0x1000n);
  });

  describe("the stop block after a hit", () => {
    // STOP_PAGE_SHIFT: "log2 bytes of the page, or contiguous group, that translated it".
    it.fails("tells the size of the page that was hit, not of the last one walked", () => {
      tables.map({ va: 1n << 30n, pa: 1n << 30n, level: 1 });
      for (const va of [VA, 1n << 30n, VA]) core.translate(va, Access.UserRead);
      expect(core.stopBlock().pageShift).toBe(12);
    });

    // STOP_FROM_TLB: "1 when a TLB entry, not a walk, denied the access".
    it.fails("does not say that a TLB entry denied the access", () => {
      core.translate(VA, Access.UserRead);
      core.translate(VA, Access.SupervisorRead);
      core.translate(VA, Access.UserRead);
      expect(core.stopBlock().fromTlb).toBe(false);
    });

    // STOP_HALF: "Which half of the address space".
    it.fails("tells the half of this access, not of the last fault", () => {
      core.translate(0xffff_8000_0000_0000n, Access.UserRead);
      core.translate(VA, Access.UserRead);
      expect(core.stopBlock().half).toBe(0);
    });
  });

  // ZERO_FRAME: "Nothing writes here." But the mapper writes to whatever word the walk reads.
  // Then: demand.test.ts.
  it.fails("the mapper does not fill entries of a table that is not in memory", () => {
    core.loadDemand(compilePagePolicy(X86, "base"));
    const absent = 1n << 40n;
    core.exports.setRoots(absent, absent);
    core.translate(VA, Access.UserRead);
    expect(core.peek(1n << 45n)).toBe(0n);
  });

  describe("the window", () => {
    // A frame of its own at an address that the window has not reached yet, and then does.
    // Then: physmem.test.ts draws addresses from 0 up with the window, too.
    it.fails("does not swallow a word written above it when it grows", () => {
      core.reset(true);
      core.poke(0x5000n, 77n);
      for (let i = 0; i < 6; i++) core.exports.newTable(0, 3);
      expect(core.peek(0x5000n)).toBe(77n);
    });

    it.fails("does not show a frame that lies elsewhere", () => {
      core.reset(true);
      core.poke(1n << 40n, 77n);
      expect(core.peek(0n)).toBe(0n);
    });

    // The gap before a table that is aligned to 64 KiB is never cleared.
    it.fails("is all zero after a reset", () => {
      core.loadLayout(typicalLayout("arm64", { granule: 64 }));
      core.reset(true);
      for (let i = 0; i < 4; i++) core.poke(core.exports.newTable(0, 2), 77n);
      core.reset(true);
      core.exports.newTable(0, 2);
      core.exports.newTable(0, 1);
      expect(core.peek(0x1000n)).toBe(0n);
    });
  });
});
