/** What rows of a descriptor mean, where x86-64 and arm64 leave a meaning unused. */
import { describe, expect, it } from "vitest";
import type { DescriptorInput } from "../../arch/schema.js";
import { compileLayout } from "../../src/layout/compile.js";
import type { CompiledHalf } from "../../src/layout/compiled.js";
import { classify, levelOf } from "./entries.js";
import { rightsOf } from "./rights.js";
import { variantOf } from "./variants.js";
import { rightsText } from "./words.js";

const CITE = "TEST, no real hardware";
type Rules = DescriptorInput["permissions"]["rows"];

function halfOf(changes: Partial<DescriptorInput>, mode = {}): CompiledHalf {
  return compileLayout(variantOf(changes), mode).halves[0];
}

/** Rights of an x86-64 leaf with these bits, under these rules. */
function rightsUnder(rows: Rules, leaf: bigint): string {
  const permissions = { leaf: ["RW", "US", "XD"], table: [], rows };
  return rightsText(rightsOf(halfOf({ permissions, keys: undefined }), leaf, []));
}

describe("permission rules", () => {
  it("take away, in order, what is left by those before", () => {
    const drop: Rules[number] = { when: ["!RW"], remove: ["user.write"], cite: CITE };
    const writable: Rules[number] = { when: ["user.write"], remove: ["user.fetch"], cite: CITE };
    expect(rightsUnder([drop, writable], 0n)).toBe("u:r-x s:rwx");
    expect(rightsUnder([writable, drop], 0n)).toBe("u:r-- s:rwx");
    expect(rightsUnder([drop, writable], 0b10n)).toBe("u:rw- s:rwx");
  });

  it("may ask for a right to be gone", () => {
    const rows: Rules = [
      { when: ["!US"], remove: ["user.read"], cite: CITE },
      { when: ["!user.read", "RW"], remove: ["supervisor.write"], cite: CITE },
    ];
    expect(rightsUnder(rows, 0b010n)).toBe("u:-wx s:r-x");
    expect(rightsUnder(rows, 0b110n)).toBe("u:rwx s:rwx");
    expect(rightsUnder(rows, 0b000n)).toBe("u:-wx s:rwx");
  });

  it("leave everything allowed where there are none", () => {
    expect(rightsUnder([], 0n)).toBe("u:rwx s:rwx");
  });
});

describe("rows on the type of an entry", () => {
  it("are looked at in order: the first that fits decides", () => {
    const types: DescriptorInput["types"] = [
      { levels: [0], fields: { P: 1, RW: 1 }, is: "leaf", cite: CITE },
      { levels: [0], fields: { P: 1 }, is: "reserved", cite: CITE },
      { fields: { P: 1 }, is: "table", cite: CITE },
    ];
    const half = halfOf({ types });
    expect([0b11n, 0b01n].map((entry) => classify(half, levelOf(half, 0), entry))).toEqual([
      "leaf",
      "reserved",
    ]);
  });

  it("make an entry that none fits not present", () => {
    const half = halfOf({ types: [{ levels: [0], fields: { P: 1 }, is: "leaf", cite: CITE }] });
    const kinds = half.levels.map((level) => classify(half, level, 1n));
    expect(kinds).toEqual(["leaf", "not-present", "not-present", "not-present"]);
    expect(classify(half, levelOf(half, 0), 0n)).toBe("not-present");
  });

  it("are read in the byte that holds all their fields, wherever in an entry", () => {
    const types: DescriptorInput["types"] = [
      { levels: [0], fields: { PKEY: 5 }, is: "leaf", cite: CITE },
      { fields: { PKEY: 5, XD: 1 }, is: "table", cite: CITE },
    ];
    const half = halfOf({ types, reserved: [] });
    expect(half.typeShift).toBe(59);
    expect(classify(half, levelOf(half, 0), 5n << 59n)).toBe("leaf");
    expect(classify(half, levelOf(half, 1), 5n << 59n)).toBe("not-present");
    expect(classify(half, levelOf(half, 1), (5n << 59n) | (1n << 63n))).toBe("table");
  });
});

describe("geometry rows", () => {
  it("may have pages smaller than 1 KiB, and index bits that differ by level", () => {
    const { pageShift, levels, classShifts } = halfOf({
      geometry: [{ pageShift: 9, indexBits: [3, 11, 4], vaBits: 26, cite: CITE }],
      address: [{ bits: [51, 9], at: 9, cite: CITE }],
    });
    expect([pageShift, classShifts]).toEqual([9, [0, 9, 12, 23]]);
    expect(levels.map(({ shift, indexBits }) => [shift, indexBits])).toEqual([
      [9, 3],
      [12, 11],
      [23, 3],
    ]);
  });
});

describe("forbidden forms", () => {
  it("make an entry reserved where all their fields have the values, at their levels", () => {
    const half = halfOf({
      forbidden: [{ fields: { RW: 1, US: 0 }, of: "any", levels: [0, 2], cite: CITE }],
    });
    const kinds = half.levels.map((level) => classify(half, level, 0b011n));
    expect(kinds).toEqual(["reserved", "table", "reserved", "table"]);
    expect(classify(half, levelOf(half, 0), 0b111n)).toBe("leaf");
    expect(classify(half, levelOf(half, 0), 0b001n)).toBe("leaf");
  });
});
