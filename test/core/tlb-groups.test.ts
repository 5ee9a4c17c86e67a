// Page sizes and contiguous groups: how much one entry of the TLB covers.
//
//   group of N pages (N = 4 for clarity)      one entry in a CPU that knows the hint
//   +----+----+----+----+                     +-------------------+
//   | 0* | 1  | 2  | 3  |   * walked    -->   |   pages 0 to 3    |   pages 1 to 3 hit
//   +----+----+----+----+                     +-------------------+

import { describe, expect, it } from "vitest";
import { plain } from "../../arch/cpus/plain.js";
import { defineCpu } from "../../arch/define.js";
import { Counter } from "../../assembly/abi/counters.js";
import { Access, FaultKind } from "../../assembly/abi/stop.js";
import type { CompiledLayout } from "../../src/layout/compiled.js";
import { BUILDS, coreOf, invalidatePage, named, typicalLayout } from "./support.js";
import { begin, Tables } from "./tables.js";

const VA = 0x20_0000_0000n;
const PA = 0x40_0000_0000n;

/** A CPU whose TLBs hold the given page sizes (log2 bytes) and nothing else. */
function cpuWith(pages: number[], secondLevel = pages) {
  const only = (name: string, sizes: number[]) => {
    const fact = { cite: "CHOICE test", confidence: "choice" } as const;
    return [{ name, entries: 256, ways: 4, pages: sizes, ...fact }];
  };
  const tlb = { data: only("D", pages), fetch: only("I", pages), second: only("S", secondLevel) };
  return defineCpu({ ...plain, name: "sized", tlb });
}

const GROUPS: [string, number, CompiledLayout][] = [
  ["16 x 4 KiB", 0, typicalLayout("arm64")],
  ["16 x 2 MiB", 1, typicalLayout("arm64")],
  ["128 x 16 KiB", 0, typicalLayout("arm64", { granule: 16 })],
  ["32 x 32 MiB", 1, typicalLayout("arm64", { granule: 16 })],
  ["32 x 64 KiB", 0, typicalLayout("arm64", { granule: 64 })],
  ["16 x 4 KiB (Svnapot)", 0, typicalLayout("riscv64")],
];

