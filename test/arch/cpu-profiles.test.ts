// The CPU profiles against their machines: every number with its source, reach by size, what each page size
// of each granule is kept as, and the memory side.

import { describe, expect, it } from "vitest";
import { cpuSchema } from "../../arch/cpu-schema.js";
import { CPUS } from "../../arch/cpus/index.js";
import { ARCHITECTURES } from "../../arch/index.js";
import { TlbStructure } from "../../assembly/abi/tlb.js";
import { compileLayout } from "../../src/layout/compile.js";
import type { CompiledLayout } from "../../src/layout/compiled.js";
import { compileCpu } from "../../src/layout/cpu.js";
import type { ModeInput } from "../../src/layout/mode.js";
import { KEPT_ON_ARM, KEPT_ON_X86, MACHINES, MEMORY_SIDE, REACH } from "./cpu-data.js";

const NAMES = [...CPUS.keys()];

function profileOf(name: string) {
  const profile = CPUS.get(name);
  if (profile === undefined) throw new Error(`no profile ${name}`);
  return profile;
}

function layoutOf(name: string, mode: ModeInput): CompiledLayout {
  const descriptor = ARCHITECTURES.get(name);
  if (descriptor === undefined) throw new Error(`no architecture ${name}`);
  return compileLayout(descriptor, mode);
}

/** Every object inside, the profile itself aside. */
function objectsIn(value: unknown): Record<string, unknown>[] {
  if (typeof value !== "object" || value === null) return [];
  const inside = Object.values(value).flatMap(objectsIn);
  return Array.isArray(value) ? inside : [value as Record<string, unknown>, ...inside];
}

/** What the structures keep each page size of a layout as: log2 -> log2, null = nowhere. */
function keptBy(name: string, layout: CompiledLayout, structure: TlbStructure) {
  const { classShifts } = layout;
  const [, ...probes] = compileCpu(profileOf(name), layout).probes[structure] ?? [];
  return Object.fromEntries(
    probes.map(({ fillClass }, i) => [
      classShifts[i + 1],
      fillClass > 0 ? classShifts[fillClass] : null,
    ]),
  );
}

const STRUCTURES = {
  data: TlbStructure.DataL1,
  fetch: TlbStructure.FetchL1,
  second: TlbStructure.L2,
};

describe.each(NAMES)("%s", (name) => {
  const profile = profileOf(name);

  it("passes its schema unchanged, under its own name, and cannot be changed", () => {
    expect(cpuSchema.parse(structuredClone(profile))).toEqual(profile);
    expect(profile.name).toBe(name);
    for (const each of objectsIn(profile)) expect(Object.isFrozen(each)).toBe(true);
  });

  it("states the source of every number, and how sure it is", () => {
    const numbered = objectsIn(profile).filter((each) =>
      Object.values(each).some((value) => typeof value === "number"),
    );
    expect(numbered.length).toBeGreaterThanOrEqual(7);
    for (const each of numbered) {
      expect(Object.keys(each)).toEqual(expect.arrayContaining(["cite", "confidence"]));
    }
  });

  it("cites sources that it lists, and lists none that it does not cite", () => {
    const cites = objectsIn(profile).flatMap(({ cite }) => (typeof cite === "string" ? cite : []));
    const keys = Object.keys(profile.sources);
    for (const cite of cites) expect(keys).toContain(cite.split(/[ :]/, 1)[0]);
    for (const key of keys) {
      const word = new RegExp(`\\b${key}\\b`);
      expect([key, cites.some((cite) => word.test(cite))]).toEqual([key, true]);
    }
  });
});

