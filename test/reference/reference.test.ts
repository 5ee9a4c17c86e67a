/**
 * The oracles against the witnessed vectors, the judge against outcomes of every sort, and the
 * arbitraries against what they promise. Everything else that is tested leans on these three.
 */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arbitraryArm64 } from "./arbitrary-arm64.js";
import { arbitraryX8664 } from "./arbitrary-x86-64.js";
import { referenceWalkArm64 } from "./arm64.js";
import {
  describeExpect,
  judge,
  type Outcome,
  parseVector,
  type ReferenceOutcome,
  type Vector,
} from "./vector.js";
import { referenceWalkX8664 } from "./x86-64.js";

function referenceWalk(vector: Vector): ReferenceOutcome {
  return vector.arch === "x86-64" ? referenceWalkX8664(vector) : referenceWalkArm64(vector);
}

function readVectors(arch: Vector["arch"]): Vector[] {
  const file = new URL(`../data/vectors/${arch}.jsonl.gz`, import.meta.url);
  const lines = gunzipSync(readFileSync(file)).toString().trimEnd().split("\n");
  return lines.map(parseVector);
}

/** Why the oracle and a vector disagree, `may` included, which an emulator needn't know; or null. */
function disagreement(vector: Vector): string | null {
  const outcome = referenceWalk(vector);
  const reason = judge(vector, { expect: outcome.expect, changed: outcome.after });
  if (reason !== null) {
    return `${vector.id}: ${reason}`;
  }
  const sameMay =
    outcome.may.size === vector.may.size &&
    [...outcome.may].every(([address, value]) => vector.may.get(address) === value);
  return sameMay ? null : `${vector.id}: other updates left open`;
}

describe.each(["x86-64", "arm64"] as const)("the %s oracle", (arch) => {
  it("agrees with every witnessed vector", () => {
    const vectors = readVectors(arch);
    const disagreements = vectors.map(disagreement).filter((reason) => reason !== null);
    expect(vectors).toHaveLength(20_000);
    expect(disagreements.slice(0, 5)).toEqual([]);
  });
});

describe("judge", () => {
  const success = parseVector(
    '{"id":"x","arch":"x86-64","config":{},"root":"0x1000","tables":[["0x1000","0x2003"]],' +
      '"access":{"va":"0x0","type":"read","mode":"user"},"expect":{"pa":"0x5000"},' +
      '"after":[["0x1000","0x2023"]]}',
  );
  const fault = parseVector(
    '{"id":"f","arch":"x86-64","config":{},"root":"0x1000","tables":[["0x1000","0x2003"]],' +
      '"access":{"va":"0x0","type":"read","mode":"user"},' +
      '"expect":{"fault":{"kind":"page-fault","code":"0x4"}},"after":[],' +
      '"may":[["0x1000","0x2023"]]}',
  );
  const faulted: Outcome["expect"] = { fault: { kind: "page-fault", code: 0x4n } };

  it("accepts the expected end with the expected updates", () => {
    expect(judge(success, { expect: { pa: 0x5000n }, changed: success.after })).toBeNull();
  });

  it("rejects a wrong physical address", () => {
    const outcome = { expect: { pa: 0x6000n }, changed: success.after };
    expect(judge(success, outcome)).toBe("expected pa 0x5000, got pa 0x6000");
  });

  it("rejects a fault where the access goes through", () => {
    const outcome = { expect: faulted, changed: success.after };
    expect(judge(success, outcome)).toBe("expected pa 0x5000, got page-fault 0x4");
  });

  it("rejects another fault code", () => {
    const expect_ = { fault: { kind: "page-fault", code: 0x5n } } as const;
    const outcome = { expect: expect_, changed: new Map() };
    expect(judge(fault, outcome)).toBe("expected page-fault 0x4, got page-fault 0x5");
  });

  it("rejects a missing update", () => {
    const outcome = { expect: { pa: 0x5000n }, changed: new Map() };
    expect(judge(success, outcome)).toBe("entry 0x1000 kept its value, expected 0x2023");
  });

  it("rejects an update to another value", () => {
    const outcome = { expect: { pa: 0x5000n }, changed: new Map([[0x1000n, 0x2063n]]) };
    expect(judge(success, outcome)).toBe("entry 0x1000 became 0x2063, expected 0x2023");
  });

  it("rejects an update that nothing asks for", () => {
    const changed = new Map([...success.after, [0x2000n, 0x23n] as const]);
    const outcome = { expect: { pa: 0x5000n }, changed };
    expect(judge(success, outcome)).toBe("entry 0x2000 became 0x23, expected its old value");
  });

  it("accepts an update that is left open, made or not", () => {
    expect(judge(fault, { expect: faulted, changed: new Map() })).toBeNull();
    expect(judge(fault, { expect: faulted, changed: fault.may })).toBeNull();
  });

  it("rejects an update beyond the one left open", () => {
    const outcome = { expect: faulted, changed: new Map([[0x1000n, 0x2063n]]) };
    expect(judge(fault, outcome)).toBe("entry 0x1000 became 0x2063, expected its old value");
  });
});

