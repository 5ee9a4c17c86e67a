/**
 * Descriptors that pass the schema and contradict themselves or ask for more than the core has room for.
 * Each is x86-64 with one part broken; compiling it says what is wrong.
 */
import { describe, expect, it } from "vitest";
import type { DescriptorInput } from "../../arch/schema.js";
import { x8664 } from "../../arch/x86-64.js";
import { compileLayout } from "../../src/layout/compile.js";
import { messageOf } from "./failures.js";
import { variantOf } from "./variants.js";

const CITE = "TEST, no real hardware";
const { permissions, faults, keys, accessed, addressSpace } = structuredClone(x8664);
const field = (name: string, hi: number, lo = hi) => ({
  name,
  bits: [hi, lo] as [number, number],
  of: "any" as const,
  means: "for a test",
  cite: CITE,
});

/** What compiling x86-64 with these parts replaced says, in the default mode. */
function complaint(changes: Partial<DescriptorInput>, mode = {}): string {
  return messageOf("DESCRIPTOR", () => compileLayout(variantOf(changes), mode));
}

describe("a descriptor that names what does not exist", () => {
  it("is refused with the name: a field in a template", () => {
    expect(complaint({ templates: [{ of: "leaf", fields: { RX: 1 } }] })).toBe(
      'variant has no field "RX"',
    );
  });

  it("is refused with the name: a permission field", () => {
    expect(complaint({ permissions: { ...permissions, leaf: ["RW", "UX"] } })).toBe(
      'variant has no field "UX"',
    );
  });

  it("is refused with the name: a condition on the mode", () => {
    const types = [{ when: ["nxe"], fields: { P: 1 }, is: "leaf" as const, cite: CITE }];
    expect(complaint({ types })).toMatch(/^condition on "nxe", which is none of: levels, wp, nx, /);
  });

  it("is refused with the name: a condition of a permission rule", () => {
    const rows = [{ when: ["!WR"], remove: ["user.write" as const], cite: CITE }];
    expect(complaint({ permissions: { ...permissions, rows } })).toBe(
      'a permission rule uses "WR", which is no parameter, permission field or right',
    );
  });

  it("is refused with the name: a field that is no permission field, in a permission rule", () => {
    const rows = [{ when: ["PCD"], remove: ["user.write" as const], cite: CITE }];
    expect(complaint({ permissions: { ...permissions, rows } })).toContain(
      'uses "PCD", which is no',
    );
  });

  it("is refused with the name: a condition of a fault code", () => {
    const rows = [{ when: ["acces=write"], set: 2, cite: CITE }];
    expect(complaint({ faults: { ...faults, rows } })).toBe(
      'a fault code depends on "acces", which is no parameter, nor fault, level, access or mode',
    );
  });

  it("is refused with the name: the parameter of a number, or the value that its map lacks", () => {
    const geometry = (vaBits: DescriptorInput["geometry"][number]["vaBits"]) => [
      { pageShift: 12, indexBits: 9, vaBits, cite: CITE },
    ];
    expect(complaint({ geometry: geometry({ param: "depth" }) })).toBe(
      'a number refers to "depth", which does not exist',
    );
    expect(complaint({ geometry: geometry({ param: "levels", map: { "5": 57 } }) })).toBe(
      'the map on "levels" has no entry for 4',
    );
  });

  it.each([
    ["the low end", 51, "maxphyadr"],
    ["the high end", "maxphyadr", 12],
  ])("is refused with the name: %s of reserved bits", (_, hi, lo) => {
    const reserved = [{ bits: [hi, lo] as [string, number], of: "any" as const, cite: CITE }];
    expect(complaint({ reserved })).toBe('a number refers to "maxphyadr", which does not exist');
  });

  it("is refused with the name: the register of protection keys, where there are keys", () => {
    const unknown = { ...keys, register: "pkrs" } as never;
    expect(complaint({ keys: unknown }, { pke: true })).toBe(
      'variant: the key register "pkrs" is no integer parameter',
    );
    const flag = { ...keys, register: "wp" } as never;
    expect(complaint({ keys: flag }, { pke: true })).toBe(
      'variant: the key register "wp" is no integer parameter',
    );
    expect(compileLayout(variantOf({ keys: unknown })).halves[0].keys).toBeNull();
  });

  it("is refused with the name: a half's own parameter", () => {
    const halves: DescriptorInput["addressSpace"]["halves"] = [
      { root: "CR3", own: {} },
      { root: "CR3", own: { size: "maxphyadr" } },
    ];
    expect(complaint({ addressSpace: { ...addressSpace, halves } })).toBe(
      'variant has no parameter "maxphyadr"',
    );
  });
});

