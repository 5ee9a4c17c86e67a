// The rule of the format: "`expect` must be equal; the entries it changed, less those it may, must be
// those of `after`". Whatever departs from it must be caught, and nothing else.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeAccess, describe as describeExpectation, judge } from "../../src/verify/judge.js";
import type { Outcome } from "../../src/verify/play-vector.js";
import { parseVector, type Vector } from "../../src/verify/vector-format.js";
import { type Vector as ReferenceVector, judge as referenceJudge } from "../reference/vector.js";
import { line } from "./support.js";

const MADE = parseVector(line(), "f:1");

type Expect = Vector["expect"];
type Pairs = [bigint, bigint][];

const word = fc.bigInt(0n, 2n ** 64n - 1n);
const fault: fc.Arbitrary<Expect> = fc
  .record({
    kind: fc.constantFrom("page-fault", "permission", "translation"),
    level: fc.integer({ min: -1, max: 3 }),
    code: fc.constantFrom("0x1", "0x7", "0xb"),
  })
  .map((drawn) => ({ fault: drawn }));
const anyExpect: fc.Arbitrary<Expect> = fc.oneof(
  word.map((pa) => ({ pa })),
  fault,
);
/** Entries at distinct addresses. */
const entries = fc.uniqueArray(fc.tuple(word, word), { maxLength: 5, selector: ([pa]) => pa });

/** A vector, and an outcome that obeys it: all of `after`, some of `may`, in any order. */
const obeyed = fc
  .record({ expect: anyExpect, all: entries, cut: fc.nat(5), some: fc.array(fc.boolean()) })
  .chain(({ expect: wanted, all, cut, some }) => {
    const [after, may]: [Pairs, Pairs] = [all.slice(0, cut), all.slice(cut)];
    const taken = may.filter((_, i) => some[i] ?? false);
    return fc
      .shuffledSubarray([...after, ...taken], { minLength: after.length + taken.length })
      .map((changed) => ({ vector: { ...MADE, expect: wanted, after, may }, changed }));
  });

function outcome(expectation: Expect, changed: Pairs): Outcome {
  // Layout and stop block are no part of the verdict.
  return { expect: expectation, changed: new Map(changed) } as unknown as Outcome;
}

describe("an outcome", () => {
  it("that obeys the vector is right, whatever the order of the entries", () => {
    fc.assert(
      fc.property(obeyed, ({ vector, changed }) => {
        expect(judge(vector, outcome(vector.expect, changed))).toBeNull();
      }),
    );
  });

  it("with another end is a wrong result", () => {
    fc.assert(
      fc.property(obeyed, anyExpect, ({ vector, changed }, other) => {
        fc.pre(JSON.stringify(hexed(other)) !== JSON.stringify(hexed(vector.expect)));
        expect(judge(vector, outcome(other, changed))).toBe("wrong result");
      }),
    );
  });

  it.each([
    ["a fault's part missing", { kind: "permission", level: 1 }],
    ["a fault's part more", { kind: "permission", level: 1, code: "0x7", extra: 1 }],
    ["a code as a number", { kind: "permission", level: 1, code: 7 }],
  ])("with %s is a wrong result", (_, other) => {
    const vector = {
      ...MADE,
      expect: { fault: { kind: "permission", level: 1, code: "0x7" } },
      after: [],
    };
    expect(judge(vector, outcome(vector.expect, []))).toBeNull();
    expect(judge(vector, outcome({ fault: other } as Expect, []))).toBe("wrong result");
  });

  it("with an entry changed to another value is a wrong entry update", () => {
    fc.assert(
      fc.property(obeyed, fc.nat(), word, ({ vector, changed }, at, value) => {
        fc.pre(changed.length > 0);
        const entry = changed[at % changed.length];
        fc.pre(entry !== undefined && entry[1] !== value);
        const other = changed.map(([pa, old]): [bigint, bigint] => [
          pa,
          pa === entry?.[0] ? value : old,
        ]);
        expect(judge(vector, outcome(vector.expect, other))).toBe("wrong entry update");
      }),
    );
  });

  it("with an entry changed that neither must nor may is a wrong entry update", () => {
    fc.assert(
      fc.property(obeyed, fc.tuple(word, word), ({ vector, changed }, extra) => {
        fc.pre(![...vector.after, ...vector.may].some(([pa]) => pa === extra[0]));
        const more = [extra, ...changed];
        expect(judge(vector, outcome(vector.expect, more))).toBe("wrong entry update");
      }),
    );
  });

  it("with an entry unchanged that must change is a missing entry update", () => {
    fc.assert(
      fc.property(obeyed, fc.nat(), ({ vector, changed }, at) => {
        fc.pre(vector.after.length > 0);
        const [gone] = vector.after[at % vector.after.length] ?? [];
        const fewer = changed.filter(([pa]) => pa !== gone);
        expect(judge(vector, outcome(vector.expect, fewer))).toBe("missing entry update");
      }),
    );
  });

  it("is judged as the tests' own judge does, right or wrong", () => {
    const some = fc.array(fc.tuple(fc.bigInt(0n, 3n), fc.bigInt(0n, 2n)), { maxLength: 3 });
    const ends = fc.bigInt(0n, 1n).map((pa) => ({ pa }));
    fc.assert(
      fc.property(ends, ends, some, some, some, (want, got, after, may, changed) => {
        const vector = { ...MADE, expect: want, after, may };
        const reference = { ...vector, after: new Map(after), may: new Map(may) };
        const result = outcome(got, changed);
        const theirs = referenceJudge(reference as unknown as ReferenceVector, result as never);
        expect(judge(vector, result) === null).toBe(theirs === null);
      }),
      { numRuns: 2000 },
    );
  });
});

function hexed(expectation: Expect): unknown {
  return describeExpectation(expectation, []);
}

describe("words for a report", () => {
  it("have numbers in hex, as the format writes them", () => {
    const updates = new Map([[0x1000n, 0xffffffffffffffffn]]);
    const after = [["0x1000", "0xffffffffffffffff"]];
    expect(describeExpectation({ pa: 0xabcn }, updates)).toEqual({ pa: "0xabc", after });
    const end = { fault: { kind: "non-canonical" } };
    expect(describeExpectation(end, [])).toEqual({ ...end, after: [] });
  });

  it("say access, address and mode", () => {
    expect(describeAccess(MADE)).toBe("read 0x123 by user");
  });
});
