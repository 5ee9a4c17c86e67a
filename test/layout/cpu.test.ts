import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CpuProfile, cpuSchema } from "../../arch/cpu-schema.js";
import { goldenCove } from "../../arch/cpus/golden-cove.js";
import { plain } from "../../arch/cpus/plain.js";
import { yardstick } from "../../arch/cpus/yardstick.js";
import { ARCHITECTURES } from "../../arch/index.js";
import { NO_CPU_REGION } from "../../assembly/abi/memory-map.js";
import * as abi from "../../assembly/abi/tlb.js";
import { MmulateError } from "../../src/errors.js";
import { compileLayout } from "../../src/layout/compile.js";
import type { CompiledLayout } from "../../src/layout/compiled.js";
import { type CompiledCpu, compileCpu } from "../../src/layout/cpu.js";
import { cpuBlockBytes, encodeCpu } from "../../src/layout/encode-cpu.js";
import type { ModeInput } from "../../src/layout/mode.js";
import { blockParts, decodeCpu, expectedCpu } from "./decode-cpu.js";

function layoutOf(name: string, mode: ModeInput = {}): CompiledLayout {
  const descriptor = ARCHITECTURES.get(name);
  if (descriptor === undefined) throw new Error(`no architecture ${name}`);
  return compileLayout(descriptor, mode);
}

type Array = CpuProfile["tlb"]["data"][number];
type Smash = CpuProfile["tlb"]["smash"][number];
const FACT = { cite: "CHOICE of the tests", confidence: "choice" } as const;

/** An array of 16 entries, 4 ways; `pages` are log2 bytes. */
function array(name: string, ...pages: number[]): Array {
  return { name, entries: 16, ways: 4, pages, ...FACT };
}

function smash(structure: Smash["structure"], from: number, to: number): Smash {
  return { structure, from, to, ...FACT };
}

/** A profile with these arrays and rules, and nothing else. */
function profileWith(tlb: Partial<CpuProfile["tlb"]>): CpuProfile {
  const nothing = { data: [], fetch: [], store: [], second: [], smash: [] };
  return { ...plain, tlb: { ...nothing, ...tlb }, walkCaches: [] };
}

/** A profile with these data arrays and smash rules, and nothing else. */
function dataProfile(data: Array[], rules: Smash[] = []): CpuProfile {
  return profileWith({ data, smash: rules });
}

const STRUCTURES = {
  data: abi.TlbStructure.DataL1,
  fetch: abi.TlbStructure.FetchL1,
  store: abi.TlbStructure.StoreL1,
  second: abi.TlbStructure.L2,
};
type Structure = keyof typeof STRUCTURES;

/** How a structure keeps each page size of a layout: log2 bytes -> "array" or "as log2 bytes". */
function kept(
  cpu: CompiledCpu,
  { classShifts }: CompiledLayout,
  structure: Structure,
): Record<number, string> {
  const [unused, ...probes] = cpu.probes[STRUCTURES[structure]] ?? [];
  expect(unused, "class 0 is no page size").toEqual({ array: -1, shift: 0, fillClass: 0 });
  expect(probes.map(({ shift }) => shift)).toEqual(classShifts.slice(1));
  const entries = probes.map(({ array: index, shift, fillClass }, i) => {
    if (index >= 0) expect(fillClass).toBe(i + 1);
    const as = fillClass === 0 ? "not kept" : `as ${classShifts[fillClass]}`;
    return [shift, index < 0 ? as : (cpu.arrays[index]?.name ?? "no such array")] as const;
  });
  return Object.fromEntries(entries);
}

const X86 = layoutOf("x86-64");
const ARM = layoutOf("arm64");

