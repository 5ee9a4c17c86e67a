/**
 * The levels of a layout cover exactly the translated address bits, and carry the manual's numbers: every
 * legal granule, TnSZ and DS of arm64, both depths of x86-64.
 */
import { describe, expect, it } from "vitest";
import { arm64 } from "../../arch/arm64.js";
import { x8664 } from "../../arch/x86-64.js";
import { compileLayout } from "../../src/layout/compile.js";
import type { CompiledHalf } from "../../src/layout/compiled.js";
import { isLegalArm64 } from "./modes.js";

interface Arm64Case {
  readonly granule: number;
  readonly tnsz: number;
  readonly ds: boolean;
}

const GRANULES = [4, 16, 64];
const PAGE_SHIFTS = new Map([
  [4, 12],
  [16, 14],
  [64, 16],
]);
const ARM64_CASES: Arm64Case[] = GRANULES.flatMap((granule) =>
  [false, true].flatMap((ds) =>
    Array.from({ length: 64 }, (_, tnsz) => ({ granule, tnsz, ds })).filter(({ tnsz }) =>
      isLegalArm64({ granule, ds, t0sz: tnsz, t1sz: tnsz }),
    ),
  ),
);

/** The top level holds what is left over: of 0 bits there is no level, beyond a full table one more. */
function expectCover(half: CompiledHalf, pageShift: number, vaBits: number, full: number): void {
  expect(half.vaBits).toBe(vaBits);
  expect(half.topLevel).toBe(half.levels.length - 1);
  let next = pageShift;
  for (const [index, { level, shift, indexBits }] of half.levels.entries()) {
    expect([level, shift]).toEqual([index, next]);
    if (index < half.topLevel) expect(indexBits).toBe(full);
    next += indexBits;
  }
  const top = half.levels[half.topLevel]?.indexBits;
  expect(top).toBeGreaterThanOrEqual(1);
  expect(top).toBeLessThanOrEqual(full);
  expect(next).toBe(vaBits);
}

describe.each(GRANULES)("arm64 with a granule of %d KiB", (granule) => {
  const cases = ARM64_CASES.filter((each) => each.granule === granule);
  const pageShift = PAGE_SHIFTS.get(granule) ?? 0;
  const stride = pageShift - 3;
  const layoutOf = ({ tnsz, ds }: Arm64Case) =>
    compileLayout(arm64, { granule, t0sz: tnsz, t1sz: tnsz, ds });

  it("covers 64 - TnSZ address bits in both halves, for every TnSZ", () => {
    for (const each of cases) {
      const layout = layoutOf(each);
      expect(layout.pageShift).toBe(pageShift);
      for (const half of layout.halves) expectCover(half, pageShift, 64 - each.tnsz, stride);
    }
  });

  it("starts at the level of AArch64.S1StartLevel and ends at level 3", () => {
    for (const each of cases) {
      const [{ levels }] = layoutOf(each).halves;
      const start = 4 - Math.ceil((64 - each.tnsz - pageShift) / stride);
      expect([each, levels.at(-1)?.number, levels[0]?.number]).toEqual([each, start, 3]);
      expect(levels.map(({ name }) => name)).toEqual(levels.map(({ number }) => `L${number}`));
      expect(levels.map(({ level, number }) => level + number)).toEqual(levels.map(() => 3));
    }
  });

  it("takes addresses whose untranslated bits are all 0 in TTBR0's half, all 1 in TTBR1's", () => {
    for (const each of cases) {
      const above = 2n ** 64n - 2n ** BigInt(64 - each.tnsz);
      const [low, high] = layoutOf(each).halves;
      expect(low.range).toEqual({ mask: above, value: 0n });
      expect(high.range).toEqual({ mask: above, value: above });
    }
  });
});

describe("arm64", () => {
  it("has levels from the ranges that the manual tables for its granules", () => {
    // D8.2.6 to D8.2.8: least and most TnSZ per granule, and the levels that a walk then starts at.
    const tops = (granule: number, ds: boolean) => {
      const of = ARM64_CASES.filter((each) => each.granule === granule && each.ds === ds);
      return of.map(({ tnsz }) => {
        const [half] = compileLayout(arm64, { granule, t0sz: tnsz, t1sz: tnsz, ds }).halves;
        return half.levels.at(-1)?.number;
      });
    };
    expect([...new Set(tops(4, false))]).toEqual([0, 1, 2, 3]);
    expect([...new Set(tops(4, true))]).toEqual([-1, 0, 1, 2, 3]);
    expect([...new Set(tops(16, false))]).toEqual([0, 1, 2, 3]);
    expect([...new Set(tops(16, true))]).toEqual([0, 1, 2, 3]);
    expect([...new Set(tops(64, false))]).toEqual([1, 2, 3]);
  });

  it("gives each half its own size", () => {
    const [low, high] = compileLayout(arm64, { t0sz: 25, t1sz: 16 }).halves;
    expect([low.vaBits, low.levels.length, low.root]).toEqual([39, 3, "TTBR0"]);
    expect([high.vaBits, high.levels.length, high.root]).toEqual([48, 4, "TTBR1"]);
  });

  it("selects the half by bit 55, which no half translates", () => {
    for (const { granule, tnsz, ds } of ARM64_CASES) {
      const layout = compileLayout(arm64, { granule, t0sz: tnsz, t1sz: tnsz, ds });
      expect(layout.selectBit).toBe(55);
      expect(64 - tnsz).toBeLessThanOrEqual(55);
    }
  });
});

describe.each([
  [4, 48, ["PTE", "PDE", "PDPTE", "PML4E"]],
  [5, 57, ["PTE", "PDE", "PDPTE", "PML4E", "PML5E"]],
])("x86-64 with %d levels", (levels, vaBits, names) => {
  const layout = compileLayout(x8664, { levels });

  it("covers its address bits with full tables", () => {
    expect(layout.pageShift).toBe(12);
    for (const half of layout.halves) {
      expectCover(half, 12, vaBits, 9);
      expect(half.levels.at(-1)?.indexBits).toBe(9);
      expect(half.levels.map(({ name }) => name)).toEqual(names);
      expect(half.levels.map(({ number }) => number)).toEqual(names.map((_, level) => level + 1));
    }
  });

  it("takes canonical addresses: the top translated bit repeated above", () => {
    // "Canonical": bits 63 down to the top translated one all equal, so that it is in the mask itself.
    const mask = 2n ** 64n - 2n ** BigInt(vaBits - 1);
    const [low, high] = layout.halves;
    expect(low.range).toEqual({ mask, value: 0n });
    expect(high.range).toEqual({ mask, value: mask });
    expect(layout.selectBit).toBe(63);
  });

  it("walks both halves from CR3 and reports a range fault at the top", () => {
    for (const half of layout.halves) {
      expect([half.root, half.rangeLevel]).toEqual(["CR3", levels - 1]);
    }
  });
});