/** The ends that a fixed sample reaches, without addresses. */
function endsOf(outcomes: readonly ReferenceOutcome[]): Set<string> {
  return new Set(outcomes.map(({ expect }) => describeExpect(expect).replace(/^pa .*/, "pa")));
}

function isLegal(tables: Vector["tables"]): boolean {
  const distinct = new Set(tables.map(([address]) => address)).size === tables.length;
  const inRange = tables.every(
    ([address, value]) =>
      address % 8n === 0n && address < 2n ** 52n && value > 0n && value < 2n ** 64n,
  );
  return distinct && inRange;
}

describe("the arbitraries", () => {
  it("reach success and every page-fault code that x86-64 has here", () => {
    const cases = fc.sample(arbitraryX8664(), { numRuns: 5000, seed: 1 });
    const ends = endsOf(cases.map(referenceWalkX8664));
    expect(cases.every(({ tables }) => isLegal(tables))).toBe(true);
    // P clear or set, with W or not, U or not, RSVD, I and PK where each can be.
    const codes = [0x0, 0x2, 0x4, 0x6, 0x10, 0x14, 0x1, 0x3, 0x5, 0x7, 0x11, 0x15];
    codes.push(0x9, 0xb, 0xd, 0xf, 0x19, 0x1d, 0x21, 0x23, 0x25, 0x27);
    const faults = codes.map((code) => `page-fault 0x${code.toString(16)}`);
    expect([...ends].sort()).toEqual([...faults, "non-canonical", "pa"].sort());
  });

  it("reach success and every fault at every level that arm64 has here", () => {
    const cases = fc.sample(arbitraryArm64(), { numRuns: 10_000, seed: 1 });
    const ends = endsOf(cases.map(referenceWalkArm64));
    expect(cases.every(({ tables }) => isLegal(tables))).toBe(true);
    const levels = (kind: string, first: number) =>
      [0, 1, 2, 3].map((level) => `${kind} level ${level} fsc 0x${(first + level).toString(16)}`);
    const faults = [
      ...levels("address-size", 0x0),
      ...levels("translation", 0x4),
      ...levels("access-flag", 0x8),
      ...levels("permission", 0xc),
      "address-size level -1 fsc 0x29",
      "translation level -1 fsc 0x2b",
    ];
    expect([...ends].sort()).toEqual([...faults, "pa"].sort());
  });

  it("make only contiguous sets that translate as their entries would alone", () => {
    fc.assert(
      fc.property(arbitraryArm64(), (drawn) => {
        const tables = drawn.tables.map(([at, value]) => [at, value & ~(1n << 52n)] as const);
        const alone = referenceWalkArm64({ ...drawn, tables });
        expect(alone.expect).toEqual(referenceWalkArm64(drawn).expect);
      }),
      { numRuns: 2000, seed: 1 },
    );
  });

  it("make no leaf that reaches past the output size", () => {
    fc.assert(
      fc.property(arbitraryArm64(), (drawn) => {
        const { expect: end } = referenceWalkArm64(drawn);
        expect("pa" in end ? end.pa >> BigInt(drawn.config.ips) : 0n).toBe(0n);
      }),
      { numRuns: 2000, seed: 1 },
    );
  });
});
