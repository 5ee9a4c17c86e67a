// What software sees of a TLB: flags that hits do not set, and translations that outlive their entries until
// the right operation comes.

import { beforeEach, describe, expect, it } from "vitest";
import { CPUS } from "../../arch/cpus/index.js";
import { plain } from "../../arch/cpus/plain.js";
import { Counter } from "../../assembly/abi/counters.js";
import { Access, FaultKind } from "../../assembly/abi/stop.js";
import { compileCpu } from "../../src/layout/cpu.js";
import type { InvalidationOperands } from "../../src/layout/invalidation.js";
import { read, run } from "./events.js";
import {
  ARCHITECTURE_NAMES,
  type ArchitectureName,
  BUILDS,
  coreOf,
  typicalLayout,
} from "./support.js";
import { begin, Tables } from "./tables.js";

const VA = 0x7000_0000n;
const PAGE = 0x1000n;
const PA = 0x12_0000_0000n;
const ACCESSED: Record<ArchitectureName, bigint> = {
  "x86-64": 1n << 5n,
  arm64: 1n << 10n,
  riscv64: 1n << 6n,
};
const CONTEXT = 5;

type Operation = readonly [name: string, operands: InvalidationOperands];
const one = { va: VA, context: CONTEXT };

/** Operations after which the page at VA must be walked for again. */
const RIGHT: Record<ArchitectureName, readonly Operation[]> = {
  "x86-64": [
    ["INVLPG", { va: VA + 8n }],
    ["INVPCID address", one],
    ["INVPCID context", { context: CONTEXT }],
    ["INVPCID all", {}],
    ["INVPCID all but global", {}],
    ["MOV CR3", {}],
    ["MOV CR3 PCID", { context: CONTEXT }],
    ["MOV CR4.PGE", {}],
  ],
  arm64: [
    ["VMALLE1", {}],
    ["ASIDE1", { context: CONTEXT }],
    ["VAE1", one],
    ["VALE1IS", one],
    ["VAAE1", { va: VA }],
    ["VAALE1IS", { va: VA }],
    ["RVAE1", { ...one, bytes: 2n * PAGE }],
    ["RVAALE1", { va: VA - PAGE, bytes: 2n * PAGE }],
  ],
  riscv64: [
    ["SFENCE.VMA", {}],
    ["SFENCE.VMA ASID", { context: CONTEXT }],
    ["SFENCE.VMA address", { va: VA + 8n }],
    ["SFENCE.VMA address ASID", one],
  ],
};
/** Operations that are none of its business. */
const WRONG: Record<ArchitectureName, readonly Operation[]> = {
  "x86-64": [
    ["INVLPG", { va: VA + PAGE }],
    ["INVLPG", { va: VA - 1n }],
    ["INVPCID address", { va: VA, context: 6 }],
    ["INVPCID context", { context: 6 }],
    ["MOV CR3 PCID", { context: 6 }],
    ["MOV CR3 keep", { context: CONTEXT }],
  ],
  arm64: [
    ["ASIDE1IS", { context: 6 }],
    ["VAE1", { va: VA, context: 6 }],
    ["VALE1", { va: VA + PAGE, context: CONTEXT }],
    ["RVAE1", { ...one, va: VA - 2n * PAGE, bytes: 2n * PAGE }],
    ["RVAALE1", { va: VA + PAGE, bytes: 64n * PAGE }],
  ],
  riscv64: [
    ["SFENCE.VMA ASID", { context: 6 }],
    ["SFENCE.VMA address", { va: VA + PAGE }],
    ["SFENCE.VMA address", { va: VA - 1n }],
    ["SFENCE.VMA address ASID", { va: VA, context: 6 }],
  ],
};
/** Drops one page, and all. */
const FLUSH: Record<ArchitectureName, (va: bigint) => readonly [page: Operation, all: Operation]> =
  {
    "x86-64": (va) => [
      ["INVLPG", { va }],
      ["INVPCID all", {}],
    ],
    arm64: (va) => [
      ["VALE1", { va, context: CONTEXT }],
      ["VMALLE1", {}],
    ],
    riscv64: (va) => [
      ["SFENCE.VMA address", { va }],
      ["SFENCE.VMA", {}],
    ],
  };

