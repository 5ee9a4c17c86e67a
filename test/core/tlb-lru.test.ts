// TLBs against a model with lists: small machines of every shape, random streams, every counter exact.
//
// Machines are drawn by hand-made geometry, not from a profile: one to four sets and ways, so that a stream
// of a few hundred accesses evicts all the time. A page-size class has an array of its own, shares one, is
// kept in pieces of a smaller class, or is not kept at all.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Core } from "../../src/core/core.js";
import type { CompiledCpu, CompiledProbe } from "../../src/layout/cpu.js";
import { compilePagePolicy } from "../../src/layout/page-policy.js";
import { fetch, read, run, write } from "./events.js";
import { BUILDS, type Build, coreOf, named, typicalLayout } from "./support.js";
import { type Counted, TlbModel } from "./tlb-model.js";

const LAYOUT = typicalLayout("x86-64");
const [HALF] = LAYOUT.halves;
const SPLIT = 0x4000_0000_0000n;
const DEMAND = compilePagePolicy(LAYOUT, "base,2m@0x400000000000");
const NO_WALK_CACHES = [-1, -1, -1, -1, -1, -1, -1, -1];
const NOT_KEPT: CompiledProbe = { array: -1, shift: 0, fillClass: 0 };

/** How a structure keeps 2 MiB pages beside 4 KiB ones. */
type Large = "apart" | "shared" | "in pieces" | "not at all";
const LARGE: readonly Large[] = ["apart", "shared", "in pieces", "not at all"];

interface StructureShape {
  readonly small: { readonly sets: number; readonly ways: number };
  readonly large: { readonly sets: number; readonly ways: number };
  readonly keeps: Large;
  /** 4 KiB pages are left out: the structure is there for large ones alone. */
  readonly onlyLarge: boolean;
}

const arrayShape = fc.record({
  sets: fc.constantFrom(1, 2, 4),
  ways: fc.integer({ min: 1, max: 4 }),
});

const structureShape: fc.Arbitrary<StructureShape> = fc.record({
  small: arrayShape,
  large: arrayShape,
  keeps: fc.constantFrom(...LARGE),
  onlyLarge: fc.oneof(
    { weight: 5, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
});

/** Probes of one structure whose arrays are `first` (4 KiB) and `first + 1` (2 MiB). */
function probesOf({ keeps, onlyLarge }: StructureShape, first: number): CompiledProbe[] {
  const [, smallShift = 0, largeShift = 0, hugeShift = 0] = HALF.classShifts;
  const small = onlyLarge
    ? { array: -1, shift: smallShift, fillClass: 0 }
    : { array: first, shift: smallShift, fillClass: 1 };
  const large: Record<Large, CompiledProbe> = {
    apart: { array: first + 1, shift: largeShift, fillClass: 2 },
    shared: { array: first, shift: largeShift, fillClass: 2 },
    "in pieces": { array: -1, shift: largeShift, fillClass: onlyLarge ? 0 : 1 },
    "not at all": { array: -1, shift: largeShift, fillClass: 0 },
  };
  return [NOT_KEPT, small, large[keeps], { array: -1, shift: hugeShift, fillClass: 0 }];
}

const machine: fc.Arbitrary<CompiledCpu> = fc
  .array(structureShape, { minLength: 3, maxLength: 3 })
  .map((shapes) => ({
    arrays: shapes.flatMap(({ small, large }, i) => [
      { name: `${i} 4K`, ...small },
      { name: `${i} 2M`, ...large },
    ]),
    probes: shapes.map((shape, i) => {
      const probes = probesOf(shape, 2 * i);
      return [probes, probes];
    }),
    walkCaches: NO_WALK_CACHES,
  }));

const RECORDS = { read, write, fetch };
type Step =
  | { readonly do: keyof typeof RECORDS; readonly va: bigint }
  | { readonly do: "drop"; readonly va: bigint }
  | { readonly do: "context"; readonly id: number }
  | { readonly do: "flush" };

/** A dozen 4 KiB pages and eight 2 MiB pages, these at any of 16 offsets within. */
const va = fc.oneof(
  fc.tuple(fc.bigInt(0n, 11n), fc.bigInt(0n, 511n)).map(([page, word]) => page * 4096n + word * 8n),
  fc
    .tuple(fc.bigInt(0n, 7n), fc.bigInt(0n, 15n), fc.bigInt(0n, 511n))
    .map(([page, piece, word]) => SPLIT + (page << 21n) + piece * 4096n + word * 8n),
);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 40,
    arbitrary: fc.record({ do: fc.constantFrom("read", "read", "write", "fetch"), va }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("drop" as const), va }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("context" as const), id: fc.constantFrom(0, 1, 65535) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "flush" as const }) },
);

function take(core: Core, model: TlbModel, one: Step): void {
  if (one.do === "flush") {
    core.exports.flushAll();
    model.flushAll();
  } else if (one.do === "context") {
    core.exports.setContext(one.id);
    model.context = one.id;
  } else if (one.do === "drop") {
    core.exports.dropPage(0, one.va);
    model.dropPage(one.va);
  } else {
    expect(run(core, [RECORDS[one.do](one.va)])).toBe(1);
    model.access(one.do, one.va);
  }
}

/** Those counters of the core that the model counts too. */
function countedBy(core: Core, counted: Counted): Partial<Counted> {
  const all = named(core.counters());
  return Object.fromEntries(Object.keys(counted).map((name) => [name, all[name] ?? 0n]));
}

const RUNS: Record<Build, number> = { release: 300, debug: 100 };

describe.each(BUILDS)("on the %s build", (build) => {
  const core = coreOf(build);
  core.loadLayout(LAYOUT);

  it("hits, misses, assists and addresses are those of true LRU, access by access", () => {
    const steps = fc.array(step, { minLength: 1, maxLength: 250, size: "max" });
    fc.assert(
      fc.property(machine, steps, (cpu, taken) => {
        core.reset(true);
        core.loadCpu(cpu);
        core.loadDemand(DEMAND);
        const root = core.exports.newTable(0, HALF.topLevel);
        core.exports.setRoots(root, root);

        const model = new TlbModel(cpu, LAYOUT, DEMAND);
        for (const one of taken) {
          take(core, model, one);
          expect(countedBy(core, model.counters)).toEqual(model.counters);
        }
      }),
      { numRuns: RUNS[build] },
    );
  });
});
