/**
 * Descriptors as data: every fact cited, nothing unknown accepted, nothing changeable, nothing but data.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { define } from "../../arch/define.js";
import { ARCHITECTURES } from "../../arch/index.js";
import type { Descriptor, DescriptorInput } from "../../arch/schema.js";
import { maskOf } from "../../src/layout/bits.js";
import { compileLayout } from "../../src/layout/compile.js";
import { holds } from "../../src/layout/condition.js";
import { encodeLayout, hashBytes } from "../../src/layout/encode.js";
import { fieldNamed, fieldsOf } from "../../src/layout/fields.js";
import type { Mode } from "../../src/layout/mode.js";
import { arbitraryMode } from "./modes.js";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Path = readonly (string | number)[];

const DESCRIPTORS = [...ARCHITECTURES.values()];

/** A copy that a test may change; it has the values of JSON and no others. */
function jsonOf(descriptor: Descriptor): { [key: string]: Json } {
  return JSON.parse(JSON.stringify(descriptor)) as { [key: string]: Json };
}

/** Every object in it with the path to it, arrays left out. */
function objectsOf(
  value: Json,
  path: Path = [],
): { path: Path; object: { [key: string]: Json } }[] {
  if (typeof value !== "object" || value === null) return [];
  const inner = Object.entries(value).flatMap(([key, each]) => objectsOf(each, [...path, key]));
  return Array.isArray(value) ? inner : [{ path, object: value }, ...inner];
}

function isAccepted(input: { [key: string]: Json }): boolean {
  try {
    define(input as unknown as DescriptorInput);
    return true;
  } catch {
    return false;
  }
}

/** What schema rows are facts of hardware: each must say where it stands in the manual. */
const FACTS = [
  /^parameters\.\w+$/,
  /^(typical|addressSpace|addressLimit|keys|accessed|dirty|faultDropsTlb|global)$/,
  /^(limits|geometry|fields|types|address|reserved|forbidden|invalidations|contiguous)\.\d+$/,
  /^(permissions|keys|accessed|dirty|faults)\.rows\.\d+$/,
];

describe.each(DESCRIPTORS)("the descriptor of $name", (descriptor) => {
  const whole = jsonOf(descriptor);

  it("cites a manual of its sources for every fact", () => {
    const facts = objectsOf(whole).filter(({ path }) =>
      FACTS.some((pattern) => pattern.test(path.join("."))),
    );
    const sources = Object.keys(descriptor.sources);
    const uncited = facts.filter(({ object: { cite } }) => {
      const source = /^(\w+) \S/.exec(String(cite))?.[1];
      return source === undefined || !sources.includes(source);
    });
    expect(uncited.map(({ path }) => path.join("."))).toEqual([]);
    expect(facts.length).toBeGreaterThan(60);
  });

  it("is refused without any one of its citations", () => {
    const accepted = objectsOf(whole)
      .filter(({ object }) => "cite" in object)
      .filter(({ path }) => {
        const copy = jsonOf(descriptor);
        const found = objectsOf(copy).find((each) => each.path.join() === path.join());
        delete found?.object.cite;
        return isAccepted(copy);
      });
    expect(accepted.map(({ path }) => path.join("."))).toEqual([]);
  });

  it("is refused with an unknown key anywhere", () => {
    const places = objectsOf(whole).map(({ path }) => path);
    const accepted = places.filter((path) => {
      const copy = jsonOf(descriptor);
      const found = objectsOf(copy).find((each) => each.path.join() === path.join());
      // Where the schema takes any name (sources, parameters, values of fields), it takes no empty object.
      if (found !== undefined) found.object.unknownKey = {};
      return isAccepted(copy);
    });
    expect(accepted.map((path) => path.join("."))).toEqual([]);
    expect(places.length).toBeGreaterThan(100);
  });

  it("cites each step of a walk", () => {
    const steps = ["range", "root", "entry", "table", "leaf", "permission", "update", "fault"];
    expect(Object.keys(descriptor.steps).sort()).toEqual(steps.sort());
    const source = new RegExp(`^(${Object.keys(descriptor.sources).join("|")}) \\S`);
    for (const cite of Object.values(descriptor.steps)) expect(cite).toMatch(source);
  });

  it("cannot be changed, however deep", () => {
    const thawed = (value: unknown, path: string): string[] => {
      if (typeof value !== "object" || value === null) return [];
      const inner = Object.entries(value).flatMap(([key, each]) => thawed(each, `${path}.${key}`));
      return Object.isFrozen(value) ? inner : [path, ...inner];
    };
    expect(thawed(descriptor, descriptor.name)).toEqual([]);
  });

  it("is data only: through JSON it comes out the same, with the same layouts", () => {
    const again = define(whole as unknown as DescriptorInput);
    expect(again).toEqual(descriptor);
    for (const mode of [{}, descriptor.typical.values]) {
      const [first, second] = [descriptor, again].map((each) => compileLayout(each, mode));
      expect(second).toEqual(first);
      const hashes = [first, second].map((layout) => layout && hashBytes(encodeLayout(layout)));
      expect(hashes[1]).toBe(hashes[0]);
    }
  });

  it("gives fields only values that fit into them, and only fields that exist", () => {
    const tables = objectsOf(whole).filter(({ path }) => path.at(-1) === "fields");
    expect(tables.length).toBeGreaterThan(5);
    for (const { object } of tables) {
      for (const [name, value] of Object.entries(object)) {
        const [hi, lo] = fieldNamed(descriptor, name).bits;
        expect([name, Number(value) < 2 ** (hi - lo + 1)]).toEqual([name, true]);
      }
    }
  });

  it("has no bit of an entry with two meanings, the address included, in any mode", () => {
    fc.assert(
      fc.property(arbitraryMode(descriptor), (mode) => {
        for (const { levels } of compileLayout(descriptor, mode).halves) {
          for (const { level, tableAddress, leafAddress, highAddress } of levels) {
            expectDistinct(descriptor, mode, level, "table", tableAddress | highAddress);
            expectDistinct(descriptor, mode, level, "leaf", leafAddress | highAddress);
          }
        }
      }),
      { numRuns: 50, seed: 1 },
    );
  });
});