describe("a page size", () => {
  it("goes into the array that holds it, and nowhere where none does", () => {
    const cpu = compileCpu(yardstick, X86);
    expect(kept(cpu, X86, "data")).toEqual({ 12: "L1D 4K", 21: "L1D 2M", 30: "not kept" });
    expect(kept(cpu, X86, "fetch")).toEqual({ 12: "not kept", 21: "not kept", 30: "not kept" });
    expect(kept(cpu, X86, "second")).toEqual({ 12: "STLB", 21: "STLB", 30: "not kept" });
  });

  it("goes into an array for all sizes, contiguous groups as such", () => {
    const cpu = compileCpu(plain, ARM);
    for (const [structure, name] of [
      ["data", "L1D"],
      ["fetch", "L1I"],
      ["second", "L2"],
    ] as const) {
      expect(kept(cpu, ARM, structure)).toEqual({
        12: name,
        16: name,
        21: name,
        25: name,
        30: name,
        34: name,
      });
    }
  });

  it("goes into the first of several arrays that hold it", () => {
    const cpu = compileCpu(dataProfile([array("a", 21), array("b", 12, 21), array("c", 12)]), X86);
    expect(kept(cpu, X86, "data")).toEqual({ 12: "b", 21: "a", 30: "not kept" });
  });

  // A CPU that does not know the hint sees the group's pages one by one.
  it("of a group that no array holds is kept as the pages of the group", () => {
    const cpu = compileCpu(dataProfile([array("a", 12), array("b", 21)]), ARM);
    expect(kept(cpu, ARM, "data")).toEqual({
      12: "a",
      16: "as 12",
      21: "b",
      25: "as 21",
      30: "not kept",
      34: "not kept",
    });
  });

  it("is kept as a smaller one where the profile says so", () => {
    const rules = [smash("second", 30, 12), smash("data", 30, 21), smash("data", 25, 12)];
    const cpu = compileCpu(dataProfile([array("a", 12, 21)], rules), ARM);
    expect(kept(cpu, ARM, "data")).toEqual({
      12: "a",
      16: "as 12",
      21: "a",
      25: "as 12",
      30: "as 21",
      34: "as 21",
    });
  });

  it("is not kept as one that no array holds, or that the layout does not have", () => {
    const rules = [smash("data", 30, 21), smash("data", 21, 13)];
    const cpu = compileCpu(dataProfile([array("a", 12, 13)], rules), X86);
    expect(kept(cpu, X86, "data")).toEqual({ 12: "a", 21: "not kept", 30: "not kept" });
  });

  it("stays whole in an array of its own, whatever the rules say", () => {
    const cpu = compileCpu(dataProfile([array("a", 12, 21)], [smash("data", 21, 12)]), X86);
    expect(kept(cpu, X86, "data")[21]).toBe("a");
  });

  it("is looked at once for both halves, though only one may have it", () => {
    const layout = layoutOf("arm64", { t0sz: 48 });
    expect(layout.halves[0].levels).toHaveLength(1);
    const cpu = compileCpu(dataProfile([array("a", 12), array("b", 30)]), layout);
    expect(kept(cpu, layout, "data")).toEqual({
      12: "a",
      16: "as 12",
      21: "not kept",
      25: "not kept",
      30: "b",
      34: "as 30",
    });
  });

  it("of a group falls back on pages of its own level, whatever the granule", () => {
    const sizes: [ModeInput, number[], Record<number, string>][] = [
      [{ granule: 16 }, [14, 25], { 14: "a", 21: "as 14", 25: "a", 30: "as 25" }],
      [{ granule: 64, pamax: 48 }, [16, 29], { 16: "a", 21: "as 16", 29: "a", 34: "as 29" }],
      [{ granule: 64, pamax: 48 }, [16], { 16: "a", 21: "as 16", 29: "not kept", 34: "not kept" }],
    ];
    for (const [mode, pages, expected] of sizes) {
      const layout = layoutOf("arm64", mode);
      const cpu = compileCpu(dataProfile([array("a", ...pages)]), layout);
      expect(kept(cpu, layout, "data")).toEqual(expected);
    }
  });

  it("of a group goes by the profile's rule before it falls back on its pages", () => {
    const cpu = compileCpu(
      dataProfile([array("a", 12, 16, 21)], [smash("data", 25, 16), smash("data", 34, 21)]),
      ARM,
    );
    expect(kept(cpu, ARM, "data")).toMatchObject({ 25: "as 16", 30: "not kept", 34: "as 21" });
  });

  it("is kept smaller in the structure that the rule names, not in the others", () => {
    const all = [array("a", 12)];
    for (const named of ["data", "fetch", "store", "second"] as const) {
      const tlb = { data: all, fetch: all, store: all, second: all, smash: [smash(named, 21, 12)] };
      const cpu = compileCpu(profileWith(tlb), X86);
      for (const structure of ["data", "fetch", "store", "second"] as const) {
        const here = structure === named ? "as 12" : "not kept";
        expect([structure, kept(cpu, X86, structure)[21]]).toEqual([structure, here]);
      }
    }
  });

  // The group falls back on 2 MiB pages, which are kept as 4 KiB pieces themselves.
  it("of a group is kept as what the pages of the group are kept as", () => {
    const cpu = compileCpu(dataProfile([array("a", 12)], [smash("data", 21, 12)]), ARM);
    expect(kept(cpu, ARM, "data")).toMatchObject({ 21: "as 12", 25: "as 12" });
  });

  // One 4 KiB page would then translate all 2 MiB around it.
  it("is not kept as a larger one", () => {
    const profile = dataProfile([array("a", 21)], [smash("data", 12, 21)]);
    const accepted = cpuSchema.safeParse(profile).success;
    expect(accepted && kept(compileCpu(profile, X86), X86, "data")[12] === "as 21").toBe(false);
  });
});

