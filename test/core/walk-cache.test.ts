// Walk caches against a model with lists: which tables a walk skips, and which entries it still loads.
//
// The machine has no TLBs at all, so that every access walks: two arrays of random shape at random levels.
// The model's rule: the deepest cached table on the way starts the walk; every table entry that a walk
// reads is put in; all arrays are true LRU, by level and context, index = low bits of the address above
// the level's shift.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Counter } from "../../assembly/abi/counters.js";
import * as abi from "../../assembly/abi/invalidate.js";
import { Access, FaultKind } from "../../assembly/abi/stop.js";
import type { CompiledCpu } from "../../src/layout/cpu.js";
import { LruArray } from "./lru-model.js";
import {
  BUILDS,
  type Build,
  coreOf,
  invalidatePage,
  NO_CACHES,
  named,
  typicalLayout,
} from "./support.js";
import { begin, Tables } from "./tables.js";

const LAYOUT = typicalLayout("x86-64");
const { levels, topLevel } = LAYOUT.halves[0];
const UNCACHED = { array: -1, shift: 12, fillClass: 0 };
const NO_TLB = Array.from({ length: 4 }, () => [UNCACHED]);
const CACHED_LEVELS = [1, 2, 3];

interface Shape {
  readonly sets: number;
  readonly ways: number;
}

/** A machine of walk caches alone; null = none at that level. */
function machineOf(shapes: readonly (Shape | null)[]): CompiledCpu {
  const walkCaches = Array.from({ length: 8 }, () => -1);
  const arrays: CompiledCpu["arrays"][number][] = [];
  shapes.forEach((shape, i) => {
    if (shape === null) return;
    walkCaches[i + 1] = arrays.length;
    arrays.push({ name: `level ${i + 1}`, ...shape, tagged: false });
  });
  return { arrays, probes: NO_TLB, routes: [0, 0, 1], walkCaches, ...NO_CACHES };
}

/** A table in a walk cache: whose, and the addresses whose walks go through it. */
interface CachedTable {
  readonly key: string;
  readonly context: number;
  readonly first: bigint;
  readonly last: bigint;
}

/** What an invalidation says of tables; the range with both ends. */
interface Dropped {
  readonly context: number | "any";
  /** All tables of the context, or those on the way to the range. */
  readonly all: boolean;
  readonly first: bigint;
  readonly last: bigint;
}

/** What the walks of a machine count. */
class WalkModel {
  readonly counters: Record<string, bigint> = {};
  private readonly caches: readonly (LruArray<CachedTable> | null)[];

  constructor(shapes: readonly (Shape | null)[]) {
    this.caches = shapes.map((shape) =>
      shape === null ? null : new LruArray<CachedTable>(shape.sets, shape.ways),
    );
  }

  private count(name: string): void {
    this.counters[name] = (this.counters[name] ?? 0n) + 1n;
  }

  private place(level: number, context: number, va: bigint) {
    const shift = BigInt(levels[level]?.shift ?? 0);
    const page = va >> shift;
    const slot = {
      key: `${context} ${page}`,
      context,
      first: page << shift,
      last: ((page + 1n) << shift) - 1n,
    };
    return { cache: this.caches[level - 1] ?? null, page, slot };
  }

  /** Level of the deepest cached table entry; one above the top where there is none. */
  private deepest(context: number, va: bigint): number {
    for (const level of CACHED_LEVELS) {
      const { cache, page, slot } = this.place(level, context, va);
      if (cache?.find(page, slot.key) === undefined) continue;
      this.count(`WalkCacheHitLevel${level}`);
      return level;
    }
    return topLevel + 1;
  }

  /** A walk down to a leaf of `leafLevel`. */
  walk(context: number, va: bigint, leafLevel: number): void {
    this.count("Walks");
    for (let level = this.deepest(context, va) - 1; level >= leafLevel; level--) {
      this.count(`WalkLoadsLevel${level}`);
      if (level === leafLevel) return;
      const { cache, page, slot } = this.place(level, context, va);
      cache?.insert(page, slot);
    }
  }

  invalidate({ context, all, first, last }: Dropped): void {
    for (const cache of this.caches) {
      cache?.dropWhere(
        (table) =>
          (context === "any" || table.context === context) &&
          (all || (table.first <= last && table.last >= first)),
      );
    }
  }

  clear(): void {
    for (const cache of this.caches) cache?.clear();
  }
}

