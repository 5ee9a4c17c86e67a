// A module made for one layout and CPU beside the core's own module.
//
// The two get the same operations: batches of accesses in either mode and on either CPU, single
// translations, changed tables, other contexts and roots, invalidations. Both must return the same and leave
// the same bytes in all of linear memory, where tables, TLBs, counters and the stop block lie.

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CpuProfile } from "../../arch/cpu-schema.js";
import { CPUS } from "../../arch/cpus/index.js";
import { ARCHITECTURES } from "../../arch/index.js";
import { EventKind } from "../../assembly/abi/event.js";
import { MEMORY_BASE } from "../../assembly/abi/memory-map.js";
import { Core } from "../../src/core/core.js";
import { compileCoreFor, constantsOf } from "../../src/core/made-for.js";
import { MmulateError } from "../../src/errors.js";
import { compileLayout } from "../../src/layout/compile.js";
import type { CompiledLayout } from "../../src/layout/compiled.js";
import { type CompiledCpu, compileCpu } from "../../src/layout/cpu.js";
import { type CompiledDemand, compilePagePolicy } from "../../src/layout/page-policy.js";
import { batchOf, control } from "./events.js";
import { BUILDS, type Build, coreOf, descriptorOf } from "./support.js";

const CPU_COUNT = 2;
const RUNS: Record<Build, number> = { release: 25, debug: 6 };

