// One array of a TLB against a plain list per set: every number of ways, both kinds of array, page by page.
//
// The machine has a single array, in the second level (tagged or stamped) or in the first (stamped only), so
// that each access is one look-up in it and, on a miss, one insertion. What must come out is true LRU.
//
// A tagged array finds a key by a 32-bit fold of it, its two halves xored. So some of the pages here differ in
// both halves alike, and have one tag; and one page has the tag of an empty way.
//
//   va    46:44   14:12     fold of the key, context 0
//         k       k         1, for every k                 the address is (k << 44) | (k << 12)
//   va    bit 32            0, what empty ways hold        as its class, 1, stands in bit 0

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Counter } from "../../assembly/abi/counters.js";
import { Access } from "../../assembly/abi/stop.js";
import { TlbStructure } from "../../assembly/abi/tlb.js";
import type { Core } from "../../src/core/core.js";
import type { CompiledCpu, CompiledProbe } from "../../src/layout/cpu.js";
import { read, run } from "./events.js";
import { LruArray } from "./lru-model.js";
import { BUILDS, type Build, coreOf, invalidatePage, NO_CACHES, typicalLayout } from "./support.js";
import { Tables } from "./tables.js";

const LAYOUT = typicalLayout("x86-64");
const PAGE = 4096n;

interface Shape {
  readonly structure: TlbStructure.DataL1 | TlbStructure.L2;
  readonly sets: number;
  readonly ways: number;
  readonly tagged: boolean;
}

/** A machine of one array, for base pages in one structure. */
function machineOf({ structure, ...array }: Shape): CompiledCpu {
  const kept = (pageClass: number, shift: number): CompiledProbe =>
    pageClass === 1 ? { array: 0, shift, fillClass: 1 } : { array: -1, shift, fillClass: 0 };
  const nothing = LAYOUT.classShifts.map((shift) => ({ array: -1, shift, fillClass: 0 }));
  const something = LAYOUT.classShifts.map((shift, pageClass) => kept(pageClass, shift));
  return {
    arrays: [{ name: "the array", ...array }],
    probes: [0, 1, 2, 3].map((each) => (each === structure ? something : nothing)),
    routes: [TlbStructure.DataL1, TlbStructure.DataL1, TlbStructure.FetchL1],
    walkCaches: Array<number>(8).fill(-1),
    ...NO_CACHES,
  };
}

/** Pages that share a tag in context 0, the one without a tag, then plain neighbours. */
function pagesOf({ sets, ways }: Shape): bigint[] {
  const alike = [0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n].map((k) => (k << 44n) | (k << 12n));
  const plain = Array.from({ length: 2 * sets * (ways + 1) }, (_, i) => BigInt(i + 64) * PAGE);
  return [...alike, 1n << 32n, ...plain];
}

const physical = (index: number): bigint => 0x10_0000_0000n + BigInt(index) * PAGE;

/** The machine and the list model of it, over the same pages. */
class Pair {
  private readonly core: Core;
  private readonly shape: Shape;
  private readonly model: LruArray<{ key: string }>;
  private readonly pages: readonly bigint[];
  private context = 0;

  constructor(core: Core, shape: Shape) {
    this.core = core;
    this.shape = shape;
    this.model = new LruArray(shape.sets, shape.ways);
    this.pages = pagesOf(shape);
    core.loadCpu(machineOf(shape));
    core.reset(true);
    const tables = new Tables(core, LAYOUT);
    tables.activate();
    this.pages.forEach((va, index) => {
      tables.map({ va, pa: physical(index) });
    });
  }

  private page(index: number): { va: bigint; pa: bigint; number: bigint; key: string } {
    const at = index % this.pages.length;
    const va = this.pages[at] ?? 0n;
    return { va, pa: physical(at), number: va / PAGE, key: `${this.context} ${va}` };
  }

  private hits(): bigint {
    const second = this.shape.structure === TlbStructure.L2;
    return this.core.counter(second ? Counter.L2Hit : Counter.DataL1Hit);
  }

  /** Reads a page, by itself or as a batch; the model says whether that is a hit. */
  access(index: number, batch: boolean): void {
    const { va, pa, number, key } = this.page(index);
    const known = this.model.find(number, key) !== undefined;
    if (!known) this.model.insert(number, { key });
    const before = this.hits();
    if (batch) {
      const sum = this.core.counter(Counter.AddressSum);
      expect(run(this.core, [read(va + 8n)])).toBe(1);
      expect(this.core.counter(Counter.AddressSum) - sum).toBe(pa + 8n);
    } else {
      expect(this.core.translate(va + 8n, Access.UserRead)).toBe(true);
      expect(this.core.stopBlock().pa).toBe(pa + 8n);
    }
    expect(this.hits() - before).toBe(known ? 1n : 0n);
  }

  invalidate(index: number): void {
    const { va, number, key } = this.page(index);
    invalidatePage(this.core, va);
    this.model.drop(number, key);
  }

  enter(context: number): void {
    this.core.exports.setContext(context);
    this.context = context;
  }

  flush(): void {
    this.core.exports.flushAll();
    this.model.clear();
  }
}

