// Second stages as compiled: what levels there are, and what is the first stage's own.

import { describe, expect, it } from "vitest";
import { arm64 } from "../../arch/arm64.js";
import { riscv64 } from "../../arch/riscv64.js";
import type { Descriptor } from "../../arch/schema.js";
import { STAGE2S } from "../../arch/stage2/index.js";
import { compileStage2 } from "../../src/layout/stage2.js";

function named(architecture: string): Descriptor {
  const found = STAGE2S.get(architecture);
  if (found === undefined) throw new Error(`no second stage of ${architecture}`);
  return found;
}

const indexBits = (architecture: string, mode: Record<string, number | boolean>): number[] => {
  const [half] = compileStage2(named(architecture), mode).layout.halves;
  return half.levels.map((level) => level.indexBits);
};

describe("arm64 stage 2", () => {
  const BITS = { 4: [12, 9], 16: [14, 11], 64: [16, 13] } as const;
  const modes = ([4, 16, 64] as const).flatMap((granule) =>
    Array.from({ length: 21 }, (_, i) => ({ granule, ipa: 32 + i })),
  );

  it("begins at the level of which up to 16 tables are enough, side by side", () => {
    for (const { granule, ipa } of modes) {
      const [pageShift, perLevel] = BITS[granule];
      const large = ipa > 48 ? { ds: true, pamax: 52 } : {};
      const levels = indexBits("arm64", { granule, ipa, ...large });
      const [first = 0] = levels.slice(-1);
      // With one level fewer the first table would need more than 16 side by side, or there would be a single level.
      const most = 2 ** 4 * 2 ** perLevel;
      const below = ipa - pageShift - perLevel * (levels.length - 2);
      expect(levels.slice(0, -1)).toEqual(levels.slice(0, -1).map(() => perLevel));
      expect(levels.reduce((sum, each) => sum + each, pageShift)).toBe(ipa);
      expect(2 ** first).toBeLessThanOrEqual(most);
      expect(levels.length === 2 || 2 ** below > most, `${granule} ${ipa}`).toBe(true);
    }
  });

  it.each([
    [{ granule: 4, ipa: 49 }, "ipa = 49, but 32 to 48 is allowed with granule!=64 and !ds"],
    [{ granule: 64, ipa: 52 }, "ipa = 52, but 32 to 48 is allowed with granule=64 and pamax=48"],
    [{ ps: 52 }, "ps = 52, but 32 to 48 is allowed"],
  ])("refuses %o", (mode, message) => {
    expect(() => compileStage2(named("arm64"), mode)).toThrow(message);
  });

  it("has the first stage's rows where they are the same fact", () => {
    const stage2 = named("arm64");
    expect(stage2.types).toEqual(arm64.types);
    expect(stage2.address).toEqual(arm64.address);
    expect(stage2.contiguous).toEqual(arm64.contiguous);
    for (const name of ["VALID", "TYPE", "AF", "DBM", "CONT", "SW"]) {
      const of = ({ fields }: Descriptor) => fields.find((row) => row.name === name);
      expect(of(stage2)).toEqual(of(arm64));
    }
  });
});

describe("riscv64 G-stage", () => {
  it("has a root of 2,048 entries, and 41, 50 or 59 address bits", () => {
    const own = [39, 48, 57].map((sv) => indexBits("riscv64", { sv }));
    expect(own).toEqual([
      [9, 9, 11],
      [9, 9, 9, 11],
      [9, 9, 9, 9, 11],
    ]);
    const [half] = compileStage2(named("riscv64"), { sv: 48 }).layout.halves;
    expect(half.range).toEqual({ mask: ~((1n << 50n) - 1n) & ((1n << 64n) - 1n), value: 0n });
  });

  it("reads entries as the first stage does", () => {
    const stage2 = named("riscv64");
    for (const part of ["fields", "types", "address", "reserved", "forbidden"] as const) {
      expect(stage2[part]).toEqual(riscv64[part]);
    }
    expect(stage2.global).toBeUndefined();
  });
});