describe("a guest's page size", () => {
  const profile = (data: Array[], rules: Smash[] = []): CpuProfile => ({
    ...dataProfile(data, rules),
    caches: [{ name: "C", bytes: 4096, ways: 1, lineBytes: 64, shared: false, cycles: 4, ...FACT }],
  });

  it("is kept as the host's where it is larger, as it is where it is not", () => {
    const all = profile([array("small", 12), array("large", 21, 30)]);
    const by = (nestedShift: number) => kept(compileCpu(all, X86, { nestedShift }), X86, "data");
    expect(by(12)).toEqual({ 12: "small", 21: "as 12", 30: "as 12" });
    expect(by(21)).toEqual({ 12: "small", 21: "large", 30: "as 21" });
    expect(by(30)).toEqual({ 12: "small", 21: "large", 30: "large" });
    const group = compileCpu(profile([array("a", 12, 16, 21)]), ARM, { nestedShift: 16 });
    expect(kept(group, ARM, "data")).toMatchObject({ 12: "a", 16: "a", 21: "as 16", 34: "as 16" });
  });

  it("is kept as what the host's size is kept as", () => {
    const one = profile([array("a", 12)], [smash("data", 21, 12)]);
    const cpu = compileCpu(one, X86, { nestedShift: 21 });
    expect(kept(cpu, X86, "data")).toEqual({ 12: "a", 21: "as 12", 30: "as 12" });
    const none = compileCpu(profile([array("a", 12)]), X86, { nestedShift: 21 });
    expect(kept(none, X86, "data")).toEqual({ 12: "a", 21: "not kept", 30: "not kept" });
  });

  it("is refused where no TLB entry has the host's, or nothing is cached", () => {
    const all = profile([array("a", 12, 21, 30)]);
    expect(() => compileCpu(all, X86, { nestedShift: 16 })).toThrow(
      new MmulateError("CONFIG", "host pages of 64k: x86-64 has TLB entries of 4k, 2m, 1g here"),
    );
    expect(() => compileCpu(plain, X86, { nestedShift: 12 })).toThrow(
      new MmulateError(
        "CONFIG",
        "cpu plain has no data caches for the host's entries to go through; a profile of a real machine has",
      ),
    );
  });
});

describe("caches and second levels", () => {
  const cache = { bytes: 4096, ways: 1, lineBytes: 64, shared: false, cycles: 4, ...FACT } as const;

  it("are hashed, and filled by victims, where the profile says so", () => {
    const cpu = compileCpu(
      {
        ...profileWith({ second: [{ ...array("s", 12), hashed: true }, array("t", 21)] }),
        caches: [
          { ...cache, name: "near" },
          { ...cache, name: "far", bytes: 8192, hashed: true, fills: "victims" },
        ],
      },
      X86,
    );
    expect(cpu.arrays.map(({ name, hashed = false }) => [name, hashed])).toEqual([
      ["s", true],
      ["t", false],
      ["near", false],
      ["far", true],
    ]);
    expect(cpu.caches.map(({ victims = false }) => victims)).toEqual([false, true]);
    expect(decodeCpu(encodeCpu(cpu)).cpu).toEqual(expectedCpu(cpu));
    const guest = compileCpu(goldenCove, X86, { nestedShift: 12 });
    expect(decodeCpu(encodeCpu(guest)).cpu).toEqual(expectedCpu(guest));
  });
});

