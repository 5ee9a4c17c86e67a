// Every TLB maintenance instruction of every architecture: which entries stay, on which CPU.
//
// Three address spaces of base, large and huge pages, contiguous groups and global pages, on CPUs of real
// profiles. Random accesses fill TLBs and walk caches; an operation comes; what is left must be what was
// there, less what the manual's rule takes. Then more accesses and operations, so that the gaps are filled.
// That gaps are filled before anything is lost is tlb-arrays.test.ts; who is hit afterwards, tlb-lru.test.ts.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CpuProfile } from "../../arch/cpu-schema.js";
import { CPUS } from "../../arch/cpus/index.js";
import { Counter } from "../../assembly/abi/counters.js";
import { Access } from "../../assembly/abi/stop.js";
import type { Core } from "../../src/core/core.js";
import type { CompiledLayout } from "../../src/layout/compiled.js";
import { type CompiledCpu, compileCpu } from "../../src/layout/cpu.js";
import { cachedBy, type Entry } from "./cached.js";
import { operandsOf, SPECS, type Spec } from "./invalidation-spec.js";
import {
  ARCHITECTURE_NAMES,
  type ArchitectureName,
  BUILDS,
  type Build,
  coreOf,
  descriptorOf,
  typicalLayout,
} from "./support.js";
import { Tables } from "./tables.js";

const LAYOUTS: Record<ArchitectureName, readonly CompiledLayout[]> = {
  "x86-64": [typicalLayout("x86-64"), typicalLayout("x86-64", { pge: false })],
  arm64: [
    typicalLayout("arm64"),
    typicalLayout("arm64", { granule: 16 }),
    typicalLayout("arm64", { granule: 64 }),
  ],
  riscv64: [typicalLayout("riscv64"), typicalLayout("riscv64", { sv: 39, svnapot: false })],
};
const PROFILES: Record<ArchitectureName, readonly string[]> = {
  "x86-64": ["plain", "golden-cove", "zen4", "skylake-sp"],
  arm64: ["plain", "neoverse-n1", "neoverse-v2"],
  riscv64: ["plain"],
};
const CONTEXTS = [0, 1, 510];
const CPU_COUNT = 3;
/** What an address of the upper half has above; x86-64 has other entries for it, arm64 the same here. */
function upperOf({ halves }: CompiledLayout): bigint {
  return halves[1].range.value;
}

interface Page {
  readonly va: bigint;
  readonly bytes: bigint;
  readonly level: number;
  readonly group: boolean;
  readonly global: boolean;
}

/** Eight pages of each size that the layout has, each size in a table of its own; every third is global. */
function pagesOf(layout: CompiledLayout): Page[] {
  const [half] = layout.halves;
  const sizes = half.levels.flatMap(({ level, shift, groupShift, leafTemplate }) => {
    if (leafTemplate === null || level > 2) return [];
    const alone = { level, shift, group: false };
    return groupShift === 0 ? [alone] : [alone, { level, shift: groupShift, group: true }];
  });
  return sizes.flatMap(({ level, shift, group }, i) => {
    const bytes = 1n << BigInt(shift);
    const first = BigInt(i + 1) << BigInt(half.vaBits - 4);
    return Array.from({ length: 8 }, (_, n) => ({
      va: first + BigInt(n) * bytes,
      bytes,
      level,
      group,
      global: n % 3 === 2,
    }));
  });
}

const GLOBAL: Record<ArchitectureName, (bits: bigint) => bigint> = {
  "x86-64": (bits) => bits | (1n << 8n),
  arm64: (bits) => bits & ~(1n << 11n),
  riscv64: (bits) => bits | (1n << 5n),
};

function mapPage(tables: Tables, layout: CompiledLayout, page: Page): void {
  const here = layout.halves[0].levels[page.level];
  if (here === undefined) throw new Error("no such level");
  const plain = (here.leafTemplate ?? 0n) | (page.group ? here.group.value : 0n);
  const arch = layout.architecture as ArchitectureName;
  const bits = page.global ? GLOBAL[arch](plain) : plain;
  const step = 1n << BigInt(here.shift);
  for (let offset = 0n; offset < page.bytes; offset += step) {
    for (const half of [0n, upperOf(layout)]) {
      const va = (page.va + offset) | half;
      tables.map({ va, pa: (1n << 40n) + offset, level: page.level, bits });
    }
  }
}

/** CPUs that share three address spaces. */
class Machine {
  readonly core: Core;
  readonly layout: CompiledLayout;
  readonly pages: readonly Page[];
  private readonly cpu: CompiledCpu;
  private readonly spaces: readonly Tables[];
  private readonly current = Array<number>(CPU_COUNT).fill(0);
  private running = 0;

  constructor(core: Core, layout: CompiledLayout, profile: string) {
    this.core = core;
    this.layout = layout;
    this.cpu = compileCpu(CPUS.get(profile) as CpuProfile, layout);
    core.loadLayout(layout);
    core.loadCpu(this.cpu, CPU_COUNT);
    core.loadDemand(null);
    core.reset(true);
    this.pages = pagesOf(layout);
    this.spaces = CONTEXTS.map(() => new Tables(core, layout));
    for (const page of this.pages) {
      for (const space of this.spaces) mapPage(space, layout, page);
    }
  }

  run(cpu: number, space: number): void {
    this.running = cpu;
    this.current[cpu] = CONTEXTS[space] ?? 0;
    this.core.exports.selectCpu(cpu);
    this.core.exports.setContext(this.current[cpu] ?? 0);
    this.spaces[space]?.activate();
  }

