// What a profile may say of its memory side, and what the schema refuses.

import { describe, expect, it } from "vitest";
import { type CpuProfileInput, cpuSchema } from "../../arch/cpu-schema.js";
import { plain } from "../../arch/cpus/plain.js";
import { yardstick } from "../../arch/cpus/yardstick.js";
import { zen4 } from "../../arch/cpus/zen4.js";

const FACT = { cite: "CHOICE of the tests", confidence: "choice" } as const;
const cache = (bytes: number, ways: number, cycles: number) =>
  ({ name: "C", bytes, ways, lineBytes: 64, cycles, ...FACT }) as const;
const NEAR = cache(32_768, 8, 4);
const FAR = cache(1_048_576, 16, 14);
const SIDE = {
  caches: [NEAR, FAR],
  memory: { cycles: 200, ...FACT },
  walker: { entersAt: 0, inFlight: 2, ...FACT },
};

/** "" = accepted, else the first complaint. */
function complaint(side: Partial<CpuProfileInput>): string {
  const { caches: _, ...rest } = plain;
  const { success, error } = cpuSchema.safeParse({ ...rest, ...side });
  return success ? "" : (error.issues[0]?.message ?? "no message");
}

describe("a memory side", () => {
  it("may be left out: loads of the walker then cost the same everywhere", () => {
    expect(complaint({})).toBe("");
    for (const profile of [plain, yardstick]) {
      expect(profile).toMatchObject({ caches: [], unmodelled: [] });
      expect(profile.costs.accessedAssist).toBeUndefined();
    }
  });

  it("is caches, memory and walker together", () => {
    expect(complaint(SIDE)).toBe("");
    const { memory, walker, caches } = SIDE;
    expect(complaint({ caches, walker })).toBe("caches without memory or walker");
    expect(complaint({ caches, memory })).toBe("caches without memory or walker");
    const none = "memory and walker are stated, but no caches";
    expect(complaint({ memory })).toBe(none);
    expect(complaint({ walker })).toBe(none);
    expect(complaint({ clockMHz: { value: 3000, ...FACT } })).toBe("");
  });

  it("goes from near, small and fast to far, large and slow", () => {
    const message = "caches are not ordered from the nearest, smallest and fastest";
    expect(complaint({ ...SIDE, caches: [FAR, NEAR] })).toBe(message);
    expect(complaint({ ...SIDE, caches: [NEAR, { ...FAR, cycles: 4 }] })).toBe(message);
    expect(complaint({ ...SIDE, caches: [NEAR, { ...FAR, bytes: 32_768 }] })).toBe(message);
    expect(complaint({ ...SIDE, memory: { cycles: 14, ...FACT } })).toBe(message);
  });

  it("has the cache at which the walker enters", () => {
    const at = (entersAt: number) => ({ ...SIDE, walker: { ...SIDE.walker, entersAt } });
    expect([0, 1].map((index) => complaint(at(index)))).toEqual(["", ""]);
    expect(complaint(at(2))).toBe("the walker enters at a cache that is not there");
    expect(complaint(at(-1))).not.toBe("");
  });

  it("may fill the last cache with victims, if the walker enters before it", () => {
    const victims = { ...FAR, fills: "victims" } as const;
    const message = "a cache of victims is not the last one, or the walker enters there";
    expect(complaint({ ...SIDE, caches: [NEAR, victims] })).toBe("");
    const behind = cache(4_194_304, 16, 40);
    expect(complaint({ ...SIDE, caches: [NEAR, victims, behind] })).toBe(message);
    const walker = { ...SIDE.walker, entersAt: 1 };
    expect(complaint({ ...SIDE, caches: [NEAR, victims], walker })).toBe(message);
    expect(complaint({ ...SIDE, caches: [victims] })).toBe(message);
  });

  it("may hash second-level TLBs of up to 16 ways, and no first-level one", () => {
    const [second] = plain.tlb.second;
    const told = (tlb: Record<string, unknown>) =>
      cpuSchema.safeParse({ ...plain, tlb: { ...plain.tlb, ...tlb } }).success;
    expect(told({ second: [{ ...second, hashed: true }] })).toBe(true);
    expect(told({ second: [{ ...second, entries: 34, ways: 17, hashed: true }] })).toBe(false);
    expect(told({ second: [{ ...second, entries: 34, ways: 17 }] })).toBe(true);
    expect(told({ data: [{ ...second, hashed: true }] })).toBe(false);
  });

  it.each([
    [48 * 1024, 12, true],
    [1408 * 1024, 11, true],
    [48 * 1024, 8, false],
    [32 * 1024 + 32, 8, false],
    [64, 1, true],
    [64, 2, false],
  ])("has caches of whole sets: %d bytes in %d ways, %s", (bytes, ways, passes) => {
    const message = "bytes / line / ways, the number of sets, is not a power of two";
    const caches = [cache(bytes, ways, 4)];
    expect(complaint({ ...SIDE, caches })).toBe(passes ? "" : message);
  });
});

describe("a confidence", () => {
  const withFirst = (confidence: string) => {
    const [first, ...others] = zen4.walkCaches;
    return cpuSchema.safeParse({ ...zen4, walkCaches: [{ ...first, confidence }, ...others] });
  };
  it.each([
    "manual",
    "witnessed",
    "knowledge",
    "documented",
    "published",
    "measured",
    "inferred",
    "second-hand",
    "choice",
  ])("may be %s", (word) => {
    expect(withFirst(word).success).toBe(true);
  });

  it("must be one of these, and be there", () => {
    expect(withFirst("certain").success).toBe(false);
    const { confidence: _, ...unsure } = zen4.costs.dirtyAssist;
    const costs = { ...zen4.costs, dirtyAssist: unsure };
    expect(cpuSchema.safeParse({ ...zen4, costs }).success).toBe(false);
  });
});
