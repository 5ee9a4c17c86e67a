// Descriptor files: what ships can be printed and read again; a file says what differs; errors name the
// place in the file.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { COSTS } from "../../arch/costs/index.js";
import { CPUS } from "../../arch/cpus/index.js";
import { ARCHITECTURES } from "../../arch/index.js";
import { LINUX_LAYOUTS } from "../../arch/linux/index.js";
import type { Descriptor } from "../../arch/schema.js";
import {
  checkFile,
  type Kind,
  type Kinds,
  parseFile,
  toFile,
} from "../../src/config/descriptor-files.js";
import { MmulateError } from "../../src/errors.js";
import { compileLayout } from "../../src/layout/compile.js";
import { encodeLayout, hashBytes } from "../../src/layout/encode.js";

function read<K extends Kind>(kind: K, text: string, base: Kinds[K] | null = null): Kinds[K] {
  return checkFile(kind, parseFile(text, "my.yaml"), base);
}

const arm64 = ARCHITECTURES.get("arm64") as Descriptor;
const over = (text: string): Descriptor => read("architecture", text, arm64);
const hashOf = (descriptor: Descriptor) => hashBytes(encodeLayout(compileLayout(descriptor)));

const SHIPPED: [Kind, string, Kinds[Kind]][] = [
  ...[...ARCHITECTURES].map((each): [Kind, string, Kinds[Kind]] => ["architecture", ...each]),
  ...[...LINUX_LAYOUTS].map((each): [Kind, string, Kinds[Kind]] => ["Linux layout", ...each]),
  ...[...CPUS].map((each): [Kind, string, Kinds[Kind]] => ["cpu", ...each]),
  ...[...COSTS].map((each): [Kind, string, Kinds[Kind]] => ["costs", ...each]),
];

describe("what is shipped", () => {
  it.each(SHIPPED)("as a file: %s %s is read as its equal", (kind, _, value) => {
    const text = toFile(value);
    const again = read(kind, text);
    expect(again).toEqual(value);
    expect(toFile(again)).toBe(text);
  });

  it.each([...ARCHITECTURES])("%s has the same hash, read again", (_, descriptor) => {
    expect(hashOf(read("architecture", toFile(descriptor)))).toBe(hashOf(descriptor));
  });
});

describe("a file over another", () => {
  it("that says nothing changes nothing", () => {
    expect(over("extends: arm64\n")).toEqual(arm64);
    expect(over('{ "extends": "arm64" }')).toEqual(arm64);
  });

  it("changes the one value it says, and keeps the rest", () => {
    const mine = over("title: mine\ntypical: { values: { hd: false } }\n");
    expect(mine.title).toBe("mine");
    expect(mine.typical).toEqual({ ...arm64.typical, values: { ha: true, hd: false } });
    expect({ ...mine, title: "", typical: null }).toEqual({ ...arm64, title: "", typical: null });
  });

  it("takes a key away with null", () => {
    const mine = over("typical: { values: { hd: null } }\n");
    expect(mine.typical.values).toEqual({ ha: true });
  });

  it("merges rows with names by name, wherever they stand", () => {
    const mine = over("fields: [{ name: CONT, bits: [53, 53] }, { name: PXN, bits: [52, 52] }]\n");
    const names = (descriptor: Descriptor) => descriptor.fields.map(({ name }) => name);
    expect(names(mine)).toEqual(names(arm64));
    expect(mine.fields.find(({ name }) => name === "CONT")?.bits).toEqual([53, 53]);
    expect(mine.fields.find(({ name }) => name === "CONT")?.cite).toBe(
      arm64.fields.find(({ name }) => name === "CONT")?.cite,
    );
    expect(hashOf(mine)).not.toBe(hashOf(arm64));
  });

  it("appends rows with new names, and drops rows", () => {
    const row = "{ name: PIE, bits: [58, 58], of: leaf, means: none, cite: 'MINE 1.2' }";
    const mine = over(`fields:\n  - ${row}\n  - { name: GP, drop: true }\n`);
    expect(mine.fields.at(-1)?.name).toBe("PIE");
    expect(mine.fields.some(({ name }) => name === "GP")).toBe(false);
    expect(mine.fields).toHaveLength(arm64.fields.length);
  });

  it("replaces any other list whole", () => {
    const mine = over("levelNames: [a, b]\ncontiguous: []\n");
    expect(mine.levelNames).toEqual(["a", "b"]);
    expect(mine.contiguous).toEqual([]);
  });

  it("reads hexadecimal numbers", () => {
    const mine = over("faults: { rows: [{ when: [], set: 0x1f, cite: 'MINE 1.2' }] }\n");
    expect(mine.faults.rows[0]?.set).toBe(0x1f);
  });

  it("is frozen", () => {
    expect(Object.isFrozen(over("title: mine\n").fields[0])).toBe(true);
  });
});

/** The message of the error that a file ends in. */
function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof MmulateError && error.code === "INPUT") return error.message;
    throw error;
  }
  throw new Error("was accepted");
}

describe("errors name file, line and column", () => {
  it.each([
    ["no YAML", "a: [1\nb: 2\n", /^my\.yaml:[23]:\d+: /],
    ["a key twice", "title: a\ntitle: b\n", /^my\.yaml:2:1: .*unique/],
    ["no map", "- 1\n", /^my\.yaml:1:1: a map is needed/],
    ["an unknown key", "title: a\n  \ntypo: 1\n", /^my\.yaml:3:1: .*"typo"/],
    ["an unknown key inside", "typical:\n  valves: {}\n", /^my\.yaml:2:3: typical: .*"valves"/],
    ["a wrong value", "levelNames:\n  - a\n  - 7\n", /^my\.yaml:3:5: levelNames\.1: .*string/],
    ["a bit too high", "fields:\n  - name: GP\n    bits: [64, 50]\n", /^my\.yaml:3:12: fields\./],
    [
      "a number no number holds",
      "fields:\n  - { name: GP, bits: [0x20000000000001, 0] }\n",
      /^my\.yaml:2:24/,
    ],
    [
      "a name twice in the base",
      "fields:\n  - { name: SH, bits: [9, 8] }\n",
      /^my\.yaml:2:5: "SH" stands 2/,
    ],
    [
      "nothing to drop",
      "fields:\n  - { name: NO, drop: true }\n",
      /^my\.yaml:2:5: there is no "NO"/,
    ],
    ["an alias", "title: &a x\nname: *a\n", /^my\.yaml:2:7: aliases/],
    ["extends of no name", "extends: [a]\n", /^my\.yaml:1:10: extends/],
  ])("%s", (_, text, message) => {
    expect(refusal(() => over(text))).toMatch(message);
  });

  it("behind rows that were dropped, too", () => {
    const text = "fields:\n  - { name: NS, drop: true }\n  - name: GP\n    bits: [50]\n";
    expect(refusal(() => over(text))).toMatch(/^my\.yaml:4:11: fields\.\d+\.bits/);
  });

  it("where a required value was taken away", () => {
    expect(refusal(() => over("a: 1\ntitle: null\n"))).toMatch(/^my\.yaml:[12]:/);
  });

  it("in whatever is read, and ends in no other error", () => {
    const text = fc.string({ unit: fc.constantFrom(..."{}[]:,-&*!|>'\"#% \n\tab01x~") });
    fc.assert(
      fc.property(text, (drawn) => {
        try {
          over(drawn);
        } catch (error) {
          if (!(error instanceof MmulateError)) throw error;
          expect(error.message).toMatch(/^my\.yaml:\d+:\d+: ./);
        }
      }),
      { numRuns: 500 },
    );
  });
});
