import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LOCALITIES } from "../../src/study/locality.js";

const chosenBy = (name: string, pages: number, count: number, seed = 1): number[] => [
  ...(LOCALITIES.get(name)?.(pages, count, seed) ?? []),
];

describe.each([...LOCALITIES.keys()])("%s", (name) => {
  it("chooses as many different pages as asked for, the same for the same seed", () => {
    const sizes = fc.tuple(
      fc.integer({ min: 16, max: 400 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
    );
    fc.assert(
      fc.property(sizes, fc.nat(1000), ([pages, part], seed) => {
        const count = Math.max(1, Math.floor(pages * part));
        const chosen = chosenBy(name, pages, count, seed);
        expect(chosen).toHaveLength(count);
        expect(new Set(chosen).size).toBe(count);
        expect(chosen.every((page) => page >= 0 && page < pages)).toBe(true);
        expect(chosenBy(name, pages, count, seed)).toEqual(chosen);
      }),
      { numRuns: 40 },
    );
  });
});

describe("localities", () => {
  it("clustered: aligned runs of 16, each in order", () => {
    const chosen = chosenBy("clustered", 1024, 64);
    const firsts = chosen.filter((_, i) => i % 16 === 0);
    expect(firsts.every((page) => page % 16 === 0)).toBe(true);
    expect(chosen).toEqual(
      firsts.flatMap((first) => Array.from({ length: 16 }, (_, i) => first + i)),
    );
  });

  it("strided: all as far from each other", () => {
    expect(chosenBy("strided", 1000, 5)).toEqual([0, 200, 400, 600, 800]);
  });

  it("hot: nine of ten in a stretch as long as all of them", () => {
    const chosen = chosenBy("hot", 2000, 200).sort((a, b) => a - b);
    const stretch = chosen.map(
      (first) => chosen.filter((page) => page >= first && page < first + 200).length,
    );
    expect(Math.max(...stretch)).toBeGreaterThanOrEqual(180);
    expect(chosen.at(-1) ?? 0).toBeGreaterThan((chosen[0] ?? 0) + 400);
  });
});
