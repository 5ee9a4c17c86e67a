/**
 * What an x86-64 entry is and where it points, by a compiled layout and by the tables of Intel SDM vol. 3A
 * 4.5.4, written out as plain code: random entries at every level in random modes.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { x8664 } from "../../arch/x86-64.js";
import { compileLayout } from "../../src/layout/compile.js";
import type { Mode } from "../../src/layout/mode.js";
import { classify, leafAddressOf, levelOf, tableAddressOf } from "./entries.js";
import { arbitraryMode } from "./modes.js";

function field(entry: bigint, hi: number, lo: number): bigint {
  return hi < lo ? 0n : (entry >> BigInt(lo)) & (2n ** BigInt(hi - lo + 1) - 1n);
}

/** Levels as the SDM draws them: 1 is a PTE, 5 a PML5E. */
function kindOf(entry: bigint, level: number, mode: Mode): string {
  if (field(entry, 0, 0) === 0n) return "not-present";
  if (field(entry, 51, Number(mode.maxphyaddr)) !== 0n) return "reserved";
  if (field(entry, 63, 63) === 1n && !mode.nx) return "reserved";
  if (level === 1) return "leaf";
  if (field(entry, 7, 7) === 0n) return "table";
  if (level === 2) return field(entry, 20, 13) === 0n ? "leaf" : "reserved";
  if (level === 3 && mode.pse1g) return field(entry, 29, 13) === 0n ? "leaf" : "reserved";
  return "reserved";
}

/** Mostly entries with few bits in the upper half, or nearly all would be reserved. */
function arbitraryEntry(): fc.Arbitrary<bigint> {
  const bits = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const few = fc.array(fc.nat(63), { maxLength: 3 });
  return fc.oneof(
    bits,
    fc
      .tuple(few, fc.bigInt({ min: 0n, max: 0x1fffn }))
      .map(([set, low]) => set.reduce((entry, bit) => entry | (1n << BigInt(bit)), low)),
  );
}

const CASES = fc.record({
  mode: arbitraryMode(x8664),
  entries: fc.array(arbitraryEntry(), { minLength: 50, maxLength: 50 }),
});

describe("an x86-64 entry", () => {
  it("is what the tables of SDM 4.5.4 make of it, at every level", () => {
    const kinds = new Map<string, number>();
    fc.assert(
      fc.property(CASES, ({ mode, entries }) => {
        const [half] = compileLayout(x8664, mode).halves;
        for (const level of half.levels) {
          for (const entry of entries) {
            const kind = kindOf(entry, level.number, mode);
            expect(`${level.name} ${classify(half, level, entry)}`).toBe(`${level.name} ${kind}`);
            kinds.set(kind, 1 + (kinds.get(kind) ?? 0));
          }
        }
      }),
      { numRuns: 40, seed: 1 },
    );
    // The sample means something only if it has enough of each.
    for (const kind of ["not-present", "reserved", "table", "leaf"]) {
      expect(kinds.get(kind)).toBeGreaterThan(100);
    }
  });

  it("points where bits 51:12 say, less the offset in a large page", () => {
    fc.assert(
      fc.property(CASES, ({ mode, entries }) => {
        const [half] = compileLayout(x8664, mode).halves;
        for (const level of half.levels) {
          for (const entry of entries) {
            const shift = 12 + 9 * level.level;
            expect(tableAddressOf(level, entry)).toBe(field(entry, 51, 12) << 12n);
            expect(leafAddressOf(level, entry)).toBe(field(entry, 51, shift) << BigInt(shift));
          }
        }
      }),
      { numRuns: 10, seed: 2 },
    );
  });

  it("is accessed by A, dirty by D, both of which hardware sets", () => {
    const [half] = compileLayout(x8664).halves;
    expect(half.accessed).toEqual({ mask: 0x20n, value: 0x20n, by: "hardware" });
    expect(half.dirty).toEqual({ mask: 0x40n, value: 0x40n, by: "hardware" });
    expect(half.tableSet).toBe(0x20n);
    expect([half.accessedBeforePermission, half.faultDropsTlb]).toEqual([false, true]);
  });

  // SDM 4.10.2.4: "If CR4.PGE = 1, a translation is global if the G flag […] is 1".
  it("is global by G with CR4.PGE, else never", () => {
    const globalOf = (pge: boolean) => compileLayout(x8664, { pge }).halves.map((h) => h.global);
    const byG = { mask: 0x100n, value: 0x100n };
    const never = { mask: 0n, value: 1n };
    expect([globalOf(true), globalOf(false)]).toEqual([
      [byG, byG],
      [never, never],
    ]);
  });

  it.each([
    [true, [0, 12, 21, 30]],
    [false, [0, 12, 21]],
  ])("maps pages of the sizes there are, with 1 GiB pages %s", (pse1g, shifts) => {
    const layout = compileLayout(x8664, { pse1g });
    const [half] = layout.halves;
    expect(layout.classShifts).toEqual(shifts);
    expect(half.levels.map(({ leafClass }) => layout.classShifts[leafClass])).toEqual([
      12,
      21,
      pse1g ? 30 : 0,
      0,
    ]);
    expect(half.levels.every(({ groupShift }) => groupShift === 0)).toBe(true);
  });

  it("is made from templates that are user pages and tables of the level", () => {
    const [half] = compileLayout(x8664, { levels: 5 }).halves;
    for (const { leafTemplate, level, leafClass } of half.levels) {
      expect(leafTemplate !== null).toBe(leafClass !== 0);
      const here = levelOf(half, level);
      if (leafTemplate !== null) expect(classify(half, here, leafTemplate)).toBe("leaf");
      if (level > 0) expect(classify(half, here, half.tableTemplate)).toBe("table");
    }
  });
});