function expectDistinct(
  descriptor: Descriptor,
  mode: Mode,
  level: number,
  kind: "leaf" | "table",
  address: bigint,
): void {
  // Of a contiguous group low address bits may say how large it is (Svnapot).
  const sizes = new Set(descriptor.contiguous.flatMap(({ fields }) => Object.keys(fields)));
  let taken = 0n;
  for (const field of fieldsOf(descriptor, level, kind)) {
    if (!holds(field.when, mode)) continue;
    const mask = maskOf(...field.bits);
    const others = sizes.has(field.name) ? taken : taken | address;
    expect([level, kind, field.name, others & mask]).toEqual([level, kind, field.name, 0n]);
    taken |= mask;
  }
}

describe("the architectures", () => {
  it("are found by their own names", () => {
    const names = DESCRIPTORS.map(({ name }) => name);
    expect([...ARCHITECTURES.keys()]).toEqual(names);
    expect(names).toEqual(["x86-64", "arm64", "riscv64"]);
  });
});

function first(input: { [key: string]: Json }, list: string): object {
  return (input[list] as { [key: string]: Json }[])[0] as object;
}

/** What is wrong, and how to make it so. */
const SPOILS: [string, (input: { [key: string]: Json }) => void][] = [
  ["bits beyond an entry", (input) => Object.assign(first(input, "fields"), { bits: [64, 0] })],
  ["three ends of a range", (input) => Object.assign(first(input, "fields"), { bits: [3, 2, 1] })],
  ["a fraction of a bit", (input) => Object.assign(first(input, "fields"), { bits: [1.5, 1] })],
  ["no condition", (input) => Object.assign(first(input, "types"), { when: ["a > b"] })],
  ["no fault", (input) => Object.assign(first(input, "types"), { is: "broken" })],
  ["no confidence", (input) => Object.assign(first(input, "fields"), { confidence: "guess" })],
  ["a citation of nothing", (input) => Object.assign(first(input, "fields"), { cite: "" })],
  ["a name in capitals", (input) => Object.assign(input, { name: "X86" })],
];

describe("the schema", () => {
  it.each(SPOILS)("refuses a descriptor with %s", (_, spoil) => {
    for (const descriptor of DESCRIPTORS) {
      const copy = jsonOf(descriptor);
      expect(isAccepted(copy)).toBe(true);
      spoil(copy);
      expect(isAccepted(copy)).toBe(false);
    }
  });
});