type Step =
  | { readonly do: "access"; readonly index: number; readonly batch: boolean }
  | { readonly do: "invalidate"; readonly index: number }
  | { readonly do: "enter"; readonly context: number }
  | { readonly do: "flush" };

/** Pages with a tag in common, few pages (they come back soon), any page (they evict). */
const index = fc.oneof(fc.nat(8), fc.nat(20), fc.nat(10_000));

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 60,
    arbitrary: fc.record({ do: fc.constant("access" as const), index, batch: fc.boolean() }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("invalidate" as const), index }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("enter" as const),
      context: fc.constantFrom(0, 0, 1, 510),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "flush" as const }) },
);

function take(pair: Pair, one: Step): void {
  if (one.do === "access") pair.access(one.index, one.batch);
  if (one.do === "invalidate") pair.invalidate(one.index);
  if (one.do === "enter") pair.enter(one.context);
  if (one.do === "flush") pair.flush();
}

const SECOND = TlbStructure.L2;
const FIRST = TlbStructure.DataL1;
const TAGGED = Array.from({ length: 16 }, (_, i) => i + 1);
/** Four ways are written out; 48 and 256 are whole small TLBs. */
const STAMPED = [1, 2, 3, 4, 5, 6, 8, 17, 48, 256];
const KINDS: [string, Shape][] = [
  ...TAGGED.map((ways): [string, Shape] => [
    `a tagged second level of ${ways} ways`,
    { structure: SECOND, sets: 1, ways, tagged: true },
  ]),
  ...STAMPED.map((ways): [string, Shape] => [
    `a stamped first level of ${ways} ways`,
    { structure: FIRST, sets: 1, ways, tagged: false },
  ]),
  ["a stamped second level of 48 ways", { structure: SECOND, sets: 1, ways: 48, tagged: false }],
];

const RUNS: Record<Build, number> = { release: 30, debug: 10 };

describe.each(BUILDS)("on the %s build", (build) => {
  const core = coreOf(build);
  core.loadLayout(LAYOUT);

  it.each(KINDS)("%s keeps what true LRU keeps", (_, shape) => {
    const steps = fc.array(step, { minLength: 100, maxLength: 300, size: "max" });
    fc.assert(
      fc.property(fc.constantFrom(1, 2, 8), steps, (sets, taken) => {
        const pair = new Pair(core, { ...shape, sets: shape.ways > 16 ? 1 : sets });
        for (const one of taken) take(pair, one);
      }),
      { numRuns: RUNS[build] },
    );
  });

  // Filled to the last way, then one page more: the oldest goes, whichever of them that is by now.
  it.each(KINDS)("%s drops the oldest, in any order of age", (_, { ways, ...rest }) => {
    const orders = fc.shuffledSubarray(
      Array.from({ length: ways }, (_, i) => i),
      { minLength: ways, maxLength: ways },
    );
    fc.assert(
      fc.property(orders, fc.boolean(), (order, batch) => {
        const pair = new Pair(core, { ...rest, ways });
        for (let page = 0; page < ways; page++) pair.access(page, batch);
        for (const page of order) pair.access(page, batch);
        pair.access(ways, batch);
        for (const page of order.slice(1)) pair.access(page, batch);
        pair.access(order[0] ?? 0, batch);
      }),
      { numRuns: RUNS[build] / 5 },
    );
  });

  // An entry that was dropped is the first to be taken again, so that nothing else is lost.
  it.each(KINDS)("%s fills the gaps that dropped pages left first", (_, { ways, ...rest }) => {
    const gaps = fc.uniqueArray(fc.nat(ways - 1), { minLength: 1, maxLength: ways });
    fc.assert(
      fc.property(gaps, (dropped) => {
        const pair = new Pair(core, { ...rest, ways });
        for (let page = 0; page < ways; page++) pair.access(page, false);
        for (const page of dropped) pair.invalidate(page);
        dropped.forEach((_, i) => {
          pair.access(ways + i, false);
        });
        for (let page = 0; page < 2 * ways; page++) pair.access(page, false);
      }),
      { numRuns: RUNS[build] / 5 },
    );
  });

  it.each(KINDS)("%s begins anew after a flush", (_, { ways, ...rest }) => {
    const pair = new Pair(core, { ...rest, ways });
    for (let page = 0; page < ways; page++) pair.access(page, true);
    for (let page = ways - 1; page >= 0; page -= 2) pair.access(page, true);
    pair.flush();
    for (let page = 0; page < 2 * ways; page++) pair.access(page, true);
    for (let page = 2 * ways - 1; page >= 0; page--) pair.access(page, true);
  });

  // A tag that fits is not enough; and what lies behind the last way is no way.
  it.each(TAGGED)("of %i tagged ways, none answers for a page with its tag", (ways) => {
    const pair = new Pair(core, { structure: SECOND, sets: 1, ways, tagged: true });
    for (let page = 0; page < 8; page++) pair.access(page, false);
    pair.access(8, false);
    for (let page = 8; page >= 0; page--) pair.access(page, true);
  });
});
