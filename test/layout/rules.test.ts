/** What rows of a descriptor mean, where x86-64 and arm64 leave a meaning unused. */
import { describe, expect, it } from "vitest";
import type { DescriptorInput } from "../../arch/schema.js";
import { x8664 } from "../../arch/x86-64.js";
import { compileLayout } from "../../src/layout/compile.js";
import type { CompiledHalf, CompiledLayout } from "../../src/layout/compiled.js";
import { classify, levelOf } from "./entries.js";
import { rightsOf } from "./rights.js";
import { variantOf } from "./variants.js";
import { rightsText } from "./words.js";

const CITE = "TEST, no real hardware";
type Rules = DescriptorInput["permissions"]["rows"];

function layoutOf(changes: Partial<DescriptorInput>, mode = {}): CompiledLayout {
  return compileLayout(variantOf(changes), mode);
}

function halfOf(changes: Partial<DescriptorInput>, mode = {}): CompiledHalf {
  return layoutOf(changes, mode).halves[0];
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
  it("may have index bits that differ by level", () => {
    const { pageShift, halves, classShifts } = layoutOf({
      geometry: [{ pageShift: 13, indexBits: [3, 11, 4], vaBits: 30, cite: CITE }],
      address: [{ bits: [51, 13], at: 13, cite: CITE }],
    });
    expect([pageShift, classShifts]).toEqual([13, [0, 13, 16, 27]]);
    expect(halves[0].levels.map(({ shift, indexBits }) => [shift, indexBits])).toEqual([
      [13, 3],
      [16, 11],
      [27, 3],
    ]);
  });

  // A TLB entry keeps address bits from 12 up.
  it("may not have pages smaller than 4 KiB", () => {
    expect(() =>
      layoutOf({
        geometry: [{ pageShift: 9, indexBits: 9, vaBits: 45, cite: CITE }],
        address: [{ bits: [51, 9], at: 9, cite: CITE }],
      }),
    ).toThrow();
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

  it.each([
    ["table", "reserved", "leaf"],
    ["leaf", "table", "reserved"],
    ["any", "reserved", "reserved"],
  ] as const)("of a %s leave alone what is none", (of, table, leaf) => {
    const half = halfOf({ forbidden: [{ fields: { RW: 1, US: 0 }, of, cite: CITE }] });
    const [PS, P_RW] = [1n << 7n, 0b011n];
    const level = levelOf(half, 1);
    expect([P_RW, P_RW | PS].map((entry) => classify(half, level, entry))).toEqual([table, leaf]);
  });

  it("are those whose conditions hold, in their order", () => {
    const row = (when: string[], PKEY: number) => ({
      when,
      fields: { PKEY },
      of: "leaf" as const,
      cite: CITE,
    });
    const forbidden = [row(["nx"], 5), row(["!nx"], 6), row(["wp"], 7)];
    const { leafForbidden, tableForbidden } = levelOf(
      halfOf({ forbidden }, { nx: true, wp: true }),
      0,
    );
    expect(leafForbidden.map(({ value }) => value >> 59n)).toEqual([5n, 7n]);
    expect(tableForbidden).toEqual([]);
  });
});

describe("the row on global pages", () => {
  it("holds where its conditions do; without it no page is global", () => {
    const global = { field: "PAT", value: 0, when: ["nx"], cite: CITE };
    expect(halfOf({ global }, { nx: true }).global).toEqual({ mask: 0x80n, value: 0n });
    for (const half of [halfOf({ global }), halfOf({ global: undefined })]) {
      expect(half.global).toEqual({ mask: 0n, value: 1n });
    }
  });
});

/** Leaves at levels 0 and 1 only. */
const NO_GIANTS: Partial<DescriptorInput> = {
  types: [
    { levels: [0], fields: { P: 1 }, is: "leaf", cite: CITE },
    { levels: [1], fields: { P: 1, PS: 1 }, is: "leaf", cite: CITE },
    { levels: [1], fields: { P: 1 }, is: "table", cite: CITE },
    { levels: [2, 3, 4], fields: { P: 1 }, is: "table", cite: CITE },
  ],
};

describe("page sizes", () => {
  it("are those of levels whose types have leaves, template or not", () => {
    const { classShifts, halves } = layoutOf({
      ...NO_GIANTS,
      templates: [{ of: "leaf", fields: { P: 1 }, levels: [0, 2] }],
    });
    expect(classShifts).toEqual([0, 12, 21]);
    const levels = halves[0].levels.map(({ leafClass, leafTemplate }) => [leafClass, leafTemplate]);
    expect(levels).toEqual([
      [1, 1n],
      [2, null],
      [0, null],
      [0, null],
    ]);
  });

  it("do not come from contiguous groups at a level without leaves", () => {
    const contiguous = [0, 1, 2].map((level) => ({
      level,
      log2: 2,
      fields: { PKEY: 1 },
      cite: CITE,
    }));
    const { classShifts, halves } = layoutOf({ ...NO_GIANTS, contiguous });
    expect(classShifts).toEqual([0, 12, 14, 21, 23]);
    expect(halves[0].levels.map(({ groupShift }) => groupShift)).toEqual([14, 23, 0, 0]);
    expect(levelOf(halves[0], 2).group).toEqual({ mask: 0n, value: 0n });
  });

  it("are common to both halves, each with its own levels", () => {
    const halves: DescriptorInput["addressSpace"]["halves"] = [
      { root: "LOW", own: { large: "nx" } },
      { root: "HIGH", own: { large: "wp" } },
    ];
    const types: DescriptorInput["types"] = [
      { levels: [0], fields: { P: 1 }, is: "leaf", cite: CITE },
      { levels: [1], when: ["!large"], fields: { P: 1, PS: 1 }, is: "leaf", cite: CITE },
      { levels: [2], when: ["large"], fields: { P: 1, PS: 1 }, is: "leaf", cite: CITE },
      { fields: { P: 1 }, is: "table", cite: CITE },
    ];
    const changes = { addressSpace: { ...x8664.addressSpace, halves }, types };
    const layout = layoutOf(changes, { wp: true });
    expect(layout.classShifts).toEqual([0, 12, 21, 30]);
    expect(layout.halves.map(({ levels }) => levels.map(({ leafClass }) => leafClass))).toEqual([
      [1, 2, 0, 0],
      [1, 0, 3, 0],
    ]);
  });
});
