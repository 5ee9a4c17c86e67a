/**
 * What an arm64 descriptor is and where it points, by a compiled layout and by the address functions of the
 * reference walker (test/reference/arm64-geometry.ts), which are the pseudocode's: random descriptors at
 * every level in random modes.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arm64 } from "../../arch/arm64.js";
import { compileLayout } from "../../src/layout/compile.js";
import type { CompiledHalf } from "../../src/layout/compiled.js";
import { holds } from "../../src/layout/condition.js";
import { fieldsOf } from "../../src/layout/fields.js";
import type { Mode } from "../../src/layout/mode.js";
import {
  blockDescSupported,
  contiguousBits,
  leafBase,
  nextTableBase,
  sizeBits,
  startLevel,
  type WalkParams,
  walkParams,
} from "../reference/arm64-geometry.js";
import type { Arm64Config } from "../reference/vector.js";
import { classify, leafAddressOf, levelOf, tableAddressOf } from "./entries.js";
import { arbitraryMode } from "./modes.js";

const CONTIGUOUS = 1n << 52n;
/** An address of each half: bit 55 selects it. */
const ADDRESSES = [0n, 2n ** 64n - 1n];

/** The reference machine has 52-bit physical addresses throughout. */
const MODES = arbitraryMode(arm64).map((mode): Mode => ({ ...mode, pamax: 52 }));

function halvesOf(
  mode: Mode,
  layout = compileLayout(arm64, mode),
): (readonly [CompiledHalf, WalkParams])[] {
  return layout.halves.map((half, number) => [
    half,
    walkParams(mode as unknown as Arm64Config, ADDRESSES[number] ?? 0n),
  ]);
}

const CASES = fc.record({
  mode: MODES,
  descriptors: fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), {
    minLength: 30,
    maxLength: 30,
  }),
});

/** AArch64.DecodeDescriptorType. */
function kindOf(descriptor: bigint, level: number, params: WalkParams): string {
  if ((descriptor & 1n) === 0n) return "not-present";
  const isTableOrPage = (descriptor & 2n) !== 0n;
  if (level === 3) return isTableOrPage ? "leaf" : "not-present";
  if (isTableOrPage) return "table";
  return blockDescSupported(level, params) ? "leaf" : "not-present";
}

