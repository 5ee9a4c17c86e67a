// Which answers to an access are legal: those of some walk, of tables as they were at times not before
// the last invalidation that covers what the walk used.
//
//   space --(bound to a context, per CPU)--> area entry --(table)--> leaf
//
// A translation that a TLB still has was filled at some time f since the last operation that covers its page.
// The area's entry that led to it was read at a time u, at most f, and since the last operation before it that
// covers tables on the way to the area; and so on upwards. The model keeps the history of every entry and the
// time of every operation, and collects the answers of all such combinations. It knows no TLB: of what size,
// or how it replaces, makes no difference to what is legal.

import type { Cached, Spec } from "./invalidation-spec.js";

export interface Leaf {
  readonly pa: bigint;
  readonly writable: boolean;
}
/** What an area's entry is: a table of leaves, by its number, a large page, or nothing. */
export type Area =
  | { readonly kind: "table"; readonly table: number; readonly writable: boolean }
  | ({ readonly kind: "large" } & Leaf)
  | { readonly kind: "none" };

/** A value over time; it changes at whole times, each used once. */
export class History<T> {
  private readonly changes: { from: number; value: T }[] = [];

  set(now: number, value: T): void {
    this.changes.push({ from: now, value });
  }

  /** Values at any time since, the one that was there then included. */
  since(time: number): T[] {
    const later = this.changes.findIndex(({ from }) => from > time);
    const first = later < 0 ? this.changes.length - 1 : Math.max(0, later - 1);
    return this.changes.slice(Math.max(0, first)).map(({ value }) => value);
  }

  now(): T | undefined {
    return this.changes.at(-1)?.value;
  }
}

/** Times of the operations that cover one thing. */
class Covered {
  private readonly times = [0];

  add(now: number): void {
    this.times.push(now);
  }

  /** The last one, or the last not after a time. */
  last(before = Number.POSITIVE_INFINITY): number {
    return this.times.findLast((time) => time <= before) ?? 0;
  }
}

export interface Geometry {
  readonly pageBytes: bigint;
  readonly areaBytes: bigint;
  readonly upperBytes: bigint;
  /** Addresses of the areas, all below one upper entry. */
  readonly areas: readonly bigint[];
  /** Number of the area whose pages are global, in a table that all spaces share and that stays. */
  readonly globalArea: number;
  /** The slot of a table in which a page's leaf is: contiguous groups share one. */
  slotOf(page: number): number;
}

/** An address by area and base page in it. */
export interface Target {
  readonly area: number;
  readonly page: number;
}

/** One CPU: which space each context was, and what was covered when. */
export class CpuModel {
  context = 0;
  space = 0;
  private readonly runs: { from: number; context: number; space: number }[] = [];
  private readonly covered = new Map<string, Covered>();

  bind(now: number, context: number, space: number): void {
    this.context = context;
    this.space = space;
    this.runs.push({ from: now, context, space });
  }

  of(what: "page" | "large" | "table" | "upper", where: string): Covered {
    const key = `${what} ${where}`;
    const known = this.covered.get(key) ?? new Covered();
    this.covered.set(key, known);
    return known;
  }

  /** Spaces that the running context was at any time since. */
  spacesSince(time: number): Set<number> {
    const { context } = this;
    const lasted = this.runs.filter(
      ({ context: of }, i) => of === context && (this.runs[i + 1]?.from ?? Infinity) > time,
    );
    return new Set(lasted.map(({ space }) => space));
  }
}

type Told = Parameters<Spec["tables"]>[1];

export class LegalModel {
  readonly areas: readonly (readonly History<Area>[])[];
  readonly tables: readonly Map<number, History<Leaf | null>>[];
  readonly cpus: readonly CpuModel[];
  private readonly geometry: Geometry;
  private readonly contexts: readonly number[];
  private readonly pages: readonly number[];

