/** What the golden files are written with: no row of a table and no bit of a mask may get lost in them. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blocksOf } from "./blocks.js";
import { bitRanges, maskText, rightsText, sizeText } from "./words.js";

/** Tables with few values, in which there is something to join. */
const TABLES = fc
  .integer({ min: 0, max: 6 })
  .chain((bits) => fc.array(fc.nat(2), { minLength: 2 ** bits, maxLength: 2 ** bits }));

describe("the blocks of a table", () => {
  it("hold each index once, with its value", () => {
    fc.assert(
      fc.property(TABLES, (table) => {
        const blocks = blocksOf(table);
        for (const [index, value] of table.entries()) {
          const holding = blocks.filter(({ fixed, bits }) => (index & fixed) === bits);
          expect(holding.map((block) => block.value)).toEqual([value]);
        }
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  it("are the fewest that a decision tree needs", () => {
    // Bit 0 is P, bit 1 is PS: the example at the head of blocks.ts.
    expect(blocksOf([7, 8, 7, 9])).toEqual([
      { fixed: 1, bits: 0, value: 7 },
      { fixed: 3, bits: 1, value: 8 },
      { fixed: 3, bits: 3, value: 9 },
    ]);
    expect(blocksOf([5, 5, 5, 5])).toEqual([{ fixed: 0, bits: 0, value: 5 }]);
    expect(blocksOf([5])).toEqual([{ fixed: 0, bits: 0, value: 5 }]);
  });
});

describe("a mask in words", () => {
  it("has its runs of bits, highest first", () => {
    expect(bitRanges(0n)).toBe("[]");
    expect(bitRanges(1n)).toBe("[0]");
    expect(bitRanges(0x8000_0000_0000_0f07n)).toBe("[63,11:8,2:0]");
    expect(bitRanges(2n ** 64n - 1n)).toBe("[63:0]");
  });

  it("names every field it touches, if only in part", () => {
    const fields = [
      { name: "A", bits: [3, 2] as const },
      { name: "B", bits: [1, 1] as const },
      { name: "C", bits: [4, 4] as const },
    ];
    expect(maskText(0b0110n, fields)).toBe("0x6 [2:1] A B");
  });
});

it("sizes and rights have their usual letters", () => {
  expect([12, 16, 21, 30, 39, 42].map(sizeText).join()).toBe(
    "4 KiB,64 KiB,2 MiB,1 GiB,512 GiB,4 TiB",
  );
  expect([0, 0b000_011, 0b111_111, 0b101_100 | 64].map(rightsText)).toEqual([
    "u:--- s:---",
    "u:rw- s:---",
    "u:rwx s:rwx",
    "u:--x s:r-x k",
  ]);
});