describe.each(BUILDS)("on the %s build", (build) => {
  const core = coreOf(build);

  function readAt(va: bigint): bigint | null {
    return core.translate(va, Access.UserRead) ? core.stopBlock().pa : null;
  }

  describe.each(ARCHITECTURE_NAMES)("%s", (arch) => {
    let tables: Tables;

    beforeEach(() => {
      tables = begin(core, typicalLayout(arch));
      core.exports.setContext(CONTEXT);
    });

    // What a page scanner that saves the flush sees: the hottest pages look cold.
    it("a hot set within TLB reach stays cold after its accessed flags were cleared", () => {
      const pages = Array.from({ length: 32 }, (_, i) => VA + BigInt(i) * PAGE);
      const entries = pages.map((va) => tables.map({ va, pa: PA + va }));
      const flags = (): number =>
        entries.filter((at) => (core.peek(at) & ACCESSED[arch]) !== 0n).length;
      const useAll = (): void => {
        for (let time = 0; time < 10; time++) run(core, pages.map(read));
      };
      useAll();
      expect(flags()).toBe(32);

      for (const at of entries) core.poke(at, core.peek(at) & ~ACCESSED[arch]);
      useAll();
      expect(flags()).toBe(0);
      for (const va of pages.slice(0, 8)) core.invalidate(...FLUSH[arch](va)[0]);
      useAll();
      expect(flags()).toBe(8);
      core.invalidate(...FLUSH[arch](VA)[1]);
      useAll();
      expect(flags()).toBe(32);
    });

    it("a page that was remapped is where it was, until the right operation", () => {
      for (const [name, operands] of RIGHT[arch]) {
        tables.map({ va: VA, pa: PA });
        core.exports.flushAll();
        expect(readAt(VA)).toBe(PA);
        tables.map({ va: VA, pa: PA + PAGE });
        expect(readAt(VA)).toBe(PA);
        for (const [other, given] of WRONG[arch]) core.invalidate(other, given);
        expect(readAt(VA)).toBe(PA);
        expect(core.invalidate(name, operands), name).toBeGreaterThan(0);
        expect(readAt(VA), name).toBe(PA + PAGE);
      }
    });

    it("a page that was unmapped can be read until then", () => {
      const entry = tables.map({ va: VA, pa: PA });
      readAt(VA);
      core.poke(entry, 0n);
      expect(readAt(VA)).toBe(PA);
      const [name, operands] = RIGHT[arch][2] as Operation;
      core.invalidate(name, operands);
      expect(readAt(VA)).toBeNull();
      expect(core.stopBlock().fault).toBe(FaultKind.NotPresent);
    });
  });

  // A table that was taken out: with the leaf alone forgotten, the next walk begins behind the old table.
  it.each([
    ["arm64", "VALE1", "VAE1"],
    ["riscv64", "SFENCE.VMA address ASID", "SFENCE.VMA ASID"],
  ] as const)(
    "of %s, the last-level forms leave the way to a table that is gone",
    (arch, leaf, way) => {
      const layout = typicalLayout(arch);
      const tables = begin(core, layout);
      const other = new Tables(core, layout);
      tables.map({ va: VA, pa: PA });
      other.map({ va: VA, pa: PA + PAGE });
      readAt(VA);
      core.poke(tables.entryAt(VA, 1), core.peek(other.entryAt(VA, 1)));
      core.invalidate(leaf, { va: VA, context: 0 });
      expect(readAt(VA)).toBe(PA);
      core.invalidate(way, way === "VAE1" ? { va: VA, context: 0 } : { context: 0 });
      expect(readAt(VA)).toBe(PA + PAGE);
    },
  );

  describe("of several CPUs", () => {
    function remapOnThree(arch: ArchitectureName): void {
      const layout = typicalLayout(arch);
      begin(core, layout);
      core.loadCpu(compileCpu(plain, layout), 3);
      core.reset(true);
      const tables = new Tables(core, layout);
      tables.map({ va: VA, pa: PA });
      for (const cpu of [0, 1, 2]) {
        core.exports.selectCpu(cpu);
        tables.activate();
        readAt(VA);
      }
      tables.map({ va: VA, pa: PA + PAGE });
      core.exports.selectCpu(1);
    }

    const readOnAll = () =>
      [0, 1, 2].map((cpu) => {
        core.exports.selectCpu(cpu);
        return readAt(VA);
      });

    it("INVLPG is that CPU's own: the others keep the page until they are told (a shootdown)", () => {
      remapOnThree("x86-64");
      core.invalidate("INVLPG", { va: VA });
      expect(readOnAll()).toEqual([PA, PA + PAGE, PA]);
    });

    it("TLBI with IS is performed by all, and the running CPU goes on", () => {
      remapOnThree("arm64");
      core.invalidate("VAE1IS", { va: VA, context: 0 });
      expect(core.counter(Counter.Invalidations)).toBe(3n);
      // Two structures each: the data TLB and the second level.
      expect(core.counter(Counter.InvalidatedEntries)).toBe(6n);
      core.exports.setContext(9);
      expect(readOnAll()).toEqual([PA + PAGE, PA + PAGE, PA + PAGE]);
      // Only CPU 1, which ran, is in context 9, and has walked for it there.
      core.invalidate("ASIDE1IS", { context: 9 });
      expect(core.counter(Counter.InvalidatedEntries)).toBe(8n);
    });
  });

  // SDM 3A 4.10.4.1: there is no way for software to know of the pieces.
  it("a huge page that a TLB keeps in pieces goes with any of its addresses", () => {
    const cpu = CPUS.get("golden-cove");
    if (cpu === undefined) throw new Error("no such profile");
    const tables = begin(core, typicalLayout("x86-64"), { cpu });
    const huge = 0x40_0000_0000n;
    tables.map({ va: huge, pa: 0x4000_0000n, level: 2 });
    for (let i = 0n; i < 4n; i++) core.translate(huge + (i << 21n), Access.UserFetch);
    // Four pieces of 2 MiB in the fetch TLB, the page itself in the second level.
    expect(core.invalidate("INVLPG", { va: huge + (300n << 21n) })).toBe(5);
    expect(core.invalidate("INVLPG", { va: huge })).toBe(0);
  });
});