describe("an arm64 descriptor", () => {
  it("is what AArch64.DecodeDescriptorType makes of it, at every level", () => {
    fc.assert(
      fc.property(CASES, ({ mode, descriptors }) => {
        for (const [half, params] of halvesOf(mode)) {
          for (const level of half.levels) {
            for (const descriptor of descriptors) {
              const kind = kindOf(descriptor, level.number, params);
              expect(`${level.name} ${classify(half, level, descriptor)}`).toBe(
                `${level.name} ${kind}`,
              );
            }
          }
        }
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  it("points where AArch64.NextTableBase and AArch64.LeafBase say", () => {
    fc.assert(
      fc.property(CASES, ({ mode, descriptors }) => {
        for (const [half, params] of halvesOf(mode)) {
          for (const level of half.levels) {
            expect(level.shift).toBe(sizeBits(level.number, params));
            for (const descriptor of descriptors) {
              const base = leafBase(descriptor, level.number, params);
              expect(tableAddressOf(level, descriptor)).toBe(nextTableBase(descriptor, params));
              if (level.leafClass !== 0) expect(leafAddressOf(level, descriptor)).toBe(base);
            }
          }
        }
      }),
      { numRuns: 60, seed: 2 },
    );
  });

  // D8.6.2: TCR.DS takes the shareability out of the descriptor, but not with the 64 KiB granule.
  it("has in bits 9:8 of a leaf its shareability or address bits, one of them in any mode", () => {
    fc.assert(
      fc.property(arbitraryMode(arm64), (mode) => {
        const fields = fieldsOf(arm64, 0, "leaf").filter(({ when }) => holds(when, mode));
        const named = fields.filter(({ bits: [hi, lo] }) => lo <= 9 && hi >= 8);
        const lpa2 = mode.ds === true && mode.granule !== 64;
        expect(named.map(({ name }) => name)).toEqual(lpa2 ? [] : ["SH"]);
        for (const half of compileLayout(arm64, mode).halves) {
          expect((levelOf(half, 0).highAddress & 0x300n) === 0x300n).toBe(lpa2);
        }
      }),
      { numRuns: 60, seed: 6 },
    );
  });

  it("counts as contiguous at the levels and sizes of AArch64.ContiguousSize, if its table is that large", () => {
    fc.assert(
      fc.property(MODES, (mode) => {
        for (const [half, params] of halvesOf(mode)) {
          for (const level of half.levels) {
            // The pseudocode asks only of leaves.
            const leaf = level.leafClass !== 0;
            const log2 = leaf ? contiguousBits(CONTIGUOUS, level.number, params) : 0;
            const fits = log2 > 0 && log2 <= level.indexBits;
            expect(level.groupShift).toBe(fits ? level.shift + log2 : 0);
            expect(level.group.mask).toBe(fits ? CONTIGUOUS : 0n);
            expect(level.group.value).toBe(level.group.mask);
          }
        }
      }),
      { numRuns: 200, seed: 3 },
    );
  });

  it("has a page-size class for every leaf and group of either half, smallest first", () => {
    fc.assert(
      fc.property(MODES, (mode) => {
        const layout = compileLayout(arm64, mode);
        const halves = halvesOf(mode, layout);
        const leaves = halves.flatMap(([half, params]) =>
          half.levels.filter(({ number }) => number === 3 || blockDescSupported(number, params)),
        );
        const sizes = leaves.flatMap(({ shift, groupShift }) => [shift, groupShift]);
        const distinct = [...new Set([0, ...sizes])].sort((a, b) => a - b);
        expect(layout.classShifts).toEqual(distinct);
        for (const level of halves.flatMap(([half]) => half.levels)) {
          const shift = leaves.includes(level) ? level.shift : 0;
          expect(layout.classShifts[level.leafClass]).toBe(shift);
          expect(layout.classShifts[level.groupClass]).toBe(level.groupShift);
        }
      }),
      { numRuns: 100, seed: 4 },
    );
  });

  it("is limited to the output size, and has no reserved bits of its own", () => {
    for (const ips of [32, 36, 40, 42, 44, 48, 52]) {
      const [half, other] = compileLayout(arm64, { ips }).halves;
      expect(half.addressLimit).toBe(2n ** 64n - 2n ** BigInt(ips));
      expect(other.addressLimit).toBe(half.addressLimit);
      for (const { tableReserved, leafReserved, tableForbidden, leafForbidden } of half.levels) {
        expect([tableReserved, leafReserved]).toEqual([0n, 0n]);
        expect([tableForbidden, leafForbidden]).toEqual([[], []]);
      }
    }
  });

  it("holds no address above bit 47, nor a 4 TiB block, with 64 KiB pages and 48-bit addresses", () => {
    const [half] = compileLayout(arm64, { granule: 64, pamax: 48 }).halves;
    expect(half.levels.map(({ highAddress }) => highAddress)).toEqual([0n, 0n, 0n]);
    expect(classify(half, levelOf(half, 2), 0b01n)).toBe("not-present");
  });

  it.each([
    [false, false, "fault", "nobody"],
    [true, false, "hardware", "nobody"],
    [false, true, "fault", "nobody"],
    [true, true, "hardware", "hardware"],
  ])("is marked with HA %s and HD %s: AF by %s, AP[2] by %s", (ha, hd, accessed, dirty) => {
    for (const half of compileLayout(arm64, { ha, hd }).halves) {
      expect(half.accessed).toEqual({ mask: 0x400n, value: 0x400n, by: accessed });
      expect(half.dirty).toEqual({ mask: 0x80n, value: 0n, by: dirty });
      expect(half.global).toEqual({ mask: 0x800n, value: 0n });
      expect([half.tableSet, half.keys]).toEqual([0n, null]);
      expect([half.accessedBeforePermission, half.faultDropsTlb]).toEqual([true, false]);
    }
  });

  it("is made from templates that are user pages and tables of the level", () => {
    fc.assert(
      fc.property(MODES, (mode) => {
        for (const [half, params] of halvesOf(mode)) {
          const start = startLevel(params);
          for (const level of half.levels) {
            const { leafTemplate, number } = level;
            expect(leafTemplate !== null).toBe(number === 3 || blockDescSupported(number, params));
            if (leafTemplate !== null) expect(classify(half, level, leafTemplate)).toBe("leaf");
            if (number < 3) expect(classify(half, level, half.tableTemplate)).toBe("table");
            expect(number).toBeGreaterThanOrEqual(start);
          }
        }
      }),
      { numRuns: 100, seed: 5 },
    );
  });
});