describe.each(BUILDS)("on the %s build", (build) => {
  const core = coreOf(build);

  /** Reads one word in each page of a group; returns the physical addresses. */
  function readPages(shift: number, pages: number): bigint[] {
    return Array.from({ length: pages }, (_, i) => {
      const va = VA + (BigInt(i) << BigInt(shift)) + 8n * BigInt(i % 512);
      return core.translate(va, Access.UserRead) ? core.stopBlock().pa : -1n;
    });
  }

  describe.each(GROUPS)("a contiguous group of %s", (_, level, layout) => {
    const { shift = 0, groupShift = 0 } = layout.halves[0].levels[level] ?? {};
    const pages = 2 ** (groupShift - shift);
    const wanted = Array.from(
      { length: pages },
      (_, i) => PA + (BigInt(i) << BigInt(shift)) + 8n * BigInt(i % 512),
    );

    it("fills one entry, through which all its pages hit", () => {
      begin(core, layout).mapGroup({ va: VA, pa: PA, level });
      expect(readPages(shift, pages)).toEqual(wanted);
      expect(named(core.counters())).toMatchObject({
        Walks: 1n,
        DataL1Miss: 1n,
        DataL1Hit: BigInt(pages - 1),
        DataL1LargeHit: BigInt(pages - 1),
      });
    });

    it("fills one entry however often it was walked before", () => {
      begin(core, layout).mapGroup({ va: VA, pa: PA, level });
      for (let time = 1n; time <= 3n; time++) {
        core.exports.flushAll();
        expect(readPages(shift, pages)).toEqual(wanted);
        expect(core.counter(Counter.Walks)).toBe(time);
      }
    });

    it("ends where the next page without the hint begins", () => {
      const tables = begin(core, layout);
      tables.mapGroup({ va: VA, pa: PA, level });
      const behind = VA + (1n << BigInt(groupShift));
      tables.map({ va: behind, pa: PA, level });
      readPages(shift, pages);
      expect(core.translate(behind, Access.UserRead)).toBe(true);
      expect(core.stopBlock().pa).toBe(PA);
      expect(core.counter(Counter.Walks)).toBe(2n);
    });

    it("is as many entries as pages in a CPU that does not know the hint", () => {
      begin(core, layout, { cpu: cpuWith([shift]) }).mapGroup({ va: VA, pa: PA, level });
      expect(readPages(shift, pages)).toEqual(wanted);
      expect(core.counter(Counter.Walks)).toBe(BigInt(pages));
      expect(readPages(shift, pages)).toEqual(wanted);
      expect(core.counter(Counter.Walks)).toBe(BigInt(pages));
    });

    // The second level knows the hint, the first does not: each page is a piece of the one entry there.
    it("is taken to pieces by a first level that does not know the hint", () => {
      const cpu = cpuWith([shift], [shift, groupShift]);
      begin(core, layout, { cpu }).mapGroup({ va: VA, pa: PA, level });
      // The last page first: what the walk left behind must not show through in the others.
      const last = VA + (BigInt(pages - 1) << BigInt(shift));
      core.translate(last, Access.UserRead);
      expect(readPages(shift, pages)).toEqual(wanted);
      expect(named(core.counters())).toMatchObject({
        Walks: 1n,
        L2Hit: BigInt(pages - 1),
        L2LargeHit: BigInt(pages - 1),
      });
    });

    it("is dropped whole by any of its addresses", () => {
      begin(core, layout).mapGroup({ va: VA, pa: PA, level });
      readPages(shift, pages);
      invalidatePage(core, VA + (BigInt(pages - 1) << BigInt(shift)));
      readPages(shift, pages);
      expect(core.counter(Counter.Walks)).toBe(2n);
    });

    // Hardware marks the descriptor it walked; the flags of a group are read as the OR over its members.
    it("is marked dirty by its first store, in the member stored to alone", () => {
      const entries = begin(core, layout).mapGroup({ va: VA, pa: PA, level });
      const { mask, value } = layout.halves[0].dirty;
      readPages(shift, pages);
      for (const i of [1, 2]) core.translate(VA + (BigInt(i) << BigInt(shift)), Access.UserWrite);
      const dirty = entries.flatMap((at, i) => ((core.peek(at) & mask) === value ? [i] : []));
      expect(dirty).toEqual([1]);
      expect(named(core.counters())).toMatchObject({ DirtyAssist: 1n, DirtySet: 1n });
    });
  });

  describe("a large page of x86-64", () => {
    const X86 = typicalLayout("x86-64");
    const SIZES = [
      ["2 MiB", 1, 21],
      ["1 GiB", 2, 30],
    ] as const;

    it.each(SIZES)("of %s hits at any offset, as a large hit", (_, level, shift) => {
      begin(core, X86).map({ va: VA, pa: PA, level });
      const last = (1n << BigInt(shift)) - 8n;
      for (const offset of [0n, 0x1008n, last]) {
        expect(core.translate(VA + offset, Access.UserRead)).toBe(true);
        expect(core.stopBlock()).toMatchObject({ pa: PA + offset, pageShift: shift });
      }
      expect(named(core.counters())).toMatchObject({
        Walks: 1n,
        DataL1Hit: 2n,
        DataL1LargeHit: 2n,
      });
    });

    it.each(SIZES)("of %s hits the second level as a large page too", (_, level) => {
      begin(core, X86).map({ va: VA, pa: PA, level });
      core.translate(VA + 0x5000n, Access.UserRead);
      core.translate(VA + 0x9008n, Access.UserFetch);
      expect(core.stopBlock().pa).toBe(PA + 0x9008n);
      expect(named(core.counters())).toMatchObject({ L2Hit: 1n, L2LargeHit: 1n, Walks: 1n });
    });

    // No array, and no rule to split it: the page is used from the walk and never kept.
    it.each(SIZES)(
      "of %s that no TLB holds is walked for each time, and right",
      (_, level, shift) => {
        begin(core, X86, { cpu: cpuWith([12]) }).map({ va: VA, pa: PA, level });
        const last = (1n << BigInt(shift)) - 8n;
        for (const offset of [last, 0n, 0x1008n]) {
          expect(core.translate(VA + offset, Access.UserWrite)).toBe(true);
          expect(core.stopBlock().pa).toBe(PA + offset);
        }
        expect(named(core.counters())).toMatchObject({ Walks: 3n, DataL1Miss: 3n, DirtySet: 1n });
        expect(core.counter(Counter.DirtyAssist)).toBe(0n);
        expect(core.translate(VA, Access.SupervisorRead)).toBe(false);
        expect(core.stopBlock()).toMatchObject({ fault: FaultKind.Permission, fromTlb: false });
      },
    );

    it("and a small page at the same place in another context do not answer for each other", () => {
      const large = begin(core, X86);
      const small = new Tables(core, X86);
      large.map({ va: VA, pa: PA, level: 1 });
      small.map({ va: VA, pa: PA + 0x7000n });
      for (const [id, tables, pa] of [
        [1, large, PA],
        [2, small, PA + 0x7000n],
        [1, large, PA],
        [2, small, PA + 0x7000n],
      ] as const) {
        core.exports.setContext(id);
        tables.activate();
        expect(core.translate(VA, Access.UserRead)).toBe(true);
        expect(core.stopBlock().pa).toBe(pa);
      }
      expect(core.counter(Counter.Walks)).toBe(2n);
    });
  });
});
