// Who loses a cached translation, and who keeps it: contexts, single pages, everything.

import { beforeEach, describe, expect, it } from "vitest";
import { Counter } from "../../assembly/abi/counters.js";
import { Access } from "../../assembly/abi/stop.js";
import { BUILDS, coreOf, invalidatePage, named, typicalLayout } from "./support.js";
import { begin, Tables } from "./tables.js";

const X86 = typicalLayout("x86-64");
const VA = 0x7000_1000n;
const OTHER_VA = 0x7000_2000n;
const PA = 0x1_2345_6000n;

describe.each(BUILDS)("on the %s build", (build) => {
  const core = coreOf(build);
  let tables: Tables;

  beforeEach(() => {
    tables = begin(core, X86);
  });

  const readVa = (va = VA): boolean => core.translate(va, Access.UserRead);

  describe("a context", () => {
    function inContext(id: number, from: Tables): void {
      core.exports.setContext(id);
      from.activate();
    }

    it("sees its own translations only, and finds them again when it comes back", () => {
      const second = new Tables(core, X86);
      tables.map({ va: VA, pa: PA });
      second.map({ va: VA, pa: PA + 0x1000n });
      const pas = [tables, second, tables, second].map((from, turn) => {
        inContext(turn % 2 === 0 ? 1 : 510, from);
        readVa();
        return core.stopBlock().pa;
      });
      expect(pas).toEqual([PA, PA + 0x1000n, PA, PA + 0x1000n]);
      expect(named(core.counters())).toMatchObject({ Walks: 2n, DataL1Hit: 2n });
    });

    it("drops a page of its own only", () => {
      tables.map({ va: VA, pa: PA });
      for (const id of [1, 2]) {
        inContext(id, tables);
        readVa();
      }
      invalidatePage(core, VA);
      readVa();
      expect(core.counter(Counter.Walks)).toBe(3n);
      inContext(1, tables);
      readVa();
      expect(core.counter(Counter.Walks)).toBe(3n);
    });

    it("is forgotten with all others by flushAll", () => {
      tables.map({ va: VA, pa: PA });
      for (const id of [1, 2]) {
        inContext(id, tables);
        readVa();
      }
      core.exports.flushAll();
      for (const id of [1, 2]) {
        inContext(id, tables);
        readVa();
      }
      expect(named(core.counters())).toMatchObject({ Walks: 4n, WalkLoadsLevel3: 4n });
    });
  });

  it("there are contexts 0 to 510; what is beyond is refused and changes nothing", () => {
    tables.map({ va: VA, pa: PA });
    expect(core.exports.setContext(510)).toBeTruthy();
    readVa();
    for (const id of [511, 512, 65536]) expect(core.exports.setContext(id)).toBeFalsy();
    readVa();
    expect(core.counter(Counter.DataL1Hit)).toBe(1n);
  });

  describe("a global page", () => {
    const GLOBAL = 0x107n;
    const MACHINES = [
      ["x86-64 with CR4.PGE", X86, GLOBAL],
      // Valid page, AP = 01, AF, PXN, nG clear.
      ["arm64", typicalLayout("arm64"), 0x20_0000_0000_0443n],
    ] as const;

    function inContexts(ids: readonly number[], access = Access.UserRead): void {
      for (const id of ids) {
        core.exports.setContext(id);
        expect(core.translate(VA, access)).toBe(true);
        expect(core.stopBlock().pa).toBe(PA);
      }
    }

    it.each(MACHINES)("of %s is cached once for every context", (_, layout, bits) => {
      tables = begin(core, layout);
      tables.map({ va: VA, pa: PA, bits });
      inContexts([1, 2, 0, 1]);
      expect(named(core.counters())).toMatchObject({ Walks: 1n, DataL1Hit: 3n });
      inContexts([2], Access.UserFetch);
      expect(core.counter(Counter.L2Hit)).toBe(1n);
    });

    it.each(MACHINES)("of %s is dropped for every context by any of them", (_, layout, bits) => {
      tables = begin(core, layout);
      tables.map({ va: VA, pa: PA, bits });
      inContexts([1]);
      core.exports.setContext(2);
      invalidatePage(core, VA);
      inContexts([1]);
      expect(core.counter(Counter.Walks)).toBe(2n);
    });

    it("is nothing special without CR4.PGE", () => {
      tables = begin(core, typicalLayout("x86-64", { pge: false }));
      tables.map({ va: VA, pa: PA, bits: GLOBAL });
      inContexts([1, 2, 1]);
      expect(core.counter(Counter.Walks)).toBe(2n);
    });

    it("of 2 MiB hits as a large page", () => {
      tables.map({ va: VA & ~0x1f_ffffn, pa: PA & ~0x1f_ffffn, level: 1, bits: GLOBAL | 0x80n });
      for (const id of [1, 2]) {
        core.exports.setContext(id);
        readVa();
      }
      expect(named(core.counters())).toMatchObject({ Walks: 1n, DataL1LargeHit: 1n });
    });
  });

  describe("the two halves of arm64", () => {
    const ARM = typicalLayout("arm64");
    const UPPER_VA = 0xffff_0000_0000_0000n | VA;
    let upper: Tables;

    beforeEach(() => {
      tables = begin(core, ARM);
      upper = new Tables(core, ARM);
      core.exports.setRoots(tables.root, upper.root);
      tables.map({ va: VA, pa: PA });
      upper.map({ va: UPPER_VA, pa: PA + 0x1000n });
    });

    it("translate through roots of their own, though their addresses share all low bits", () => {
      for (let time = 0; time < 2; time++) {
        expect(readVa() && core.stopBlock().pa).toBe(PA);
        expect(readVa(UPPER_VA) && core.stopBlock().pa).toBe(PA + 0x1000n);
      }
      expect(named(core.counters())).toMatchObject({ Walks: 2n, DataL1Hit: 2n });
    });

    it("are dropped from each on its own", () => {
      readVa();
      readVa(UPPER_VA);
      invalidatePage(core, UPPER_VA);
      readVa();
      expect(core.counter(Counter.Walks)).toBe(2n);
      readVa(UPPER_VA);
      expect(core.counter(Counter.Walks)).toBe(3n);
    });
  });

  describe("invalidatePage", () => {
    function cacheBoth(): void {
      core.translate(VA, Access.UserRead);
      core.translate(VA, Access.UserFetch);
      core.translate(OTHER_VA, Access.UserRead);
    }

    it("drops the page from the data, fetch and second-level TLB, and no other page", () => {
      tables.map({ va: VA, pa: PA });
      tables.map({ va: OTHER_VA, pa: PA });
      cacheBoth();
      invalidatePage(core, VA);
      const before = core.counters();
      core.translate(VA, Access.UserFetch);
      core.translate(VA, Access.UserRead);
      core.translate(OTHER_VA, Access.UserRead);
      const change = (counter: Counter): bigint => core.counter(counter) - (before[counter] ?? 0n);
      expect(change(Counter.FetchL1Miss)).toBe(1n);
      expect(change(Counter.DataL1Miss)).toBe(1n);
      expect(change(Counter.DataL1Hit)).toBe(1n);
      expect(change(Counter.L2Miss)).toBe(1n);
    });

    it("drops a large page by any address in it", () => {
      const large = 0x8000_0000n;
      tables.map({ va: large, pa: 0x4000_0000n, level: 1 });
      readVa(large);
      invalidatePage(core, large + 0x12_3000n);
      readVa(large);
      expect(core.counter(Counter.Walks)).toBe(2n);
    });

    it("of a page that is not cached does nothing", () => {
      tables.map({ va: VA, pa: PA });
      readVa();
      invalidatePage(core, OTHER_VA);
      readVa();
      expect(core.counter(Counter.DataL1Hit)).toBe(1n);
    });
  });

  describe("a reset", () => {
    it("forgets translations, counters, roots and the context", () => {
      tables.map({ va: VA, pa: PA });
      core.exports.setContext(7);
      readVa();
      core.reset(true);
      expect(named(core.counters())).toEqual({});
      const root = core.exports.newTable(0, 3);
      expect(root).toBe(0n);
      // Roots are 0 again, and there is an empty table there.
      expect(readVa()).toBe(false);
      expect(core.stopBlock().entryPa).toBe(8n * ((VA >> 39n) & 511n));
    });

    it("goes back to context 0, whose translations are then its own", () => {
      core.exports.setContext(7);
      core.reset(true);
      tables = new Tables(core, X86);
      tables.activate();
      tables.map({ va: VA, pa: PA });
      readVa();
      core.exports.setContext(0);
      readVa();
      expect(core.counter(Counter.Walks)).toBe(1n);
    });
  });
});