describe.each(MACHINES)("%s, a machine", (name) => {
  const profile = profileOf(name);
  const { caches, memory, walker, clockMHz } = profile;

  it("reaches as far as its sources say", () => {
    for (const [structure, reach] of Object.entries(REACH[name])) {
      const arrays = profile.tlb[structure as "data"];
      const reached = Object.keys(reach).map((shift) => {
        const held = arrays.filter(({ pages }) => pages !== "all" && pages.includes(Number(shift)));
        return [shift, held.reduce((sum, { entries }) => sum + entries * 2 ** Number(shift), 0)];
      });
      expect([structure, Object.fromEntries(reached)]).toEqual([structure, reach]);
    }
  });

  it("has a memory side, with the sets and latencies of its caches", () => {
    const told = caches.map((cache) => [
      cache.name,
      cache.bytes / 1024,
      cache.bytes / cache.ways / cache.lineBytes,
      cache.cycles,
    ]);
    expect(told).toEqual(MEMORY_SIDE[name].caches);
    const ns = ((memory?.cycles ?? 0) * 1000) / (clockMHz?.value ?? 1);
    expect(Math.round(ns)).toBe(MEMORY_SIDE[name].ns);
    expect(walker?.inFlight).toBeGreaterThanOrEqual(2);
    expect(profile.costs.accessedAssist?.cycles).toBe(0);
  });

  it("says of every choice why", () => {
    const chosen = objectsIn(profile).filter(({ confidence }) => confidence === "choice");
    expect(chosen.length).toBeGreaterThan(0);
    for (const { cite } of chosen) expect(String(cite).length).toBeGreaterThan(20);
  });
});

describe.each(Object.entries(KEPT_ON_X86))("%s on x86-64", (name, kept) => {
  it.each([4, 5])("keeps every page size of %d levels somewhere", (levels) => {
    const layout = layoutOf("x86-64", { levels });
    for (const [structure, expected] of Object.entries(kept)) {
      const told = keptBy(name, layout, STRUCTURES[structure as "data"]);
      expect([structure, told]).toEqual([structure, expected]);
    }
  });

  it("is refused on arm64", () => {
    expect(() => compileCpu(profileOf(name), layoutOf("arm64", {}))).toThrow(/made for x86-64/);
  });
});

describe.each(Object.entries(KEPT_ON_ARM))("%s on arm64", (name, granules) => {
  const modes: ModeInput[] = [
    { granule: 4 },
    { granule: 16 },
    { granule: 64, pamax: 48 },
    { granule: 4, ds: true },
    { granule: 16, ds: true },
    { granule: 4, ds: true, t0sz: 12, t1sz: 12 },
    { granule: 64 },
  ];
  it.each(modes)("keeps every page size of %o somewhere", (mode) => {
    const layout = layoutOf("arm64", mode);
    for (const [structure, all] of Object.entries(granules[mode.granule as 4])) {
      const expected = Object.fromEntries(
        Object.entries(all).filter(([shift]) => layout.classShifts.includes(Number(shift))),
      );
      const told = keptBy(name, layout, STRUCTURES[structure as "data"]);
      expect([structure, told]).toEqual([structure, expected]);
    }
  });

  it("is refused on x86-64", () => {
    expect(() => compileCpu(profileOf(name), layoutOf("x86-64", {}))).toThrow(/made for arm64/);
  });
});

describe("golden-cove's stores", () => {
  it("have a first level of their own that holds all sizes", () => {
    const layout = layoutOf("x86-64", {});
    const { routes } = compileCpu(profileOf("golden-cove"), layout);
    expect(routes).toEqual([TlbStructure.DataL1, TlbStructure.StoreL1, TlbStructure.FetchL1]);
    const kept = keptBy("golden-cove", layout, TlbStructure.StoreL1);
    expect(kept).toEqual({ 12: 12, 21: 21, 30: 30 });
  });
});

describe("walk caches", () => {
  it.each(MACHINES)("of %s are one per level, from the leaf's parent up", (name) => {
    const levels = profileOf(name).walkCaches.map(({ level }) => level);
    expect(levels).toEqual([1, 2, 3, 4].slice(0, levels.length));
    // Machines with 5 levels of tables have a cache for PML5Es.
    expect(levels.length).toBe(name === "golden-cove" || name === "zen4" ? 4 : 3);
  });
});
