// Data caches against a model with lists: where each entry of each walk is found, and the data behind it.
//
// The machine has no TLBs and no walk caches, so that every access reads one entry per level, whose
// addresses the tables tell. Caches are of random, small shape; two CPUs share the last one. The model's
// rule: a load looks from the cache it begins at to memory, and is put into all that missed; all are true
// LRU, index = low bits of the line number, or of its hash. The last cache may get what the one before it
// evicts instead, and give up what it is asked for. Of a guest, each entry is read behind the host's entry
// for it, from where the host keeps it, and one more host entry leads to the page.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Counter } from "../../assembly/abi/counters.js";
import { Access } from "../../assembly/abi/stop.js";
import type { CompiledArray, CompiledCpu } from "../../src/layout/cpu.js";
import { fetch, read, run, write } from "./events.js";
import { LruArray } from "./lru-model.js";
import { hostAddress, hostEntryAddress } from "./scatter-model.js";
import { BUILDS, type Build, coreOf, typicalLayout } from "./support.js";
import { Tables } from "./tables.js";

const LAYOUT = typicalLayout("x86-64");
const { topLevel } = LAYOUT.halves[0];
const LINE_SHIFT = 6;
const UNCACHED = { array: -1, shift: 12, fillClass: 0 };
const CPUS = 2;
const MEMORY = 4;

interface Shape {
  readonly caches: readonly {
    readonly sets: number;
    readonly ways: number;
    readonly hashed: boolean;
  }[];
  /** The last cache holds victims. */
  readonly victims: boolean;
  /** log2 bytes of a host's pages, 0 = no host. */
  readonly nestedShift: number;
  readonly walkerEnters: number;
  readonly dataCached: boolean;
}

const shape: fc.Arbitrary<Shape> = fc
  .record({
    caches: fc.array(
      fc.record({
        sets: fc.constantFrom(1, 2, 8),
        ways: fc.constantFrom(1, 2, 3, 8, 16),
        hashed: fc.boolean(),
      }),
      { minLength: 1, maxLength: 4 },
    ),
    enters: fc.nat(3),
    dataCached: fc.boolean(),
    victims: fc.boolean(),
    nestedShift: fc.constantFrom(0, 12, 21),
  })
  .map(({ enters, victims, ...drawn }) => {
    const walkerEnters = Math.min(enters, drawn.caches.length - 1);
    return { ...drawn, walkerEnters, victims: victims && walkerEnters < drawn.caches.length - 1 };
  });

const isShared = (level: number, { caches }: Shape): boolean =>
  caches.length > 1 && level === caches.length - 1;

function machineOf(drawn: Shape): CompiledCpu {
  const arrays: CompiledArray[] = drawn.caches.map((one, i) => ({
    name: `cache ${i}`,
    ...one,
    tagged: true,
  }));
  return {
    arrays,
    probes: Array.from({ length: 4 }, () => [UNCACHED]),
    routes: [0, 0, 1],
    walkCaches: Array<number>(8).fill(-1),
    caches: arrays.map((_, array) => ({
      array,
      lineShift: LINE_SHIFT,
      shared: isShared(array, drawn),
      victims: drawn.victims && array === arrays.length - 1,
    })),
    nestedShift: drawn.nestedShift,
    walkerEnters: drawn.walkerEnters,
    dataCached: drawn.dataCached,
  };
}

/** What two CPUs find where. */
class CacheModel {
  readonly walk: bigint[] = [0n, 0n, 0n, 0n, 0n];
  readonly data: bigint[] = [0n, 0n, 0n, 0n, 0n];
  readonly nested: bigint[] = [0n, 0n, 0n, 0n, 0n];
  pages = 0n;
  private readonly caches: LruArray<{ key: string }>[][];
  private readonly drawn: Shape;

  constructor(drawn: Shape) {
    this.drawn = drawn;
    const make = () =>
      drawn.caches.map(({ sets, ways, hashed }) => new LruArray(sets, ways, hashed));
    const [first, ...others] = Array.from({ length: CPUS }, make);
    const shared = first ?? [];
    this.caches = [
      shared,
      ...others.map((own) =>
        own.map((cache, level) => (isShared(level, drawn) ? (shared[level] ?? cache) : cache)),
      ),
    ];
  }

  private load(cpu: number, from: number, pa: bigint): number {
    const caches = this.caches[cpu] ?? [];
    const { victims } = this.drawn;
    const last = caches.length - 1;
    const line = pa >> BigInt(LINE_SHIFT);
    const key = String(line);
    let level = from;
    while (level <= last && caches[level]?.find(line, key) === undefined) level++;
    if (victims && level === last) caches[last]?.drop(line, key);
    for (let missed = from; missed < (victims ? Math.min(level, last) : level); missed++) {
      const gone = caches[missed]?.insert(line, { key });
      if (!victims || missed + 1 < last || gone === undefined) continue;
      caches[last]?.insert(BigInt(gone.key), gone);
    }
    return level > last ? MEMORY : level;
  }

