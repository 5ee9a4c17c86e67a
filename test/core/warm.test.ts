// Warm TLBs beside cold ones.
//
// Does an access end the same whether a TLB, a walk cache or the tables answer it? It must, as long as the
// tables do not change but by the walker's own accessed and dirty updates. Could those change an outcome?
// A recursive mapping makes one entry serve as table and as leaf, so a D bit (x86-64) or a cleared AP[2]
// (arm64) does land in a table entry. But a table entry ignores those bits, and a leaf with A, AF or D set
// is only closer to what the access wanted: neither manual has a fault that such an update brings about.
// So the outcome is the same to the last bit, and a repeated access finds nothing left to update.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Counter } from "../../assembly/abi/counters.js";
import type { Core } from "../../src/core/core.js";
import type { Access } from "../reference/vector.js";
import { ARBITRARY, referenceWalk, verdict } from "./oracle.js";
import {
  ARCHITECTURE_NAMES,
  attempt,
  BUILDS,
  type Build,
  type Case,
  coreOf,
  Player,
  tablesNow,
  withPlainCpu,
} from "./support.js";

const RUNS: Record<Build, number> = { release: 1000, debug: 400 };

type FollowerOf<T> = T extends fc.Arbitrary<infer Value> ? Value : never;

/**
 * Another access after a first one: of any kind and mode, to an address that differs in no bit (the same
 * page), an offset bit (the same page or group), an index bit (the paths part at some level; a walk cache
 * must know at which) or one above (the address is out of range, and must not look like the one that is
 * cached). But not bit 55: it selects arm64's other half, which these cases leave unconfigured.
 */
const follower = fc.record({
  kind: fc.record({
    type: fc.constantFrom<Access["type"]>("read", "write", "fetch"),
    mode: fc.constantFrom<Access["mode"]>("user", "supervisor"),
  }),
  flips: fc.array(
    fc.integer({ min: 0, max: 63 }).filter((bit) => bit !== 55),
    { maxLength: 2 },
  ),
  /** Walk again: what is remembered of leaves and tables must do what the steps one by one do. */
  flush: fc.boolean(),
});

/**
 * Without arm64's contiguous hint. One TLB entry serves a whole group, so a store to its second page need
 * not mark that page's own descriptor (Arm ARM D8.7.1 makes software read the flags of all of them); the
 * oracle, whose TLBs are cold, marks each. tlb-groups.test.ts has the groups.
 */
function withoutHints(drawn: Case): Case {
  if (drawn.arch === "x86-64") return drawn;
  return { ...drawn, tables: drawn.tables.map(([at, value]) => [at, value & ~(1n << 52n)]) };
}

/** The case with the tables as they stand and the follower's access. */
function following(core: Core, drawn: Case, { kind, flips }: FollowerOf<typeof follower>): Case {
  const tables = [...tablesNow(core, drawn.tables)];
  const va = flips.reduce((address, bit) => address ^ (1n << BigInt(bit)), drawn.access.va);
  return { ...drawn, tables, access: { va, ...kind } };
}

describe.each(BUILDS)("on the %s build", (build) => {
  const player = new Player(coreOf(build), withPlainCpu);
  const { core } = player;

  describe.each(ARCHITECTURE_NAMES)("a repeated access of %s", (arch) => {
    it("ends as it did and changes nothing more, TLBs warm or flushed", () => {
      fc.assert(
        fc.property(ARBITRARY[arch](), (drawn) => {
          const cold = player.play(drawn);
          const again = { expect: cold.expect, changed: new Map() };
          expect(attempt(core, drawn)).toEqual(again);
          core.exports.flushAll();
          expect(attempt(core, drawn)).toEqual(again);
        }),
        { numRuns: RUNS[build] },
      );
    });

    it("hits the first level where it went through, and walks again where it did not", () => {
      fc.assert(
        fc.property(ARBITRARY[arch](), (drawn) => {
          const cold = player.play(drawn);
          const walks = core.counter(Counter.Walks);
          const hit = drawn.access.type === "fetch" ? Counter.FetchL1Hit : Counter.DataL1Hit;
          attempt(core, drawn);
          const through = "pa" in cold.expect;
          expect(core.counter(hit)).toBe(through ? 1n : 0n);
          // An address or a root out of range is refused before the walk, each time: 0 walks then.
          expect(core.counter(Counter.Walks)).toBe(through ? walks : 2n * walks);
        }),
        { numRuns: RUNS[build] },
      );
    });

    // What one access cached must decide the next as the tables would: rights and keys are kept for all
    // six kinds of access, dirty state as the tables have it, faults not at all.
    it("and what follows it near by ends as the manual says of the tables as they stand", () => {
      const followers = fc.array(follower, { minLength: 1, maxLength: 6 });
      fc.assert(
        fc.property(ARBITRARY[arch]().map(withoutHints), followers, (drawn, then) => {
          player.play(drawn);
          for (const one of then) {
            const next = following(core, drawn, one);
            if (one.flush) core.exports.flushAll();
            expect(verdict(next, attempt(core, next))).toBeNull();
          }
        }),
        { numRuns: RUNS[build] },
      );
    });
  });

  // Two processes under one mode, their tables beside each other in memory. Whatever one context has
  // cached, in TLBs or walk caches, must not show in the other, though the addresses may be the same.
  it("two contexts of x86-64 take turns without seeing each other's translations", () => {
    const pair = fc.tuple(ARBITRARY["x86-64"](), ARBITRARY["x86-64"](), fc.boolean());
    fc.assert(
      fc.property(pair, ([first, second, sameAddress]) => {
        const tables = new Map([...first.tables, ...second.tables]);
        fc.pre(tables.size === first.tables.length + second.tables.length);
        const access = sameAddress
          ? { ...second.access, va: first.access.va }
          : { ...second.access };
        // The second case under the first one's mode: whatever that makes of it, the oracle knows.
        const both = [first, { ...first, root: second.root, access }] as const;
        player.prepare({ ...first, tables: [...tables] });
        for (const turn of [0, 1, 0, 1] as const) {
          const now: Case = { ...both[turn], tables: [...tablesNow(core, [...tables])] };
          core.exports.setContext(turn + 1);
          core.exports.setRoots(now.root, now.root);
          expect(verdict(now, attempt(core, now))).toBeNull();
        }
      }),
      { numRuns: RUNS[build] },
    );
  });
});

describe("the random cases", () => {
  it.each(ARCHITECTURE_NAMES)("of %s go through often enough to warm a TLB", (arch) => {
    const sample = fc.sample(ARBITRARY[arch](), { numRuns: 500, seed: 1 });
    const through = sample.filter((drawn) => "pa" in referenceWalk(drawn).expect);
    expect(through.length).toBeGreaterThan(100);
  });
});
