// A TLB never answers what no legal walk could have.
//
// Random tables that change behind the TLBs' back: leaves are remapped, made read-only, unmapped; tables are
// taken out and put in elsewhere; large pages come and go; contexts are given to other address spaces. Two
// CPUs access all that, and perform TLB operations that may cover what changed, or part of it, or nothing.
// Whatever comes out must be the answer of a walk that the architecture allows (legal-model.ts).

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CpuProfile } from "../../arch/cpu-schema.js";
import { CPUS } from "../../arch/cpus/index.js";
import { Counter } from "../../assembly/abi/counters.js";
import { FaultKind } from "../../assembly/abi/stop.js";
import type { Core } from "../../src/core/core.js";
import type { CompiledLayout } from "../../src/layout/compiled.js";
import { compileCpu } from "../../src/layout/cpu.js";
import { read, run, write } from "./events.js";
import { operandsOf, SPECS, type Spec } from "./invalidation-spec.js";
import { type Area, type Geometry, type Leaf, LegalModel, type Target } from "./legal-model.js";
import {
  ARCHITECTURE_NAMES,
  type ArchitectureName,
  BUILDS,
  type Build,
  coreOf,
  typicalLayout,
} from "./support.js";
import { encodeAddress, encodeLeaf, Tables } from "./tables.js";

const LAYOUTS: Record<ArchitectureName, readonly CompiledLayout[]> = {
  "x86-64": [typicalLayout("x86-64")],
  arm64: [typicalLayout("arm64"), typicalLayout("arm64", { granule: 16 })],
  riscv64: [typicalLayout("riscv64")],
};
const PROFILES: Record<ArchitectureName, readonly string[]> = {
  "x86-64": ["plain", "golden-cove", "zen4"],
  arm64: ["plain", "neoverse-n1", "neoverse-v2"],
  riscv64: ["plain"],
};
const CONTEXTS = [1, 510];
const SPACES = 3;
const CPU_COUNT = 2;
/** The last table is that of the global area. */
const TABLES = 4;
const GLOBAL_TABLE = TABLES - 1;
const AREAS = 4;
const GLOBAL_AREA = AREAS - 1;

/** Frames are aligned to the largest contiguous group of base pages. */
const GROUP_SHIFT = 21n;

/** How entries say that they allow writes, and that they are global. */
const BITS: Record<
  ArchitectureName,
  {
    leaf: (bits: bigint, writable: boolean, global: boolean) => bigint;
    /** Left out: tables restrict nothing. */
    table?: (bits: bigint, writable: boolean) => bigint;
  }
> = {
  // R/W; G.
  "x86-64": {
    leaf: (bits, writable, global) => (writable ? bits : bits & ~2n) | (global ? 1n << 8n : 0n),
    table: (bits, writable) => (writable ? bits : bits & ~2n),
  },
  // DBM; nG; APTable[1].
  arm64: {
    leaf: (bits, writable, global) =>
      (writable ? bits : bits & ~(1n << 51n)) & ~(global ? 1n << 11n : 0n),
    table: (bits, writable) => (writable ? bits : bits | (1n << 62n)),
  },
  // W; G.
  riscv64: {
    leaf: (bits, writable, global) => (writable ? bits : bits & ~4n) | (global ? 1n << 5n : 0n),
  },
};

/** Pages 0 to 3 are base pages; then come the first, a middle and the last page of a group. */
function pagesOf(groupPages: number): number[] {
  const group = groupPages === 0 ? [] : [groupPages, groupPages + 3, 2 * groupPages - 1];
  return [0, 1, 2, 3, ...group];
}

class World {
  readonly pages: readonly number[];
  readonly model: LegalModel;
  stale = 0;
  sure = 0;
  private now = 1;
  private running = 0;
  private readonly core: Core;
  private readonly layout: CompiledLayout;
  private readonly arch: ArchitectureName;
  private readonly geometry: Geometry;
  private readonly groupPages: number;
  private readonly spaces: readonly Tables[];
  private readonly tables: readonly bigint[];

  constructor(core: Core, layout: CompiledLayout, profile: string) {
    this.core = core;
    this.layout = layout;
    this.arch = layout.architecture as ArchitectureName;
    core.loadLayout(layout);
    core.loadCpu(compileCpu(CPUS.get(profile) as CpuProfile, layout), CPU_COUNT);
    core.loadDemand(null);
    core.reset(true);
    const { shift, groupShift } = this.level(0);
    this.groupPages = groupShift === 0 ? 0 : 2 ** (groupShift - shift);
    this.pages = pagesOf(this.groupPages);
    this.geometry = this.makeGeometry();
    this.spaces = Array.from({ length: SPACES }, () => new Tables(core, layout));
    this.tables = Array.from({ length: TABLES }, () => core.exports.newTable(0, 0));
    const sizes = { spaces: SPACES, tables: TABLES, cpus: CPU_COUNT };
    this.model = new LegalModel(this.geometry, sizes, CONTEXTS, this.pages);
    this.fill();
  }