  private count(counts: bigint[], cpu: number, from: number, pa: bigint): void {
    const level = this.load(cpu, from, pa);
    counts[level] = (counts[level] ?? 0n) + 1n;
  }

  private byHost(pa: bigint): bigint {
    const { nestedShift } = this.drawn;
    return nestedShift === 0 ? pa : hostAddress(nestedShift, pa);
  }

  private readHostEntry(cpu: number, pa: bigint): void {
    const { nestedShift, walkerEnters } = this.drawn;
    if (nestedShift === 0) return;
    this.count(this.nested, cpu, walkerEnters, hostEntryAddress(nestedShift, pa));
  }

  readEntry(cpu: number, pa: bigint): void {
    this.readHostEntry(cpu, pa);
    this.count(this.walk, cpu, this.drawn.walkerEnters, this.byHost(pa));
  }

  /** A walk came to the page of `pa`. */
  reach(cpu: number, pa: bigint): void {
    this.readHostEntry(cpu, pa);
    if (this.drawn.nestedShift !== 0) this.pages++;
  }

  access(cpu: number, pa: bigint): void {
    if (!this.drawn.dataCached) return;
    this.count(this.data, cpu, 0, this.byHost(pa));
  }
}

const step = fc.record({
  cpu: fc.nat(CPUS - 1),
  kind: fc.constantFrom("read" as const, "write" as const, "fetch" as const),
  page: fc.tuple(fc.nat(1), fc.nat(2), fc.nat(15)),
  word: fc.bigInt(0n, 511n),
  batch: fc.boolean(),
});
const KINDS = { read, write, fetch };
const CODES = { read: Access.UserRead, write: Access.UserWrite, fetch: Access.UserFetch };
const RUNS: Record<Build, number> = { release: 200, debug: 60 };

describe.each(BUILDS)("on the %s build", (build) => {
  const core = coreOf(build);

  function fresh(drawn: Shape): Tables {
    core.loadLayout(LAYOUT);
    core.loadCpu(machineOf(drawn), CPUS);
    core.reset(true);
    const tables = new Tables(core, LAYOUT);
    for (let cpu = 0; cpu < CPUS; cpu++) {
      core.exports.selectCpu(cpu);
      tables.activate();
    }
    return tables;
  }

  function found(first: Counter): bigint[] {
    return [0, 1, 2, 3, 4].map((i) => core.counter(first + i));
  }

  it("lines are found where lists with true LRU have them", () => {
    const steps = fc.array(step, { minLength: 1, maxLength: 150, size: "max" });
    fc.assert(
      fc.property(shape, steps, (drawn, taken) => {
        const tables = fresh(drawn);
        const model = new CacheModel(drawn);
        for (const { cpu, kind, page, word, batch } of taken) {
          const [l2, l1, l0] = page.map(BigInt) as [bigint, bigint, bigint];
          const va = (l2 << 30n) | (l1 << 21n) | (l0 << 12n) | (word * 8n);
          const frame = 0x40_0000_0000n | (va & ~0xfffn);
          tables.map({ va: va & ~0xfffn, pa: frame });
          core.exports.selectCpu(cpu);
          if (batch) expect(run(core, [KINDS[kind](va)])).toBe(1);
          else expect(core.translate(va, CODES[kind])).toBe(true);
          for (let level = topLevel; level >= 0; level--) {
            model.readEntry(cpu, tables.entryAt(va, level));
          }
          model.reach(cpu, frame);
          if (kind !== "fetch") model.access(cpu, frame | (va & 0xfffn));
        }
        expect(found(Counter.WalkFromCache1)).toEqual(model.walk);
        expect(found(Counter.DataFromCache1)).toEqual(model.data);
        expect(found(Counter.NestedFromCache1)).toEqual(model.nested);
        expect(core.counter(Counter.NestedPages)).toBe(model.pages);
      }),
      { numRuns: RUNS[build] },
    );
  });

  const PLAIN: Shape = {
    caches: [{ sets: 8, ways: 16, hashed: false }],
    walkerEnters: 0,
    dataCached: true,
    victims: false,
    nestedShift: 0,
  };

  it("a flush of the TLBs leaves them; a reset does not", () => {
    const tables = fresh(PLAIN);
    const again = () => {
      tables.map({ va: 0n, pa: 0x5000n });
      core.translate(0n, Access.UserRead);
    };
    again();
    core.exports.flushAll();
    again();
    expect(core.counter(Counter.DataFromMemory)).toBe(1n);
    expect(core.counter(Counter.DataFromCache1)).toBe(1n);
    fresh(PLAIN);
    core.translate(0n, Access.UserRead);
    expect(core.counter(Counter.WalkFromMemory)).toBe(1n);
  });

  it("a walk that faults has read what it has read", () => {
    const tables = fresh(PLAIN);
    tables.map({ va: 0n, pa: 0x5000n });
    expect(core.translate(0x1000n, Access.UserRead)).toBe(false);
    expect(found(Counter.WalkFromCache1).reduce((a, b) => a + b)).toBe(BigInt(topLevel + 1));
    expect(core.counter(Counter.DataFromMemory)).toBe(0n);
  });
});