const shape = fc.record({ sets: fc.constantFrom(1, 2, 4), ways: fc.integer({ min: 1, max: 3 }) });
const shapes = fc.array(fc.option(shape, { freq: 4 }), { minLength: 3, maxLength: 3 });

/** An address by its indexes: few values each, so that paths share some tables and part at any level. */
const path = fc.tuple(fc.nat(2), fc.nat(2), fc.nat(3), fc.nat(3));
type Path = readonly [number, number, number, number];

function addressOf([l3, l2, l1, l0]: Path): bigint {
  return (BigInt(l3) << 39n) | (BigInt(l2) << 30n) | (BigInt(l1) << 21n) | (BigInt(l0) << 12n);
}

/** Every fourth 2 MiB range is one page, whose walk ends a level above the others. */
function leafLevelOf([, , l1]: Path): number {
  return l1 === 3 ? 1 : 0;
}

const step = fc.record({
  path,
  context: fc.oneof({ weight: 4, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.nat(2) }),
  drop: fc.option(
    fc.record({
      context: fc.constantFrom<number | "any">(0, 1, 1, 2, "any"),
      all: fc.boolean(),
      from: path,
      to: path,
      one: fc.boolean(),
    }),
    { freq: 10 },
  ),
  flush: fc.oneof(
    { weight: 30, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
});

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

const RUNS: Record<Build, number> = { release: 200, debug: 60 };

describe.each(BUILDS)("on the %s build", (build) => {
  const core = coreOf(build);
  let tables: Tables;

  /** A machine of walk caches and one empty address space. */
  function fresh(drawn: readonly (Shape | null)[], layout = LAYOUT): void {
    core.loadLayout(layout);
    core.loadCpu(machineOf(drawn));
    core.reset(true);
    tables = new Tables(core, layout);
    tables.activate();
  }

  function invalidate(model: WalkModel, drop: NonNullable<Step["drop"]>): void {
    const [a, b] = [addressOf(drop.from), addressOf(drop.one ? drop.from : drop.to)];
    const [first, last] = a <= b ? [a, b] : [b, a];
    const which = drop.all ? abi.INVALIDATE_TABLES : abi.INVALIDATE_TABLES_ON_WAY;
    const any = drop.context === "any" ? abi.INVALIDATE_ANY : 0;
    core.exports.invalidate(which | any, drop.context === "any" ? 0 : drop.context, first, last);
    model.invalidate({ context: drop.context, all: drop.all, first, last });
  }

  it("walks start below the deepest table that true LRU kept", () => {
    const steps = fc.array(step, { minLength: 1, maxLength: 200, size: "max" });
    fc.assert(
      fc.property(shapes, steps, (drawn, taken) => {
        fresh(drawn);
        const model = new WalkModel(drawn);
        for (const { path: to, context, flush, drop } of taken) {
          const [va, level] = [addressOf(to), leafLevelOf(to)];
          const page = va & ~((1n << BigInt(12 + 9 * level)) - 1n);
          tables.map({ va: page, pa: 0x40_0000_0000n | page, level });
          if (flush) core.exports.flushAll();
          if (flush) model.clear();
          if (drop !== null) invalidate(model, drop);
          core.exports.setContext(context);
          expect(core.translate(va, Access.UserRead)).toBe(true);
          model.walk(context, va, level);
          expect(core.stopBlock().pa).toBe(0x40_0000_0000n | va);
        }
        expect(named(core.counters())).toMatchObject(model.counters);
        const walked = Object.keys(named(core.counters())).filter((name) =>
          name.startsWith("Walk"),
        );
        expect(walked.sort()).toEqual(Object.keys(model.counters).sort());
      }),
      { numRuns: RUNS[build] },
    );
  });

  // Only accepted entries get in: a walk that faults leaves the entry it faulted on to be read again.
  // A fault of x86-64 drops the way to its address; the other half of the picture is arm64's.
  it.each([
    ["x86-64", LAYOUT, { hits: 0n, loads1: 2n, loads2: 2n }],
    ["arm64", typicalLayout("arm64"), { hits: 1n, loads1: 2n, loads2: 1n }],
  ] as const)("an entry of %s that was not present is not cached", (_, layout, expected) => {
    fresh([{ sets: 1, ways: 4 }, { sets: 1, ways: 4 }, null], layout);
    const entry = tables.entryAt(0n, 1);
    expect(core.translate(0n, Access.UserRead)).toBe(false);
    expect(core.stopBlock()).toMatchObject({ fault: FaultKind.NotPresent, level: 1 });
    tables.map({ va: 0n, pa: 0x5000n });
    expect(core.peek(entry)).not.toBe(0n);
    expect(core.translate(0n, Access.UserRead)).toBe(true);
    const counted = {
      hits: core.counter(Counter.WalkCacheHitLevel2),
      loads1: core.counter(Counter.WalkLoadsLevel1),
      loads2: core.counter(Counter.WalkLoadsLevel2),
    };
    expect(counted).toEqual(expected);
  });

  // SDM 3A 4.10.4.1: a page fault "also invalidates all entries in the paging-structure caches that would
  // be used for that linear address". Else the same fault would come back without end once the kernel has
  // lifted a restriction in an upper entry, without a flush as it may.
  it("a page fault of x86-64 forgets the way to its page, and no other", () => {
    fresh([{ sets: 1, ways: 4 }, { sets: 1, ways: 4 }, null]);
    const [va, other] = [0n, 1n << 30n];
    for (const page of [va, other]) tables.map({ va: page, pa: 0x5000n });
    const upper = tables.entryAt(va, 1);
    core.translate(other, Access.UserRead);
    core.poke(upper, core.peek(upper) & ~2n);
    expect(core.translate(va, Access.UserWrite)).toBe(false);
    core.poke(upper, core.peek(upper) | 2n);
    expect(core.translate(va, Access.UserWrite)).toBe(true);
    core.translate(other, Access.UserRead);
    expect(core.counter(Counter.WalkCacheHitLevel1)).toBe(1n);
  });

  // SDM 3A 4.10.4.1: INVLPG "also invalidates all entries in all paging-structure caches associated with
  // the current PCID"; of arm64's TLBI by address only the last-level kinds (VALE1) leave them alone.
  it("an invalidated page is walked for from the tables as they are", () => {
    fresh([
      { sets: 2, ways: 4 },
      { sets: 1, ways: 4 },
      { sets: 1, ways: 1 },
    ]);
    tables.map({ va: 0x1000n, pa: 0x5000n });
    for (const context of [1, 2]) {
      core.exports.setContext(context);
      core.translate(0x1000n, Access.UserRead);
    }
    const other = new Tables(core, LAYOUT);
    other.map({ va: 0x1000n, pa: 0x6000n });
    core.poke(tables.entryAt(0x1000n, 1), core.peek(other.entryAt(0x1000n, 1)));
    invalidatePage(core, 0x1000n);
    core.translate(0x1000n, Access.UserRead);
    expect(core.stopBlock().pa).toBe(0x6000n);
    core.exports.setContext(1);
    core.translate(0x1000n, Access.UserRead);
    expect(core.stopBlock().pa).toBe(0x5000n);
  });

  // The rights of the upper entries are not in the leaf: a walk that skips them must still know them.
  it("a walk that starts below a restricting entry is restricted by it", () => {
    fresh([{ sets: 1, ways: 4 }, null, null]);
    tables.map({ va: 0n, pa: 0x5000n });
    tables.map({ va: 0x1000n, pa: 0x6000n });
    const upper = tables.entryAt(0n, 2);
    core.poke(upper, core.peek(upper) & ~2n);
    expect(core.translate(0n, Access.UserRead)).toBe(true);
    expect(core.translate(0x1000n, Access.UserWrite)).toBe(false);
    expect(core.counter(Counter.WalkCacheHitLevel1)).toBe(1n);
    expect(core.stopBlock()).toMatchObject({ fault: FaultKind.Permission, faultCode: 0x7 });
  });

  // The walk of an assist is part of what the assist costs: it counts no load and leaves no trace here.
  it("a dirty assist neither uses nor feeds them, in its own context or another", () => {
    tables = begin(core, LAYOUT);
    const other = new Tables(core, LAYOUT);
    tables.map({ va: 0n, pa: 0x5000n });
    other.map({ va: 0n, pa: 0x6000n });
    core.exports.setContext(1);
    core.translate(0n, Access.UserRead);
    const before = named(core.counters());
    core.translate(0n, Access.UserWrite);
    const walked = (counters: Record<string, bigint>) =>
      Object.entries(counters).filter(([name]) => name.startsWith("Walk"));
    expect(core.counter(Counter.DirtyAssist)).toBe(1n);
    expect(walked(named(core.counters()))).toEqual(walked(before));

    core.exports.setContext(0);
    other.activate();
    core.translate(0n, Access.UserRead);
    expect(core.stopBlock().pa).toBe(0x6000n);
  });
});