function bytesOf(build: Build): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../../build/${build}.wasm`, import.meta.url)));
}

/** Addresses that the accesses stay near: of either half, at the end of one, and outside both. */
const REGIONS = [
  0x4000_0000n,
  0x7fff_ffc0_0000n,
  0xffff_8000_0000_0000n,
  0xffff_ffff_8000_0000n,
  0x0123_4567_8000_0000n,
  0n,
];

const address = fc
  .record({
    region: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, fc.nat(REGIONS.length - 1)),
    page: fc.nat(200),
    /** Neighbours, pages of one set, pages of one table each, of one table of tables each. */
    stride: fc.constantFrom(12n, 16n, 21n, 30n),
    offset: fc.bigInt({ min: 0n, max: 511n }),
  })
  .map(({ region, page, stride, offset }) =>
    BigInt.asUintN(64, (REGIONS[region] ?? 0n) + (BigInt(page) << stride) + 8n * offset),
  );

const record = fc.oneof(
  {
    weight: 20,
    arbitrary: fc
      .tuple(address, fc.constantFrom(EventKind.Read, EventKind.Write, EventKind.Fetch))
      .map(([va, kind]) => va | BigInt(kind)),
  },
  fc.bigInt({ min: 0n, max: 1n }).map((mode) => control(EventKind.Mode, mode)),
  fc.bigInt({ min: 0n, max: BigInt(CPU_COUNT) }).map((cpu) => control(EventKind.Cpu, cpu)),
  fc.bigInt({ min: 0n, max: 9n }).map((count) => control(EventKind.Instructions, count)),
);

/** Does something to a core, and says what came of it. */
type Operation = (core: Core) => unknown;

/** All records, one by one past those that stop. */
function runAll(core: Core, records: readonly bigint[]): unknown {
  const stops: unknown[] = [];
  let index = core.run(batchOf(records), records.length);
  while (index < records.length) {
    stops.push(index, core.stopBlock());
    index = core.resume(index + 1, records.length);
  }
  return stops;
}

/** Changes the entry that the last walk ended at: a mapping withdrawn, write-protected, made old ... */
function change(core: Core, bits: bigint): unknown {
  const { entryPa, entry } = core.stopBlock();
  return [entryPa, core.exports.poke(entryPa, entry ^ bits)];
}

const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.array(record, { minLength: 1, maxLength: 150 }).map(
      (records): Operation =>
        (core) =>
          runAll(core, records),
    ),
  },
  fc.tuple(address, fc.nat(5)).map(
    ([va, access]): Operation =>
      (core) => [core.translate(va, access), core.stopBlock()],
  ),
  fc.constantFrom(1n, 2n, 0x20n, 0x40n, 0x80n, 1n << 7n, 1n << 10n, 1n << 52n, 1n << 63n).map(
    (bits): Operation =>
      (core) =>
        change(core, bits),
  ),
  fc.nat(3).map(
    (id): Operation =>
      (core) =>
        core.exports.setContext(id),
  ),
  fc.tuple(fc.nat(127), fc.nat(3), address, address).map(
    ([flags, context, a, b]): Operation =>
      (core) =>
        core.exports.invalidate(flags, context, a < b ? a : b, a < b ? b : a),
  ),
  fc.constant<Operation>((core) => core.exports.flushAll()),
);

const POLICIES = ["base", "thp", "contiguous", "base,thp@0x50000000"];

const story = fc.record({
  policy: fc.constantFrom(...POLICIES),
  demand: fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, fc.constant(false)),
  logged: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.constant(true)),
  operations: fc.array(operation, { minLength: 1, maxLength: 12 }),
});
type Story = typeof story extends fc.Arbitrary<infer Value> ? Value : never;

/** The policy, or base pages where a layout has no such pages. */
function demandOf(layout: CompiledLayout, policy: string): CompiledDemand {
  try {
    return compilePagePolicy(layout, policy);
  } catch (error) {
    if (error instanceof MmulateError && error.code === "CONFIG") {
      return compilePagePolicy(layout, "base");
    }
    throw error;
  }
}

function play(core: Core, layout: CompiledLayout, told: Story): unknown[] {
  core.reset(true);
  core.loadDemand(told.demand ? demandOf(layout, told.policy) : null);
  core.exports.enableLog(told.logged);
  const [lower, upper] = layout.halves;
  for (let cpu = 0; cpu < CPU_COUNT; cpu++) {
    core.run(batchOf([control(EventKind.Cpu, BigInt(cpu))]), 1);
    const root = core.exports.newTable(0, lower.topLevel);
    core.exports.setRoots(root, core.exports.newTable(1, upper.topLevel));
  }
  return told.operations.map((operate) => operate(core));
}

function memoryOf(core: Core): Buffer {
  return Buffer.from(core.exports.memory.buffer).subarray(MEMORY_BASE);
}

const MODES: Record<string, readonly Record<string, boolean | number>[]> = {
  "x86-64": [{}, { levels: 5, nx: false }, { levels: 4, pke: true, pkru: 4, smap: false }],
  arm64: [{}, { granule: 16 }, { granule: 64, t0sz: 39 }, { ha: false, hd: false, hpd0: true }],
  riscv64: [{}, { sv: 57, svadu: false }, { sv: 39, svnapot: false, sum: true, mxr: true }],
};

interface Machine {
  readonly name: string;
  readonly layout: CompiledLayout;
  readonly cpu: CompiledCpu;
}

/** So small that lines are soon evicted, with hashed sets, and victims in the last cache. */
function cramped(cpu: CompiledCpu): CompiledCpu {
  const last = cpu.caches.length - 1;
  const first = cpu.caches[0]?.array ?? cpu.arrays.length;
  return {
    ...cpu,
    arrays: cpu.arrays.map((array, number) => {
      if (!array.tagged) return array;
      return { ...array, sets: 4, hashed: true, ...(number < first ? {} : { ways: 2 }) };
    }),
    caches: cpu.caches.map((cache, level) => ({ ...cache, victims: level === last })),
    walkerEnters: Math.min(cpu.walkerEnters, last - 1),
  };
}

/**
 * What is made of a profile.
 * @throws MmulateError CONFIG where it has no data caches, or is made for another architecture
 */
type Kind = (profile: CpuProfile, layout: CompiledLayout) => CompiledCpu;

const KINDS: Record<string, Kind> = {
  "": compileCpu,
  "data cached": (profile, layout) => compileCpu(profile, layout, { dataCached: true }),
  guest: (profile, layout) => compileCpu(profile, layout, { nestedShift: layout.classShifts[2] }),
  "cramped guest, data cached": (profile, layout) =>
    cramped(compileCpu(profile, layout, { dataCached: true, nestedShift: layout.classShifts[1] })),
};

/** Every architecture in several modes, every CPU profile it has, as every kind that it can be. */
function machines(): Machine[] {
  return [...ARCHITECTURES].flatMap(([arch, { typical }]) =>
    (MODES[arch] ?? [{}]).flatMap((mode, i) => {
      const layout = compileLayout(
        descriptorOf(arch as "arm64"),
        i === 0 ? typical.values : { ...typical.values, ...mode },
      );
      return [...CPUS.values()].flatMap((profile) =>
        Object.entries(KINDS).flatMap(([kind, make]): Machine[] => {
          try {
            const name = `${arch} ${JSON.stringify(mode)} ${profile.name} ${kind}`.trim();
            return [{ name, layout, cpu: make(profile, layout) }];
          } catch (error) {
            if (error instanceof MmulateError && error.code === "CONFIG") return [];
            throw error;
          }
        }),
      );
    }),
  );
}

it("guests, hashed arrays and caches of victims are among the machines, wherever a CPU has caches", () => {
  const withCaches = [...ARCHITECTURES.keys()].filter((arch) =>
    [...CPUS.values()].some((cpu) => cpu.architectures?.includes(arch) && cpu.caches.length > 0),
  );
  expect(withCaches.length).toBeGreaterThan(1);
  for (const arch of withCaches) {
    const cpus = machines().flatMap(({ name, cpu }) => (name.startsWith(arch) ? [cpu] : []));
    expect(cpus.some(({ nestedShift = 0 }) => nestedShift > 0)).toBe(true);
    expect(cpus.some(({ arrays }) => arrays.some(({ hashed = false }) => hashed))).toBe(true);
    expect(cpus.some(({ caches }) => caches.some(({ victims = false }) => victims))).toBe(true);
  }
});

describe.each(BUILDS)("a module made for a layout and CPU of the %s build", (build) => {
  it.each(machines())("does to memory what the core does: $name", async ({ layout, cpu }) => {
    const made = new Core(await compileCoreFor(bytesOf(build), layout, cpu));
    const own = coreOf(build);
    for (const core of [made, own]) {
      core.loadLayout(layout);
      core.loadCpu(cpu, CPU_COUNT);
    }
    fc.assert(
      fc.property(story, (told) => {
        expect(play(made, layout, told)).toEqual(play(own, layout, told));
        expect(memoryOf(made).equals(memoryOf(own))).toBe(true);
      }),
      { numRuns: RUNS[build] },
    );
  });
});

describe("what a module was made for", () => {
  const bytes = bytesOf("release");
  const layoutOf = (mode: Record<string, number>) => {
    const descriptor = descriptorOf("x86-64");
    return compileLayout(descriptor, { ...descriptor.typical.values, ...mode });
  };
  const layout = layoutOf({});
  const [plain, yardstick] = ["plain", "yardstick"].map((name) => {
    const profile = CPUS.get(name);
    if (profile === undefined) throw new Error(`no profile ${name}`);
    return compileCpu(profile, layout);
  }) as [CompiledCpu, CompiledCpu];

  it("is all that it takes", async () => {
    const core = new Core(await compileCoreFor(bytes, layout, plain));
    core.loadLayout(layout);
    core.loadCpu(plain);
    expect(() => core.loadLayout(layoutOf({ levels: 5 }))).toThrow(
      new MmulateError("CONFIG", "this module was made for another layout: load the core's own"),
    );
    expect(() => core.loadCpu(yardstick)).toThrow(
      new MmulateError("CONFIG", "this module was made for another CPU: load the core's own"),
    );
  });

  it("is nothing in the core's own", () => {
    expect(constantsOf(new WebAssembly.Module(Buffer.from(bytes)))).toEqual([]);
  });

  it("is made once", async () => {
    const first = await compileCoreFor(bytes, layout, plain);
    expect(await compileCoreFor(bytes.slice(), layoutOf({}), plain)).toBe(first);
    expect(await compileCoreFor(bytes, layout, yardstick)).not.toBe(first);
    expect(await compileCoreFor(bytesOf("debug"), layout, plain)).not.toBe(first);
  });
});