  /** An address of a page, in either half of the address space. */
  addressIn({ page, within, upper }: Place): bigint {
    const { va, bytes } = this.pages[page % this.pages.length] as Page;
    return (va + (within % bytes)) | (upper ? upperOf(this.layout) : 0n);
  }

  access({ cpu, space, kind, ...place }: AccessStep): void {
    this.run(cpu, space);
    expect(this.core.translate(this.addressIn(place), kind)).toBe(true);
  }

  entries(): Entry[] {
    const { core, layout } = this;
    return [0, 1, 2].flatMap((cpu) => cachedBy(core, layout, this.cpu, cpu));
  }

  /** Performs the operation; compares what is left with what the rule leaves. */
  perform(name: string, spec: Spec, told: Parameters<Spec["tables"]>[1]): number {
    const before = this.entries();
    const goes = (entry: Entry): boolean =>
      (spec.everyCpu || entry.cpu === this.running) &&
      (entry.isTable ? spec.tables : spec.translations)(
        entry,
        told,
        this.current[this.running] ?? 0,
      );
    const counters = this.core.counters();
    const dropped = this.core.invalidate(name, operandsOf(spec, told));
    expect(this.entries()).toEqual(before.filter((entry) => !goes(entry)));
    const gone = before.filter((entry) => goes(entry) && !entry.isTable).length;
    expect(dropped).toBe(gone);
    const change = (counter: Counter) => this.core.counter(counter) - (counters[counter] ?? 0n);
    expect(change(Counter.InvalidatedEntries)).toBe(BigInt(gone));
    expect(change(Counter.Invalidations)).toBe(spec.everyCpu ? BigInt(CPU_COUNT) : 1n);
    return before.filter(goes).length;
  }
}

interface Place {
  readonly page: number;
  readonly within: bigint;
  readonly upper: boolean;
}
interface AccessStep extends Place {
  readonly cpu: number;
  readonly space: number;
  readonly kind: Access;
}

const place = {
  page: fc.nat(199),
  within: fc.bigInt(0n, (1n << 36n) - 1n).map((offset) => offset & ~7n),
  upper: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, fc.constant(true)),
};
const cpu = fc.nat(CPU_COUNT - 1);
const space = fc.nat(CONTEXTS.length - 1);
const access: fc.Arbitrary<AccessStep> = fc.record({
  ...place,
  cpu,
  space,
  kind: fc.constantFrom(Access.UserRead, Access.UserRead, Access.UserWrite, Access.UserFetch),
});
const round = fc.record({
  accesses: fc.array(access, { minLength: 10, maxLength: 60, size: "max" }),
  cpu,
  space,
  context: fc.constantFrom(...CONTEXTS, 7),
  /** Mostly at a page that was accessed, on the CPU and in the context that did. */
  aim: fc.option(fc.nat(59), { freq: 5 }),
  at: fc.record(place),
  count: fc.bigInt(1n, 32n),
  scale: fc.constantFrom(1n, 1n, 6n, 11n, 16n),
});
type Round = typeof round extends fc.Arbitrary<infer Value> ? Value : never;

function contextOf({ context }: Round, aimed: AccessStep | undefined): number {
  return aimed === undefined ? context : (CONTEXTS[aimed.space] ?? 0);
}

function play(machine: Machine, name: string, spec: Spec, rounds: readonly Round[]): number {
  let touched = 0;
  for (const one of rounds) {
    for (const step of one.accesses) machine.access(step);
    const aimed = one.aim === null ? undefined : one.accesses[one.aim % one.accesses.length];
    machine.run(aimed?.cpu ?? one.cpu, aimed?.space ?? one.space);
    const page = 1n << BigInt(machine.layout.pageShift);
    const va = machine.addressIn({
      ...one.at,
      page: aimed?.page ?? one.at.page,
      upper: aimed?.upper ?? one.at.upper,
    });
    const first = spec.takes.includes("bytes") ? va & ~(page - 1n) : va;
    const told = {
      va: first,
      bytes: (one.count << one.scale) * page,
      context: contextOf(one, aimed),
    };
    touched += machine.perform(name, spec, told);
  }
  return touched;
}

const RUNS: Record<Build, number> = { release: 30, debug: 12 };

describe.each(ARCHITECTURE_NAMES)("%s", (arch) => {
  const names = Object.keys(SPECS[arch]);

  it("has the operations that the tests know, and no others", () => {
    const rows = descriptorOf(arch).invalidations.map(({ name }) => name);
    expect([...rows].sort()).toEqual([...names].sort());
  });

  describe.each(BUILDS)("on the %s build", (build) => {
    const core = coreOf(build);

    it.each(names)("%s drops what the manual says, and nothing else", (name) => {
      const spec = SPECS[arch][name] as Spec;
      const machine = fc.record({
        layout: fc.nat(LAYOUTS[arch].length - 1),
        profile: fc.constantFrom(...PROFILES[arch]),
      });
      let touched = 0;
      fc.assert(
        fc.property(machine, fc.array(round, { minLength: 1, maxLength: 4 }), (drawn, rounds) => {
          const layout = LAYOUTS[arch][drawn.layout] as CompiledLayout;
          const made = new Machine(core, layout, drawn.profile);
          touched += play(made, name, spec, rounds);
        }),
        { numRuns: RUNS[build] },
      );
      // Not vacuous: it did drop something, unless it is the one that drops nothing.
      expect(touched > 0).toBe(name !== "MOV CR3 keep");
    });
  });
});