describe("a descriptor that asks for more than the core has", () => {
  it("is refused: permission bits in too many places of an entry", () => {
    const fields = [...x8664.fields, field("S1", 20), field("S2", 40)];
    const leaf = ["RW", "US", "S1", "S2", "XD"];
    expect(complaint({ fields, permissions: { ...permissions, leaf } })).toBe(
      "variant: permission bits RW, US, S1, S2, XD lie in 4 places of an entry; 3 are supported",
    );
  });

  it("is accepted with three such places", () => {
    const fields = [...x8664.fields, field("S1", 20)];
    const leaf = ["RW", "US", "S1", "XD"];
    const descriptor = variantOf({ fields, permissions: { ...permissions, leaf } });
    const { leafGather, indexNames } = compileLayout(descriptor).halves[0].permissions;
    expect(leafGather).toHaveLength(3);
    expect(indexNames.slice(0, 4)).toEqual(["RW", "US", "S1", "XD"]);
  });

  it("is refused: permissions that need more index bits than the table has", () => {
    const bits = [50, 51, 52, 53, 54, 55, 56, 57, 58];
    const fields = [...x8664.fields, ...bits.map((bit) => field(`B${bit}`, bit))];
    const leaf = bits.map((bit) => `B${bit}`);
    expect(complaint({ fields, permissions: { ...permissions, leaf, rows: [] } })).toBe(
      "variant: permissions need 12 index bits; 11 are supported",
    );
  });

  it("is refused: more page sizes than classes", () => {
    const contiguous = [0, 1, 2, 3].map((level) => ({
      level,
      log2: 2,
      fields: { G: 1 },
      cite: CITE,
    }));
    const types = [
      { levels: [0], fields: { P: 1 }, is: "leaf" as const, cite: CITE },
      { fields: { P: 1, PS: 1 }, is: "leaf" as const, cite: CITE },
      { fields: { P: 1 }, is: "table" as const, cite: CITE },
    ];
    const templates = [{ of: "leaf" as const, fields: { P: 1, PS: 1 } }];
    expect(complaint({ contiguous, types, templates })).toBe(
      "variant: 8 page sizes; 7 are supported",
    );
    const fewer = variantOf({ contiguous: contiguous.slice(1), types, templates });
    expect(compileLayout(fewer).classShifts).toEqual([0, 12, 21, 23, 30, 32, 39, 41]);
  });

  it("is refused: more forbidden forms at a level than the core looks at", () => {
    const forms = (count: number, of: "any" | "leaf" | "table") =>
      Array.from({ length: count }, () => ({
        fields: { RW: 1, US: 0 },
        of,
        levels: [2],
        cite: CITE,
      }));
    const tooMany = (count: number) =>
      `variant: ${count} forbidden forms at level 2; at most 8, of tables and leaves together`;
    expect(complaint({ forbidden: forms(5, "any") })).toBe(tooMany(10));
    expect(complaint({ forbidden: forms(9, "table") })).toBe(tooMany(9));
    expect(complaint({ forbidden: [...forms(1, "any"), ...forms(7, "leaf")] })).toBe(tooMany(9));
    const forbidden = [...forms(1, "any"), ...forms(4, "table"), ...forms(2, "leaf")];
    const { levels } = compileLayout(variantOf({ forbidden })).halves[0];
    expect(levels.map((level) => level.tableForbidden.length)).toEqual([0, 0, 5, 0]);
    expect(levels.map((level) => level.leafForbidden.length)).toEqual([0, 0, 3, 0]);
  });

  it("is refused: type fields that do not fit into one byte", () => {
    const types = [{ fields: { P: 1, G: 1 }, is: "leaf" as const, cite: CITE }];
    expect(complaint({ types })).toBe(
      "variant: type fields P, G span bits 8:0; 8 bits are supported",
    );
  });

  it("is refused: more protection keys than the core has", () => {
    const fields = [...x8664.fields, field("KEY", 62, 58)];
    expect(complaint({ fields, keys: { ...keys, field: "KEY" } as never }, { pke: true })).toBe(
      "variant: 32 protection keys; at most 16",
    );
  });

  it("is refused: more levels than there are, in the list of index bits or in the core", () => {
    const deep = (indexBits: number | number[], vaBits: number) =>
      complaint({ geometry: [{ pageShift: 12, indexBits, vaBits, cite: CITE }] });
    expect(deep([9, 9], 48)).toBe("variant: 48 address bits need more than 2 levels");
    expect(deep(6, 57)).toBe("variant: 57 address bits need more than 6 levels");
  });
});

