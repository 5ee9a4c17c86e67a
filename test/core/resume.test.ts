// Stop and resume beside in-place demand: two ways to fill an entry that is not present.
//
// In place, the mapper inside the core fills it while the walk waits. By stops, the core gives the fault to
// TypeScript, which fills the same entry by the same rule, and the record is run again. Both must build the
// same tables, deliver the same addresses, and leave every TLB and walk cache in the same state; so all
// that may differ is what the faulting walks themselves count. Small picture, 4 levels, walk caches at all
// upper ones, the level-1 entry not present:
//
//   in place   L1 miss, L2 miss, walk, loads 3 2 1* 0                              (* filled)
//   by stops   L1 miss, L2 miss, walk, loads 3 2 1   fault
//              L1 miss, L2 miss, walk, cached at 2, loads 1 0
//
// The retry starts below the deepest entry that a walk cache keeps; the faulting walk has just put it
// there, so it starts at the faulting level itself, or above it where the CPU has no cache for that level.
// Why does the retry not disturb LRU order? A miss touches nothing, a fault fills nothing, and the one
// walk-cache entry that it touches is already the youngest of its array. On x86-64 a fault also drops what
// is cached of the way to its address (walk-cache.test.ts), which the mapper inside the core, where nothing
// faults, does not; so that rule is off here.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plain } from "../../arch/cpus/plain.js";
import { Counter } from "../../assembly/abi/counters.js";
import { EventKind } from "../../assembly/abi/event.js";
import { Access, Stop } from "../../assembly/abi/stop.js";
import type { Core } from "../../src/core/core.js";
import type { CompiledLayout } from "../../src/layout/compiled.js";
import { type CompiledCpu, compileCpu } from "../../src/layout/cpu.js";
import { type CompiledDemand, compilePagePolicy } from "../../src/layout/page-policy.js";
import { batchOf, control, fetch, read, write } from "./events.js";
import { StopMapper } from "./stop-mapper.js";
import { BUILDS, type Build, coreOf, named, typicalLayout } from "./support.js";

interface Machine {
  readonly layout: CompiledLayout;
  readonly cpu: CompiledCpu;
  readonly demand: CompiledDemand;
}

const X86 = typicalLayout("x86-64");
const X86_DEEP = typicalLayout("x86-64", { levels: 5 });
const ARM_4 = typicalLayout("arm64");
const ARM_64 = typicalLayout("arm64", { granule: 64 });

/** The same layout, except that faults leave TLBs and walk caches alone. */
function withoutDrops(layout: CompiledLayout): CompiledLayout {
  const [first, second] = layout.halves;
  const keeping = { faultDropsTlb: false };
  return {
    ...layout,
    halves: [
      { ...first, ...keeping },
      { ...second, ...keeping },
    ],
  };
}

function machine(given: CompiledLayout, pages: string, walkCaches: boolean): Machine {
  const layout = withoutDrops(given);
  const cpu = compileCpu(plain, layout);
  const demand = compilePagePolicy(layout, pages);
  return {
    layout,
    demand,
    cpu: walkCaches ? cpu : { ...cpu, walkCaches: cpu.walkCaches.map(() => -1) },
  };
}

const MACHINES: [string, Machine][] = [
  ["x86-64, 4 KiB and 2 MiB pages", machine(X86, "base,2m@0x400000000000", true)],
  ["x86-64 without walk caches", machine(X86, "base,2m@0x400000000000", false)],
  ["x86-64 with 5 levels, whose top level has no walk cache", machine(X86_DEEP, "base", true)],
  ["x86-64 in groups of 16 pages", machine(X86, "contiguous", true)],
  ["arm64 with contiguous groups", machine(ARM_4, "contiguous,2m@0x400000000000", true)],
  ["arm64 with a 64 KiB granule", machine(ARM_64, "base", true)],
];

/**
 * Regions on both sides of the split, one of them in the upper half; the paths of some part at the top
 * level, of others at the leaf.
 */
const REGIONS = [
  0x1000n,
  0x7f_c000_0000n,
  0x3fff_ffc0_0000n,
  0x4000_0000_0000n,
  0x5a5a_0000_0000n,
  0xffff_9000_0000_0000n,
];

const event = fc.oneof(
  {
    weight: 19,
    arbitrary: fc
      .record({
        kind: fc.constantFrom(read, write, fetch),
        region: fc.constantFrom(...REGIONS),
        // A skewed choice of pages: some come back at once, some after their entry was evicted.
        page: fc.oneof(fc.bigInt(0n, 7n), fc.bigInt(0n, 1023n)),
        word: fc.bigInt(0n, 511n),
      })
      .map(({ kind, region, page, word }) => kind(region + page * 4096n + word * 8n)),
  },
  {
    weight: 1,
    arbitrary: fc.bigInt(0n, 99n).map((n) => control(EventKind.Instructions, n)),
  },
);