describe("stores", () => {
  const tlb = { data: [array("d", 12)], fetch: [array("f", 12)], second: [array("s", 12)] };
  const { DataL1, FetchL1, StoreL1 } = abi.TlbStructure;

  it("look into the data structure where they have none of their own", () => {
    const cpu = compileCpu(profileWith(tlb), X86);
    expect(cpu.routes).toEqual([DataL1, DataL1, FetchL1]);
    expect(kept(cpu, X86, "store")).toEqual({ 12: "not kept", 21: "not kept", 30: "not kept" });
  });

  it("look into a structure of their own where the profile has one", () => {
    const store = [array("w", 12), array("v", 21)];
    const cpu = compileCpu(profileWith({ ...tlb, store, smash: [smash("store", 30, 21)] }), X86);
    expect(cpu.routes).toEqual([DataL1, StoreL1, FetchL1]);
    expect(kept(cpu, X86, "store")).toEqual({ 12: "w", 21: "v", 30: "as 21" });
    expect(kept(cpu, X86, "data")).toEqual({ 12: "d", 21: "not kept", 30: "not kept" });
    expect(cpu.arrays.map(({ name }) => name)).toEqual(["d", "f", "w", "v", "s"]);
  });

  it("have none in a profile that does not mention them", () => {
    const { store: _, ...rest } = profileWith(tlb).tlb;
    expect(cpuSchema.parse({ ...profileWith(tlb), tlb: rest }).tlb.store).toEqual([]);
  });
});

describe("arrays", () => {
  it("are those of data, fetch and second level, then walk caches, each with its sets", () => {
    const { arrays, walkCaches } = compileCpu(plain, X86);
    expect(arrays).toEqual([
      { name: "L1D", sets: 16, ways: 4, tagged: false },
      { name: "L1I", sets: 16, ways: 4, tagged: false },
      { name: "L2", sets: 128, ways: 12, tagged: true },
      { name: "walk cache, level 1", sets: 8, ways: 4, tagged: false },
      { name: "walk cache, level 2", sets: 1, ways: 4, tagged: false },
      { name: "walk cache, level 3", sets: 1, ways: 4, tagged: false },
    ]);
    expect(walkCaches).toEqual([-1, 3, 4, 5, -1, -1, -1, -1]);
  });

  it("are looked up by tags in the second level only, and up to 16 ways", () => {
    const of = (ways: number) => [{ ...array("a", 12), entries: 2 * ways, ways }];
    const taggedWith = (ways: number) => {
      const tlb = { data: of(ways), fetch: of(ways), store: of(ways), second: of(ways) };
      return compileCpu(profileWith(tlb), X86).arrays.map(({ tagged }) => tagged);
    };
    for (const ways of [1, 12, 16]) expect(taggedWith(ways)).toEqual([false, false, false, true]);
    for (const ways of [17, 256]) expect(taggedWith(ways)).toEqual([false, false, false, false]);
  });

  it("are not to be had beyond 24, walk caches counted in", () => {
    const many = (count: number) =>
      dataProfile(Array.from({ length: count }, () => array("a", 12)));
    const [cache] = plain.walkCaches;
    if (cache === undefined) throw new Error("plain has walk caches");
    expect(compileCpu(many(24), X86).arrays).toHaveLength(24);
    expect(() => compileCpu({ ...many(24), walkCaches: [cache] }, X86)).toThrow(
      new MmulateError("CONFIG", "cpu plain has 25 arrays; 24 are supported"),
    );
  });
});

describe("a profile", () => {
  it("made for other architectures is refused", () => {
    const message = "cpu yardstick is made for x86-64, not for arm64 (choose with --arch)";
    expect(() => compileCpu(yardstick, ARM)).toThrow(new MmulateError("CONFIG", message));
    const both = { ...yardstick, architectures: ["x86-64", "arm64"] };
    expect(compileCpu(both, ARM).arrays).toEqual(compileCpu(yardstick, X86).arrays);
  });

  const entries = (count: number, ways: number) =>
    cpuSchema.safeParse(dataProfile([{ ...array("a", 12), entries: count, ways }])).success;

  it.each([
    [64, 4, true],
    [4, 4, true],
    [1536, 12, true],
    [1, 1, true],
    [48, 4, false],
    [65, 4, false],
    // Half a set: 2 / 4 is a power of two too.
    [2, 4, false],
    [1, 256, false],
  ])("with %d entries in %d ways passes the schema: %s", (count, ways, passes) => {
    expect(entries(count, ways)).toBe(passes);
    const [cache] = plain.walkCaches;
    const walkCaches = [{ ...cache, entries: count, ways }];
    expect(cpuSchema.safeParse({ ...dataProfile([]), walkCaches }).success).toBe(passes);
  });
});

