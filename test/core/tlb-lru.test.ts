// TLBs against a model with lists: small machines of every shape, random streams, every counter exact.
//
// Machines are drawn by hand-made geometry, not from a profile: few sets and ways, so that a stream of a few
// hundred accesses evicts all the time. Large pages have an array of their own, share that of base pages,
// are kept in pieces of these, or are not kept at all. Stores have a first level of their own or not. Pages
// are writable or read-only, of one context or global; what they deny faults, from a walk or an entry.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as abi from "../../assembly/abi/invalidate.js";
import type { Core } from "../../src/core/core.js";
import type { CompiledLayout } from "../../src/layout/compiled.js";
import type { CompiledCpu, CompiledProbe } from "../../src/layout/cpu.js";
import { batchOf, fetch, read, write } from "./events.js";
import {
  ARCHITECTURE_NAMES,
  type ArchitectureName,
  BUILDS,
  type Build,
  coreOf,
  NO_CACHES,
  named,
  typicalLayout,
} from "./support.js";
import { Tables } from "./tables.js";
import { type Counted, type Kind, type Named, type Page, TlbModel } from "./tlb-model.js";

const LAYOUTS: Record<ArchitectureName, CompiledLayout> = {
  "x86-64": typicalLayout("x86-64"),
  arm64: typicalLayout("arm64"),
  riscv64: typicalLayout("riscv64"),
};
const SMALL_SHIFT = 12;
const LARGE_SHIFT = 21;
const NO_WALK_CACHES = [-1, -1, -1, -1, -1, -1, -1, -1];

/** How a structure keeps 2 MiB pages beside 4 KiB ones. */
type Large = "apart" | "shared" | "in pieces" | "not at all";
const LARGE: readonly Large[] = ["apart", "shared", "in pieces", "not at all"];

interface ArrayShape {
  readonly sets: number;
  readonly ways: number;
}

interface StructureShape {
  readonly small: ArrayShape;
  readonly large: ArrayShape;
  readonly keeps: Large;
  /** Base pages are left out: the structure is there for large ones alone. */
  readonly onlyLarge: boolean;
}

interface Shape {
  /** Data, fetch, store, second. */
  readonly structures: readonly StructureShape[];
  /** Second-level arrays are of the kind with partial tags. */
  readonly tagged: boolean;
  /** Those then choose sets by a hash. */
  readonly hashed: boolean;
  readonly ownStores: boolean;
}

/** Four ways are written out in the core, sixteen are the most that fit an order word. */
const ways = fc.constantFrom(1, 2, 3, 4, 4, 5, 16);
const arrayShape = fc.record({ sets: fc.constantFrom(1, 1, 2, 4), ways });