/** A fresh address space on the machine. */
function start(core: Core, { layout, cpu }: Machine, demand: CompiledDemand | null): void {
  core.loadLayout(layout);
  core.loadCpu(cpu);
  core.loadDemand(demand);
  core.reset(true);
  const root = core.exports.newTable(0, layout.halves[0].topLevel);
  core.exports.setRoots(root, root);
}

interface Stopped {
  readonly mapper: StopMapper;
  /** Faults of data accesses and of fetches. */
  readonly data: bigint;
  readonly fetches: bigint;
}

/** Runs the records with every fault handled here. */
function runByStops(core: Core, on: Machine, records: readonly bigint[]): Stopped {
  start(core, on, null);
  const mapper = new StopMapper(core, on.layout, on.demand);
  let data = 0n;
  let fetches = 0n;
  let index = core.run(batchOf(records), records.length);
  while (index < records.length) {
    const stop = core.stopBlock();
    mapper.handle(stop);
    if (stop.access === Access.UserFetch) fetches += 1n;
    else data += 1n;
    index = core.resume(index, records.length);
  }
  return { mapper, data, fetches };
}

/** Where the retry of a walk that faulted at `level` starts; see the head. */
function retryLevel({ layout, cpu }: Machine, level: number): number {
  const top = layout.halves[0].topLevel;
  for (let above = level + 1; above <= top; above++) {
    if ((cpu.walkCaches[above] ?? -1) >= 0) return above - 1;
  }
  return top;
}

/** What a run by stops counts, given what the run in place counted: all other counters are equal. */
function expectedByStops(inPlace: BigUint64Array, on: Machine, stopped: Stopped): BigUint64Array {
  const counters = inPlace.slice();
  const add = (counter: number, amount: bigint): void => {
    counters[counter] = (counters[counter] ?? 0n) + amount;
  };
  const all = stopped.data + stopped.fetches;
  // Each faulting attempt looked into both TLB levels in vain, walked, and found an entry missing.
  add(Counter.DataL1Miss, stopped.data);
  add(Counter.FetchL1Miss, stopped.fetches);
  add(Counter.L2Miss, all);
  add(Counter.Walks, all);
  add(Counter.FaultNotPresent, all);
  // Each retry loads again what no walk cache spared it, and counts the hit that spared it the rest.
  stopped.mapper.faults.forEach((count, level) => {
    const from = retryLevel(on, level);
    for (let again = level; again <= from; again++) {
      add(Counter.WalkLoadsLevel0 + again, BigInt(count));
    }
    if (from < on.layout.halves[0].topLevel) {
      add(Counter.WalkCacheHitLevel1 + from, BigInt(count));
    }
  });
  // The core's own mapper did nothing; what it would have done, this one did.
  add(Counter.DemandTables, -BigInt(stopped.mapper.tables));
  add(Counter.DemandMappings, -BigInt(stopped.mapper.mappings));
  add(Counter.DemandEntries, -BigInt(stopped.mapper.entries));
  return counters;
}

/** Words that are compared; more tables than hold them are made by few runs. */
const MAX_WORDS = 65_536;

/** Every word of the tables, which lie in the window from 0 up. */
function windowWords(core: Core, bytes: number): bigint[] {
  const words = Math.min(bytes / 8, MAX_WORDS);
  return Array.from({ length: words }, (_, i) => core.peek(8n * BigInt(i)));
}

const RUNS: Record<Build, number> = { release: 60, debug: 20 };

describe.each(BUILDS)("on the %s build", (build) => {
  const inside = coreOf(build);
  const outside = coreOf(build);

  it.each(MACHINES)("%s: stops and in-place demand come to the same", (_, on) => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 300, size: "max" }), (records) => {
        start(inside, on, on.demand);
        expect(inside.run(batchOf(records), records.length)).toBe(records.length);
        const stopped = runByStops(outside, on, records);

        const expected = expectedByStops(inside.counters(), on, stopped);
        expect(named(outside.counters())).toEqual(named(expected));
        for (const core of [inside, outside]) expect(core.stopBlock().code).toBe(Stop.Done);

        const bytes = (stopped.mapper.tables + 1) << on.layout.pageShift;
        expect(windowWords(outside, bytes)).toEqual(windowWords(inside, bytes));
      }),
      { numRuns: RUNS[build] },
    );
  });
});