const drawnArrays = fc.array(
  fc.record({
    pages: fc.oneof(
      fc.constant("all" as const),
      fc.subarray([12, 16, 21, 25, 30, 34], { minLength: 1 }),
    ),
    ways: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(1, 4, 12, 16, 256)),
    sets: fc.constantFrom(1, 2, 8, 32),
  }),
  { maxLength: 3 },
);
const drawnStructure = drawnArrays.map((drawn) =>
  drawn.map(({ pages, ways, sets }, i) => ({
    ...array(`a${i}`),
    pages,
    ways,
    entries: sets * ways,
  })),
);
const PROFILES = fc
  .record({
    data: drawnStructure,
    fetch: drawnStructure,
    store: drawnStructure,
    second: drawnStructure,
    walkCaches: fc.subarray([...plain.walkCaches]),
  })
  .map(({ walkCaches, ...tlb }): CpuProfile => {
    const smashed = [smash("second", 30, 21), smash("store", 21, 12)];
    return { ...profileWith({ ...tlb, smash: smashed }), walkCaches };
  });
const CPUS = fc
  .tuple(PROFILES, fc.constantFrom(X86, ARM))
  .map(([profile, layout]) => compileCpu(profile, layout));
/** Where a block may lie. */
const BASES = fc.integer({ min: 0, max: 0xc000_0000 / 64 }).map((line) => 64 * line);

describe("the encoded CPU", () => {
  it("says what the compiled one says, at the ABI's offsets, and nothing else", () => {
    fc.assert(
      fc.property(CPUS, (cpu) => {
        const bytes = encodeCpu(cpu);
        const decoded = decodeCpu(bytes);
        expect(bytes).toHaveLength(abi.GEOMETRY_BYTES);
        expect(decoded.cpu).toEqual(expectedCpu(cpu));
        expect(decoded).toMatchObject({ overlaps: [], strays: [] });
      }),
      { numRuns: 100, seed: 1 },
    );
  });

  it("gives every array lines of its own behind the state, all within the block", () => {
    fc.assert(
      fc.property(CPUS, BASES, (cpu, base) => {
        const parts = blockParts(encodeCpu(cpu), cpu, base);
        let free = base + abi.CPU_ENTRIES;
        for (const { what, at, bytes } of parts.toSorted((a, b) => a.at - b.at)) {
          expect([what, at % 64, at >= free]).toEqual([what, 0, true]);
          free = at + bytes;
        }
        const end = base + cpuBlockBytes(cpu);
        expect(free).toBeLessThanOrEqual(end);
        // Blocks follow each other, and no line is lost.
        expect([end % 64, end - free < 64]).toEqual([0, true]);
      }),
      { numRuns: 100, seed: 2 },
    );
  });

  it("has entries of both kinds, tags and orders for tagged arrays only", () => {
    const tlb = { data: [array("d", 12)], second: [array("s", 12)] };
    const cpu = compileCpu(profileWith(tlb), X86);
    const parts = blockParts(encodeCpu(cpu), cpu, 0);
    // 16 entries of 32 bytes; then 16 of 16 bytes, and for each of 4 sets 16 tags and 16 nibbles.
    expect(parts.map(({ what, bytes }) => [what, bytes])).toEqual([
      ["d: entries", 512],
      ["s: entries", 256],
      ["s: tags", 256],
      ["s: orders", 32],
    ]);
    expect(cpuBlockBytes(cpu)).toBe(abi.CPU_ENTRIES + 512 + 256 + 256 + 64);
  });

  it("of no array needs a block of state alone, which fits where the core has such a CPU", () => {
    const cpu = compileCpu(profileWith({}), X86);
    expect(cpu.arrays).toEqual([]);
    expect(cpuBlockBytes(cpu)).toBe(abi.CPU_ENTRIES);
    expect(abi.CPU_ENTRIES % 64).toBe(0);
    expect(abi.CPU_ENTRIES).toBeLessThanOrEqual(NO_CPU_REGION);
  });

  it("is refused beyond 64 MiB", () => {
    const many = (count: number) =>
      compileCpu(
        profileWith({
          second: Array.from({ length: count }, () => ({
            ...array("a", 12),
            entries: 65_536,
            ways: 1,
          })),
        }),
        X86,
      );
    // Per entry 16 bytes, a line of tags and 8 bytes of order.
    const bytesOf = (count: number) => abi.CPU_ENTRIES + count * 65_536 * (16 + 64 + 8);
    expect(cpuBlockBytes(many(11))).toBe(bytesOf(11));
    const refusal = new MmulateError(
      "CONFIG",
      `the TLBs of a CPU take ${bytesOf(12)} bytes; 64 MiB are supported`,
    );
    expect(() => cpuBlockBytes(many(12))).toThrow(refusal);
    expect(() => encodeCpu(many(12))).toThrow(refusal);
  });
});