  private level(number: number) {
    const level = this.layout.halves[0].levels[number];
    if (level === undefined) throw new Error(`no level ${number}`);
    return level;
  }

  private makeGeometry(): Geometry {
    const bytes = (level: number): bigint => 1n << BigInt(this.level(level).shift);
    const { groupPages } = this;
    return {
      pageBytes: bytes(0),
      areaBytes: bytes(1),
      upperBytes: bytes(2),
      areas: Array.from({ length: AREAS }, (_, i) => 5n * bytes(2) + BigInt(i) * bytes(1)),
      globalArea: GLOBAL_AREA,
      slotOf: (page) => (groupPages > 0 && page >= groupPages ? groupPages : page),
    };
  }

  /** Every leaf mapped, area n of every space behind table n. */
  private fill(): void {
    const slots = new Set(this.pages.map((page) => this.geometry.slotOf(page)));
    for (let table = 0; table < TABLES; table++) {
      for (const slot of slots) {
        const pa = BigInt(table * 1024 + slot) << GROUP_SHIFT;
        this.setLeaf(table, slot, { pa, writable: true });
      }
    }
    for (let space = 0; space < SPACES; space++) {
      for (let area = 0; area < AREAS; area++) {
        this.setArea(space, area, { kind: "table", table: area, writable: true });
      }
    }
    for (let cpu = 0; cpu < CPU_COUNT; cpu++) this.enter(cpu, 0, 0);
  }

  setLeaf(table: number, slot: number, leaf: Leaf | null): void {
    const here = this.level(0);
    const group = this.groupPages > 0 && slot === this.groupPages;
    const plain = (here.leafTemplate ?? 0n) | (group ? here.group.value : 0n);
    const count = group ? this.groupPages : 1;
    for (let i = 0; i < count; i++) {
      const at = (this.tables[table] ?? 0n) + 8n * BigInt(slot + i);
      const pa = (leaf?.pa ?? 0n) + BigInt(i) * this.geometry.pageBytes;
      const bits = BITS[this.arch].leaf(plain, leaf?.writable === true, table === GLOBAL_TABLE);
      this.core.poke(at, leaf === null ? 0n : encodeLeaf(here, pa, bits));
    }
    this.model.leafOf(table, slot).set(this.now++, leaf);
  }

  setArea(space: number, area: number, drawn: Area): void {
    const free = drawn.kind === "table" && BITS[this.arch].table === undefined;
    const value = free ? { ...drawn, writable: true } : drawn;
    const here = this.level(1);
    const at = this.spaces[space]?.entryAt(this.geometry.areas[area] ?? 0n, 1) ?? 0n;
    this.core.poke(at, this.encodeArea(here, value));
    this.model.areas[space]?.[area]?.set(this.now++, value);
  }

  private encodeArea(here: ReturnType<World["level"]>, value: Area): bigint {
    const { leaf, table } = BITS[this.arch];
    if (value.kind === "none") return 0n;
    if (value.kind === "large") {
      const address = encodeAddress(here, here.leafAddress, value.pa);
      return address | leaf(here.leafTemplate ?? 0n, value.writable, false);
    }
    const address = encodeAddress(here, here.tableAddress, this.tables[value.table] ?? 0n);
    const { tableTemplate } = this.layout.halves[0];
    return address | (table?.(tableTemplate, value.writable) ?? tableTemplate);
  }

  get pageBytes(): bigint {
    return this.geometry.pageBytes;
  }

  slotOf(page: number): number {
    return this.geometry.slotOf(page);
  }

  /** The CPU goes on in a context, which is a space from now on. */
  enter(cpu: number, context: number, space: number): void {
    this.select(cpu);
    this.core.exports.setContext(CONTEXTS[context] ?? 0);
    this.spaces[space]?.activate();
    this.model.cpus[cpu]?.bind(this.now++, CONTEXTS[context] ?? 0, space);
  }

  select(cpu: number): void {
    this.running = cpu;
    this.core.exports.selectCpu(cpu);
  }

  private get cpu() {
    const cpu = this.model.cpus[this.running];
    if (cpu === undefined) throw new Error("no such CPU");
    return cpu;
  }

  addressOf({ area, page }: Target, offset: bigint): bigint {
    return (this.geometry.areas[area] ?? 0n) + BigInt(page) * this.geometry.pageBytes + offset;
  }

  access(target: Target, offset: bigint, isWrite: boolean): void {
    const legal = this.model.answers(this.cpu, target, offset, isWrite);
    const va = this.addressOf(target, offset);
    const sum = this.core.counter(Counter.AddressSum);
    const done = run(this.core, [isWrite ? write(va) : read(va)]) === 1;
    const answer = done
      ? `0x${(this.core.counter(Counter.AddressSum) - sum).toString(16)}`
      : this.fault();
    if (!legal.has(answer)) expect([...legal]).toContain(answer);
    if (legal.size === 1) this.sure++;
    if (answer !== this.model.fresh(this.cpu, target, offset, isWrite)) this.stale++;
  }