  constructor(
    geometry: Geometry,
    sizes: { spaces: number; tables: number; cpus: number },
    contexts: readonly number[],
    pages: readonly number[],
  ) {
    const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);
    this.geometry = geometry;
    this.contexts = contexts;
    this.pages = pages;
    this.areas = times(sizes.spaces, () => geometry.areas.map(() => new History<Area>()));
    this.tables = times(sizes.tables, () => new Map<number, History<Leaf | null>>());
    this.cpus = times(sizes.cpus, () => new CpuModel());
  }

  leafOf(table: number, slot: number): History<Leaf | null> {
    const known = this.tables[table]?.get(slot) ?? new History<Leaf | null>();
    this.tables[table]?.set(slot, known);
    return known;
  }

  /** Notes what an operation covers on a CPU. `current` is the context of the CPU that was told. */
  cover(now: number, cpu: CpuModel, spec: Spec, told: Told, current: number): void {
    const { areas, areaBytes, pageBytes, upperBytes, globalArea } = this.geometry;
    const note = (rule: "translations" | "tables", what: Cached, into: Covered): void => {
      if (spec[rule](what, told, current)) into.add(now);
    };
    for (const owner of this.contexts) {
      const upper = { va: (areas[0] ?? 0n) & ~(upperBytes - 1n), bytes: upperBytes, owner };
      note("tables", upper, cpu.of("upper", `${owner}`));
      for (const [i, va] of areas.entries()) {
        const area = { va, bytes: areaBytes, owner };
        note("tables", area, cpu.of("table", `${owner} ${i}`));
        note("translations", area, cpu.of("large", `${owner} ${i}`));
        for (const page of this.pages) {
          const at = { va: va + BigInt(page) * pageBytes, bytes: pageBytes };
          const whose = i === globalArea ? "global" : owner;
          note("translations", { ...at, owner: whose }, cpu.of("page", `${whose} ${i} ${page}`));
        }
      }
    }
  }

  /** Every legal answer: a physical address, "absent" or "denied". */
  answers(cpu: CpuModel, { area, page }: Target, offset: bigint, write: boolean): Set<string> {
    const { globalArea } = this.geometry;
    const leaves =
      area === globalArea ? this.globalLeaves(cpu, page) : this.leaves(cpu, area, page);
    return new Set(leaves.map((leaf) => answerOf(leaf, offset, write)));
  }

  /** The answer of a walk of the tables as they are. */
  fresh(cpu: CpuModel, { area, page }: Target, offset: bigint, write: boolean): string {
    const entry = this.areas[cpu.space]?.[area]?.now();
    if (entry === undefined || entry.kind === "none") return "absent";
    const { pageBytes, slotOf } = this.geometry;
    if (entry.kind === "large") {
      return answerOf({ ...entry, pa: entry.pa + BigInt(page) * pageBytes }, offset, write);
    }
    const leaf = this.inPage(this.leafOf(entry.table, slotOf(page)).now() ?? null, page);
    if (leaf === null) return "absent";
    return answerOf({ ...leaf, writable: leaf.writable && entry.writable }, offset, write);
  }

  private globalLeaves(cpu: CpuModel, page: number): (Leaf | null)[] {
    const { globalArea, slotOf } = this.geometry;
    const filled = cpu.of("page", `global ${globalArea} ${page}`).last();
    const [entry] = this.areas[0]?.[globalArea]?.since(0) ?? [];
    if (entry?.kind !== "table") throw new Error("the global area has a table");
    return this.leafOf(entry.table, slotOf(page))
      .since(filled)
      .map((leaf) => this.inPage(leaf, page));
  }

  private leaves(cpu: CpuModel, area: number, page: number): (Leaf | null)[] {
    const { slotOf } = this.geometry;
    const { context } = cpu;
    const filled = cpu.of("page", `${context} ${area} ${page}`).last();
    const led = cpu.of("table", `${context} ${area}`).last(filled);
    const small = this.entries(cpu, area, led).flatMap((entry) => {
      if (entry.kind !== "table") return [];
      const history = this.leafOf(entry.table, slotOf(page));
      return history.since(filled).map((leaf) => {
        const there = this.inPage(leaf, page);
        return there === null ? null : { ...there, writable: there.writable && entry.writable };
      });
    });
    const filledLarge = cpu.of("large", `${context} ${area}`).last();
    const large = this.entries(cpu, area, filledLarge).flatMap((entry) => {
      if (entry.kind === "none") return [null];
      if (entry.kind === "table") return [];
      return [{ ...entry, pa: entry.pa + BigInt(page) * this.geometry.pageBytes }];
    });
    return [...small, ...large];
  }

  /** What a walk can have read as an area's entry, at any time since. */
  private entries(cpu: CpuModel, area: number, since: number): Area[] {
    const bound = cpu.of("upper", `${cpu.context}`).last(since);
    const spaces = [...cpu.spacesSince(bound)];
    return spaces.flatMap((space) => this.areas[space]?.[area]?.since(since) ?? []);
  }

  /** The part of a slot's leaf that is one page's: a group's leaf is that of its first page. */
  private inPage(leaf: Leaf | null, page: number): Leaf | null {
    if (leaf === null) return null;
    const within = BigInt(page - this.geometry.slotOf(page)) * this.geometry.pageBytes;
    return { ...leaf, pa: leaf.pa + within };
  }
}

function answerOf(leaf: Leaf | null, offset: bigint, write: boolean): string {
  if (leaf === null) return "absent";
  return write && !leaf.writable ? "denied" : `0x${(leaf.pa + offset).toString(16)}`;
}