const structureShape: fc.Arbitrary<StructureShape> = fc.record({
  small: arrayShape,
  large: arrayShape,
  keeps: fc.constantFrom(...LARGE),
  onlyLarge: fc.oneof(
    { weight: 5, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
});

const shape: fc.Arbitrary<Shape> = fc.record({
  structures: fc.array(structureShape, { minLength: 4, maxLength: 4 }),
  tagged: fc.boolean(),
  hashed: fc.boolean(),
  ownStores: fc.boolean(),
});

/** Probes of one structure whose arrays are `first` (4 KiB) and `first + 1` (2 MiB). */
function probesOf(
  { classShifts }: CompiledLayout,
  { keeps, onlyLarge }: StructureShape,
  first: number,
): CompiledProbe[] {
  const small = classShifts.indexOf(SMALL_SHIFT);
  const fills = { apart: [first + 1, 0], shared: [first, 0], "in pieces": [-1, small] } as const;
  return classShifts.map((shift, pageClass) => {
    const notKept = { array: -1, shift, fillClass: 0 };
    if (shift === SMALL_SHIFT)
      return onlyLarge ? notKept : { array: first, shift, fillClass: small };
    if (shift !== LARGE_SHIFT || keeps === "not at all") return notKept;
    if (onlyLarge && keeps === "in pieces") return notKept;
    const [array, fillClass] = fills[keeps];
    return { array, shift, fillClass: fillClass === 0 ? pageClass : fillClass };
  });
}

function machineOf(
  layout: CompiledLayout,
  { structures, tagged, hashed, ownStores }: Shape,
): CompiledCpu {
  const second = { tagged, hashed: tagged && hashed };
  const first = { tagged: false, hashed: false };
  return {
    arrays: structures.flatMap(({ small, large }, i) => [
      { name: `${i} 4K`, ...small, ...(i === 3 ? second : first) },
      { name: `${i} 2M`, ...large, ...(i === 3 ? second : first) },
    ]),
    probes: structures.map((one, i) => probesOf(layout, one, 2 * i)),
    routes: [0, ownStores ? 2 : 0, 1],
    walkCaches: NO_WALK_CACHES,
    ...NO_CACHES,
  };
}

/** Twenty base pages and eight large ones; a third read-only, some global. */
function pagesOf(layout: CompiledLayout): Page[] {
  const page = (i: number, first: bigint, shift: number): Page => ({
    va: first + (BigInt(i) << BigInt(shift)),
    bytes: 1n << BigInt(shift),
    // Scattered: neighbours in one address space are not neighbours in the other.
    pa: 0x10_0000_0000n + (BigInt((i * 7) % 32) << BigInt(shift)),
    pageClass: layout.classShifts.indexOf(shift),
    writable: i % 3 !== 1,
    global: i % 5 === 3,
  });
  return [
    ...Array.from({ length: 20 }, (_, i) => page(i, 0n, SMALL_SHIFT)),
    ...Array.from({ length: 8 }, (_, i) => page(i, 1n << 40n, LARGE_SHIFT)),
  ];
}

/** The bits of a user page in the architecture's own terms. */
const BITS: Record<ArchitectureName, (large: boolean, page: Page) => bigint> = {
  // P, U/S; R/W; G; PS.
  "x86-64": (large, { writable, global }) =>
    0b101n | (writable ? 2n : 0n) | (global ? 1n << 8n : 0n) | (large ? 1n << 7n : 0n),
  // Valid, page or block, AP = 11 (clean, or read-only without DBM), PXN; nG; DBM.
  arm64: (large, { writable, global }) =>
    (large ? 1n : 3n) |
    0xc0n |
    (1n << 53n) |
    (global ? 0n : 1n << 11n) |
    (writable ? 1n << 51n : 0n),
  // V, R, X, U; W; G.
  riscv64: (_, { writable, global }) => 0b11011n | (writable ? 4n : 0n) | (global ? 32n : 0n),
};

const KINDS = { read, write, fetch };

interface AccessStep {
  readonly kind: Kind;
  /** Index of the page. */
  readonly page: number;
  readonly offset: bigint;
}
type Whose = Omit<Named, "first" | "last">;
type Step =
  | { readonly do: "batch"; readonly accesses: readonly AccessStep[] }
  | ({ readonly do: "invalidate"; readonly from: number; readonly to: number } & Whose)
  | { readonly do: "context"; readonly id: number }
  | { readonly do: "flush" };

const access: fc.Arbitrary<AccessStep> = fc.record({
  kind: fc.constantFrom<Kind>("read", "read", "write", "fetch"),
  page: fc.nat(27),
  // Words of the first 16 pieces of a large page; of a base page, its words.
  offset: fc.tuple(fc.bigInt(0n, 15n), fc.bigInt(0n, 511n)).map(([a, b]) => a * 4096n + b * 8n),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant("batch" as const),
      accesses: fc.array(access, { minLength: 1, maxLength: 40 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("invalidate" as const),
      // A single page, or those of a range, which may be all.
      from: fc.nat(27),
      to: fc.oneof(fc.constant(0), fc.nat(27)),
      own: fc.oneof(fc.constant(true), fc.boolean()),
      global: fc.boolean(),
      context: fc.constantFrom("current" as const, "any" as const, 0, 1, 510),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("context" as const), id: fc.constantFrom(0, 1, 510) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "flush" as const }) },
);

/** One machine, its model, and the pages that both see. */
class Pair {
  readonly core: Core;
  readonly model: TlbModel;
  private readonly pages: readonly Page[];

  constructor(core: Core, arch: ArchitectureName, drawn: Shape) {
    const layout = LAYOUTS[arch];
    const cpu = machineOf(layout, drawn);
    this.core = core;
    this.pages = pagesOf(layout);
    this.model = new TlbModel(cpu, layout.halves[0].faultDropsTlb);
    core.loadLayout(layout);
    core.loadCpu(cpu);
    core.reset(true);
    const tables = new Tables(core, layout);
    tables.activate();
    for (const page of this.pages) {
      const large = page.pageClass !== 1;
      tables.map({ ...page, level: large ? 1 : 0, bits: BITS[arch](large, page) });
    }
  }

  private page(index: number): Page {
    return this.pages[index] as Page;
  }

  take(one: Step): void {
    if (one.do === "batch") this.batch(one.accesses);
    if (one.do === "flush") {
      this.core.exports.flushAll();
      this.model.flushAll();
    }
    if (one.do === "context") {
      this.core.exports.setContext(one.id);
      this.model.context = one.id;
    }
    if (one.do === "invalidate") this.invalidate(one, this.page(one.from), this.page(one.to));
  }

  /** From the middle of a page to some byte of another one behind it, or of itself. */
  private invalidate(whose: Whose, from: Page, to: Page): void {
    const first = from.va + from.bytes / 2n;
    const last = to.va > from.va ? to.va + 100n : first;
    const own = whose.own ? abi.INVALIDATE_OWN : 0;
    const global = whose.global ? abi.INVALIDATE_GLOBAL : 0;
    const { context } = whose;
    const flags = { current: abi.INVALIDATE_CURRENT, any: abi.INVALIDATE_ANY };
    const which = typeof context === "number" ? 0 : flags[context];
    const given = typeof context === "number" ? context : 0;
    this.core.exports.invalidate(own | global | which, given, first, last);
    this.model.invalidate({ ...whose, first, last });
  }

  /** Runs a batch; every access that faults is passed over. */
  private batch(accesses: readonly AccessStep[]): void {
    const records: bigint[] = [];
    const faults: number[] = [];
    accesses.forEach(({ kind, page: index, offset }, i) => {
      const page = this.page(index);
      const within = page.pageClass === 1 ? offset % 4096n : offset;
      records.push(KINDS[kind](page.va + within));
      if (!this.model.access(kind, page, within)) faults.push(i);
    });
    const stops: number[] = [];
    let at = this.core.run(batchOf(records), records.length);
    for (; at < records.length; at = this.core.resume(at + 1, records.length)) stops.push(at);
    expect(stops).toEqual(faults);
  }

  /** Those counters of the core that the model counts too. */
  counted(): Partial<Counted> {
    const all = named(this.core.counters());
    const names = Object.keys(this.model.counters);
    return Object.fromEntries(names.map((name) => [name, all[name] ?? 0n]));
  }
}

const RUNS: Record<Build, number> = { release: 300, debug: 100 };

describe.each(BUILDS)("on the %s build", (build) => {
  const core = coreOf(build);

  it.each(ARCHITECTURE_NAMES)("%s: every counter is that of true LRU, batch by batch", (arch) => {
    const steps = fc.array(step, { minLength: 1, maxLength: 30, size: "max" });
    fc.assert(
      fc.property(shape, steps, (drawn, taken) => {
        const pair = new Pair(core, arch, drawn);
        for (const one of taken) {
          pair.take(one);
          expect(pair.counted()).toEqual(pair.model.counters);
        }
      }),
      { numRuns: RUNS[build] },
    );
  });
});