  private fault(): string {
    const { fault } = this.core.stopBlock();
    return fault === FaultKind.NotPresent
      ? "absent"
      : fault === FaultKind.Permission
        ? "denied"
        : "?";
  }

  perform(name: string, spec: Spec, told: Parameters<Spec["tables"]>[1]): void {
    this.core.invalidate(name, operandsOf(spec, told));
    const { context } = this.cpu;
    const now = this.now++;
    for (const cpu of spec.everyCpu ? this.model.cpus : [this.cpu]) {
      this.model.cover(now, cpu, spec, told, context);
    }
  }
}

const leaf = fc.record({
  pa: fc.nat(200).map((frame) => (1n << 34n) + (BigInt(frame) << GROUP_SHIFT)),
  writable: fc.boolean(),
});
const large = fc.record({
  kind: fc.constant("large" as const),
  pa: fc.nat(20).map((frame) => (1n << 36n) + (BigInt(frame) << 25n)),
  writable: fc.boolean(),
});
const areaValue: fc.Arbitrary<Area> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("table" as const),
      table: fc.nat(GLOBAL_TABLE - 1),
      writable: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, fc.constant(false)),
    }),
  },
  { weight: 2, arbitrary: large },
  { weight: 1, arbitrary: fc.constant({ kind: "none" as const }) },
);
const cpu = fc.nat(CPU_COUNT - 1);
const page = fc.nat(6);
const area = fc.nat(AREAS - 1);
const offset = fc.nat(511).map((word) => BigInt(word) * 8n);

const step = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.record({
      do: fc.constant("access" as const),
      cpu,
      area,
      page,
      offset,
      isWrite: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("leaf" as const),
      table: fc.nat(TABLES - 1),
      page,
      value: fc.option(leaf, { freq: 5 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("area" as const),
      space: fc.nat(SPACES - 1),
      area: fc.nat(GLOBAL_AREA - 1),
      value: areaValue,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("enter" as const),
      cpu,
      context: fc.nat(CONTEXTS.length - 1),
      space: fc.nat(SPACES - 1),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("perform" as const),
      cpu,
      name: fc.nat(99),
      context: fc.nat(CONTEXTS.length - 1),
      area,
      page,
      offset,
      count: fc.constantFrom(1n, 2n, 32n),
      scale: fc.constantFrom(1n, 6n),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;
type PerformStep = Extract<Step, { do: "perform" }>;

function perform(world: World, arch: ArchitectureName, one: PerformStep): void {
  const names = Object.keys(SPECS[arch]);
  const name = names[one.name % names.length] ?? "";
  const spec = SPECS[arch][name] as Spec;
  const target = { area: one.area, page: pageIn(world, one.page) };
  const [pageBytes, context] = [world.pageBytes, CONTEXTS[one.context] ?? 0];
  const va = world.addressOf(target, spec.takes.includes("bytes") ? 0n : one.offset);
  world.select(one.cpu);
  world.perform(name, spec, { va, bytes: (one.count << one.scale) * pageBytes, context });
}

function pageIn(world: World, index: number): number {
  return world.pages[index % world.pages.length] ?? 0;
}

function take(world: World, arch: ArchitectureName, one: Step): void {
  if (one.do === "enter") world.enter(one.cpu, one.context, one.space);
  if (one.do === "area") world.setArea(one.space, one.area, one.value);
  if (one.do === "perform") perform(world, arch, one);
  if (one.do === "leaf") {
    world.setLeaf(one.table, world.slotOf(pageIn(world, one.page)), one.value);
  }
  if (one.do === "access") {
    world.select(one.cpu);
    world.access({ area: one.area, page: pageIn(world, one.page) }, one.offset, one.isWrite);
  }
}

const RUNS: Record<Build, number> = { release: 700, debug: 200 };

describe.each(BUILDS)("on the %s build", (build) => {
  const core = coreOf(build);

  it.each(ARCHITECTURE_NAMES)("%s: every answer is that of a legal walk", (arch) => {
    const machine = fc.record({
      layout: fc.nat(LAYOUTS[arch].length - 1),
      profile: fc.constantFrom(...PROFILES[arch]),
    });
    const steps = fc.array(step, { minLength: 40, maxLength: 150, size: "max" });
    let [stale, sure] = [0, 0];
    fc.assert(
      fc.property(machine, steps, (drawn, taken) => {
        const layout = LAYOUTS[arch][drawn.layout] as CompiledLayout;
        const world = new World(core, layout, drawn.profile);
        for (const one of taken) take(world, arch, one);
        stale += world.stale;
        sure += world.sure;
      }),
      { numRuns: RUNS[build] },
    );
    // Not vacuous: TLBs did answer what the tables no longer say, and often only one answer was legal.
    expect(stale).toBeGreaterThan(RUNS[build]);
    expect(sure).toBeGreaterThan(RUNS[build]);
  });
});
