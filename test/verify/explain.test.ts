import { beforeAll, describe, expect, it } from "vitest";
import { ARCHITECTURES } from "../../arch/index.js";
import { Counter } from "../../assembly/abi/counters.js";
import type { Core } from "../../src/core/core.js";
import { MmulateError } from "../../src/errors.js";
import { toWalkText } from "../../src/report/verify-text.js";
import type { ExplainedStep, WalkExplanation } from "../../src/stats/walk-explanation.js";
import { explainVector } from "../../src/verify/explain.js";
import { findVector } from "../../src/verify/find-vector.js";
import { parseVector, type Vector } from "../../src/verify/vector-format.js";
import {
  ARCHITECTURE_NAMES,
  descriptorOf,
  line,
  newCore,
  recorded,
  vectorFile,
} from "./support.js";

let core: Core;
beforeAll(async () => {
  core = await newCore();
});

function explain(vector: Vector): WalkExplanation {
  return explainVector(core, descriptorOf(vector), vector);
}

describe("the explanation", () => {
  it.each([
    ["a write that goes through a 2 MiB page", "x86-64", "000003"],
    ["a write to a read-only page", "x86-64", "000006"],
    ["a reserved bit in a PDPTE", "x86-64", "000013"],
    ["a non-canonical address", "x86-64", "000069"],
    ["a page whose protection key denies the write", "x86-64", "000084"],
    ["a clear access flag", "arm64", "000003"],
    ["an address out of range", "arm64", "000010"],
    ["a root beyond the output size", "arm64", "000036"],
    ["a write to a page of a contiguous group", "arm64", "000198"],
    ["a permission fault of 64 KiB pages", "arm64", "000099"],
  ] as const)("of %s, %s/%s, is the golden one", async (_, arch, number) => {
    const vector = await findVector(vectorFile(arch), `${arch}/${number}`);
    const text = toWalkText(explain(vector));
    await expect(text).toMatchFileSnapshot(`../golden/report/walk-${arch}-${number}.txt`);
  });
});

/** Steps that speak of an entry: "index N: entry at PA = VALUE" comes first. */
const ENTRY = /^index (\d+): entry at (0x[0-9a-f]+) = (0x[0-9a-f]+)$/;
const isEntry = ({ facts }: ExplainedStep): boolean => ENTRY.test(facts[0] ?? "");

function loadsCounted(): bigint {
  const levels = [0, 1, 2, 3, 4, 5];
  return levels.reduce((sum, level) => sum + core.counter(Counter.WalkLoadsLevel0 + level), 0n);
}

describe.each(ARCHITECTURE_NAMES)("the explanations of 300 recorded vectors of %s", (arch) => {
  const vectors = recorded(arch).slice(0, 300);

  it("find each as recorded, and take its words from it", () => {
    for (const vector of vectors) {
      const { id, arch: name, access, right, want, config } = explain(vector);
      expect({ id, right }).toEqual({ id: vector.id, right: true });
      expect(name).toBe(arch);
      expect(access).toBe(
        `${vector.access.type} 0x${vector.access.va.toString(16)} by ${vector.access.mode}`,
      );
      expect(want).toHaveProperty("after");
      for (const [key, value] of Object.entries(vector.config)) {
        if (typeof value !== "string") expect(config[key], `${id} ${key}`).toBe(value);
      }
    }
  });

  it("have a step for each entry that the walk read", () => {
    for (const vector of vectors) {
      const steps = explain(vector).steps.filter(isEntry);
      expect(BigInt(steps.length), vector.id).toBe(loadsCounted());
    }
  });

  it("show each entry as the vector's tables have it, unless the walk itself changed it", () => {
    for (const vector of vectors) {
      const memory = new Map(vector.tables);
      for (const { facts } of explain(vector).steps.filter(isEntry)) {
        const [, , pa = "", value = ""] = ENTRY.exec(facts[0] ?? "") ?? [];
        expect(BigInt(value), `${vector.id} ${pa}`).toBe(memory.get(BigInt(pa)) ?? 0n);
        const updated = facts.find((fact) => fact.startsWith("updated to "));
        if (updated !== undefined) memory.set(BigInt(pa), BigInt(updated.slice(11)));
      }
    }
  });

  it("go from the range over root and entries to permission and result", () => {
    for (const vector of vectors) {
      const { steps } = explain(vector);
      const shape = steps.map((step) => (isEntry(step) ? "entry" : step.step)).join(" ");
      expect(shape, vector.id).toMatch(/^range( root( entry)*( permission)?)? result$/);
      for (const { step, cite, facts } of steps) {
        expect(cite, `${vector.id} ${step}`).toMatch(/^(SDM|ARM) ./);
        expect(facts, `${vector.id} ${step}`).not.toContain("");
      }
    }
  });

  it("end with where the access went, or how it faulted, and every update", () => {
    for (const vector of vectors) {
      const { facts } = explain(vector).steps.at(-1) ?? { facts: [] };
      const [end = "", ...updates] = facts;
      if ("pa" in vector.expect) {
        expect(end).toBe(`goes through to 0x${vector.expect.pa.toString(16)}`);
        const told = updates.map((text) => text.match(/0x[0-9a-f]+/g)?.map(BigInt));
        expect(new Set(told)).toEqual(new Set(vector.after));
      } else {
        const parts = Object.entries(vector.expect.fault).map(
          ([name, value]) => `${name} ${value}`,
        );
        expect(end).toBe(`faults: ${parts.join(", ")}`);
      }
    }
  });

  it("cite the section of what decided: of leaves, of entries, of faults", () => {
    const descriptor = ARCHITECTURES.get(arch);
    for (const vector of vectors) {
      const { steps } = explain(vector);
      const cites = descriptor?.steps;
      expect(steps.at(-1)?.cite).toBe("pa" in vector.expect ? cites?.update : cites?.fault);
      for (const { cite, facts } of steps.filter(isEntry)) {
        const ends = facts.find((fact) => fact.startsWith("ends here: "))?.slice(11);
        const malformed = ends === "reserved" || ends === "address-size";
        const table = facts.some((fact) => fact.startsWith("a table at ")) && ends === undefined;
        const leaf = facts.some((fact) => fact.startsWith("a page of ")) && !malformed;
        const wanted = table ? cites?.table : leaf ? cites?.leaf : cites?.entry;
        expect(cite, `${vector.id} ${facts[0]}`).toBe(wanted);
      }
    }
  });

  it("leave the core's log off", () => {
    for (const vector of vectors.slice(0, 20)) {
      explain(vector);
      core.translate(vector.access.va, 0);
      expect(core.walkSteps()).toEqual([]);
    }
  });
});