describe("a descriptor that contradicts itself", () => {
  it("is refused: no geometry for the mode", () => {
    const geometry = [{ when: ["levels=5"], pageShift: 12, indexBits: 9, vaBits: 57, cite: CITE }];
    expect(complaint({ geometry })).toBe("variant: no geometry fits the mode");
  });

  it("is refused: no type row names a field", () => {
    const types = [{ fields: {}, is: "leaf" as const, cite: CITE }];
    expect(complaint({ types })).toContain("variant: ");
    expect(complaint({ types: [] })).toContain("variant: ");
  });

  it("is refused: no row says who sets the accessed flag", () => {
    const rows = [{ when: ["nx"], by: "hardware" as const, cite: CITE }];
    expect(complaint({ accessed: { ...accessed, rows } })).toBe(
      "variant: no accessed row fits the mode",
    );
  });

  it("is refused: no address field, or a third one", () => {
    const row = (hi: number, lo: number) => ({
      bits: [hi, lo] as [number, number],
      at: 60,
      cite: CITE,
    });
    expect(complaint({ address: [] })).toBe(
      "variant: 0 address fields fit the mode; one or two are supported",
    );
    expect(complaint({ address: [row(20, 12), row(30, 21), row(40, 31)] })).toContain(
      "3 address fields fit the mode",
    );
  });

  it("is refused: an address field whose bits move down", () => {
    expect(complaint({ address: [{ bits: [51, 12], at: 11, cite: CITE }] })).toBe(
      "variant: an address field moves down",
    );
  });

  it("is refused: a value that its field cannot hold, wherever values stand", () => {
    const tooLarge = "variant: PKEY = 16 does not fit bits 62:59";
    const PKEY = 16;
    const at = { of: "any" as const, cite: CITE };
    expect(complaint({ forbidden: [{ fields: { PKEY }, ...at }] })).toBe(tooLarge);
    expect(complaint({ templates: [{ of: "leaf", fields: { P: 1, PKEY } }] })).toBe(tooLarge);
    expect(complaint({ types: [{ fields: { PKEY }, is: "table", cite: CITE }] })).toBe(tooLarge);
    const contiguous = [{ level: 0, log2: 4, fields: { PKEY }, cite: CITE }];
    expect(complaint({ contiguous })).toBe(tooLarge);
    const largest = variantOf({ templates: [{ of: "leaf", fields: { PKEY: 15 } }] });
    expect(compileLayout(largest).halves[0].levels[0]?.leafTemplate).toBe(15n << 59n);
  });

  it.each(["RW=1", "RW!=1", "RW<1", "RW>=1", "US=x", "user.write=0", "table.RW>=1"])(
    "is refused: a permission rule that compares a bit or a right: %s",
    (condition) => {
      const rows = [{ when: [condition], remove: ["user.write" as const], cite: CITE }];
      const [, name, value] = /^([\w.]+)[!=<>]+(\w+)$/.exec(condition) ?? [];
      expect(complaint({ permissions: { ...permissions, rows } })).toBe(
        `a permission rule compares "${name}" with ${value}; a field or right is set (NAME) or not (!NAME)`,
      );
    },
  );

  it("is refused: a rule on when keys apply that compares a bit", () => {
    const compared = { ...keys, applies: ["US=1"] } as never;
    expect(complaint({ keys: compared }, { pke: true })).toContain('compares "US" with 1; ');
  });

  it("is accepted with such a comparison of a parameter, in a permission rule", () => {
    const rows = [{ when: ["levels>=5"], remove: ["user.write" as const], cite: CITE }];
    const descriptor = variantOf({ permissions: { ...permissions, rows } });
    const rightsWith = (levels: number) =>
      compileLayout(descriptor, { levels }).halves[0].permissions.rights[0];
    expect([rightsWith(4), rightsWith(5)]).toEqual([0b111_111, 0b111_101]);
  });

  it.each(["RW<true", "RW>=false"])(
    "is refused: a permission rule that orders a bit: %s",
    (condition) => {
      const rows = [{ when: [condition], remove: ["user.write" as const], cite: CITE }];
      expect(complaint({ permissions: { ...permissions, rows } })).toContain('compares "RW"');
    },
  );

  it.each([12, 11, 0, -1])("is refused: %d address bits, of which a page takes 12", (vaBits) => {
    const geometry = [{ pageShift: 12, indexBits: 9, vaBits, cite: CITE }];
    expect(complaint({ geometry })).toBe(
      `variant: ${vaBits} address bits leave nothing to translate above a page`,
    );
  });

  it("is refused: halves with different base pages", () => {
    const halves: DescriptorInput["addressSpace"]["halves"] = [
      { root: "LOW", own: { large: "nx" } },
      { root: "HIGH", own: { large: "wp" } },
    ];
    const geometry = [
      { when: ["large"], pageShift: 14, indexBits: 9, vaBits: 48, cite: CITE },
      { when: ["!large"], pageShift: 12, indexBits: 9, vaBits: 48, cite: CITE },
    ];
    const changes = { addressSpace: { ...addressSpace, halves }, geometry };
    expect(complaint(changes, { nx: true })).toBe("variant: halves differ in their base page");
    expect(compileLayout(variantOf(changes), { nx: true, wp: true }).pageShift).toBe(14);
  });

  it("is refused: a permission field of several bits", () => {
    expect(complaint({ permissions: { ...permissions, leaf: ["RW", "PKEY"] } })).toBe(
      'variant: field "PKEY" is not a single bit',
    );
  });
});