describe("a protection key in the explanations of recorded vectors", () => {
  const told = recorded("x86-64")
    .filter(({ config }) => config.pke === true)
    .slice(0, 3000)
    .map((vector) => ({ vector, facts: () => permissionFacts(vector) }));

  function permissionFacts(vector: Vector): readonly string[] {
    return explain(vector).steps.find(({ step }) => step === "permission")?.facts ?? [];
  }

  /** Key and rights of "protection key N denies RIGHTS", if a fact says so. */
  function keyOf(facts: readonly string[]): { key: bigint; rights: string[] } | null {
    const match = facts
      .map((fact) => /^protection key (\d+) denies (.+)$/.exec(fact))
      .find(Boolean);
    return match ? { key: BigInt(match[1] ?? ""), rights: match[2]?.split(", ") ?? [] } : null;
  }

  // PKRU has two bits a key: AD denies all data accesses, WD stores (SDM 4.6.2).
  it("is told with its number and the rights that PKRU denies it", () => {
    let seen = 0;
    for (const { vector, facts } of told) {
      const said = keyOf(facts());
      if (said === null) continue;
      seen++;
      expect(said.key).toBeLessThan(16n);
      const bits = (BigInt(vector.config.pkru as string) >> (2n * said.key)) & 3n;
      const stores = ["user.write", ...(vector.config.wp === true ? ["supervisor.write"] : [])];
      const all = ["user.read", "user.write", "supervisor.read", "supervisor.write"];
      expect(said.rights, vector.id).toEqual((bits & 1n) === 1n ? all : stores);
      expect(bits, vector.id).not.toBe(0n);
    }
    expect(seen).toBeGreaterThan(100);
  });

  it("is told wherever it is why the access faulted", () => {
    let seen = 0;
    for (const { vector, facts } of told) {
      const code = "fault" in vector.expect ? Number(vector.expect.fault.code ?? 0) : 0;
      if ((code & 0x20) === 0) continue;
      seen++;
      const { type, mode } = vector.access;
      expect(keyOf(facts())?.rights, vector.id).toContain(`${mode}.${type}`);
    }
    expect(seen).toBeGreaterThan(20);
  });

  // Keys hold for user pages only (SDM 4.6.2).
  it("denies nothing that the page goes on to grant", () => {
    for (const { vector, facts } of told) {
      const all = facts();
      const left = all
        .find((fact) => fact.startsWith("rights left: "))
        ?.slice(13)
        .split(", ");
      const both = keyOf(all)?.rights.filter((right) => left?.includes(right)) ?? [];
      expect(both, vector.id).toEqual([]);
    }
  });
});

describe("an explanation", () => {
  it("of a vector that expects something else says so", () => {
    const explanation = explain(parseVector(line({ expect: { pa: "0x9" } }), "f:1"));
    expect(explanation).toMatchObject({ right: false, got: { pa: "0x5123" }, want: { pa: "0x9" } });
    expect(toWalkText(explanation)).toContain('\nNOT as recorded\n  want {"pa":"0x9"');
  });

  const unknown = () => explain(parseVector(line({ config: { levels: 7 } }), "f:1"));

  it("is refused for a configuration that does not exist", () => {
    expect(unknown).toThrow(MmulateError);
    expect(unknown).toThrow("x86-64: levels = 7, but 4, 5 is allowed");
  });

  it("that is refused leaves the core's log off", () => {
    expect(unknown).toThrow(MmulateError);
    const made = parseVector(line(), "f:1");
    for (const [pa, entry] of made.tables) core.poke(pa, entry);
    core.exports.setRoots(made.root, made.root);
    core.exports.flushAll();
    core.translate(made.access.va, 0);
    const steps = core.walkSteps();
    core.exports.enableLog(false);
    expect(steps).toEqual([]);
  });
});
