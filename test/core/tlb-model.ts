// Two TLB levels over a handful of pages, as a model: what the counters of a run must be.

import type { CompiledCpu } from "../../src/layout/cpu.js";
import { LruArray, type Owner, type Slot, StructureModel } from "./lru-model.js";

/** The counters that the model says something about. */
const COUNTED = [
  "Reads",
  "Writes",
  "Fetches",
  "DataL1Hit",
  "DataL1LargeHit",
  "DataL1Miss",
  "FetchL1Hit",
  "FetchL1LargeHit",
  "FetchL1Miss",
  "L2Hit",
  "L2LargeHit",
  "L2Miss",
  "Walks",
  "DirtySet",
  "DirtyAssist",
  "FaultPermission",
  "AddressSum",
] as const;
export type Counted = Record<(typeof COUNTED)[number], bigint>;

/** A page of the one address space that all contexts share. */
export interface Page {
  readonly va: bigint;
  readonly bytes: bigint;
  readonly pa: bigint;
  readonly pageClass: number;
  readonly writable: boolean;
  readonly global: boolean;
}

/** What an invalidation names; the range with both ends. */
export interface Named {
  readonly own: boolean;
  readonly global: boolean;
  readonly context: number | "current" | "any";
  readonly first: bigint;
  readonly last: bigint;
}

export type Kind = "read" | "write" | "fetch";
const COUNTER_OF = { read: "Reads", write: "Writes", fetch: "Fetches" } as const;
/** `TlbStructure`: data, fetch, store, second. */
const SECOND = 3;

/** The model of one machine, cold, and of the pages that its accesses meet. */
export class TlbModel {
  readonly counters = Object.fromEntries(COUNTED.map((name) => [name, 0n])) as Counted;
  context = 0;
  private readonly arrays: readonly LruArray<Slot>[];
  private readonly structures: readonly StructureModel[];
  private readonly routes: CompiledCpu["routes"];
  private readonly faultDrops: boolean;
  private readonly dirty = new Set<Page>();

  /** @param faultDrops a fault drops whatever is cached of its page, all pieces of it (x86-64) */
  constructor(cpu: CompiledCpu, faultDrops: boolean) {
    this.arrays = cpu.arrays.map(
      ({ sets, ways, hashed }) => new LruArray<Slot>(sets, ways, hashed),
    );
    this.structures = cpu.probes.map((_, i) => new StructureModel(cpu, i, this.arrays));
    this.routes = cpu.routes;
    this.faultDrops = faultDrops;
  }

  flushAll(): void {
    for (const array of this.arrays) array.clear();
  }

  invalidate({ own, global, context, first, last }: Named): void {
    const wanted = context === "current" ? this.context : context;
    const isNamed = ({ owner }: Slot): boolean =>
      owner === "global" ? global : own && (wanted === "any" || owner === wanted);
    for (const array of this.arrays) {
      array.dropWhere((slot) => isNamed(slot) && slot.va <= last && slot.va + slot.bytes > first);
    }
  }

  /** One access; false when the page does not allow it. */
  access(kind: Kind, page: Page, offset: bigint): boolean {
    const va = page.va + offset;
    const slot = this.lookUp(kind, page, va);
    if (slot === null || (kind === "write" && !slot.writable)) {
      const [own, global, context] = [true, true, "current" as const];
      if (this.faultDrops) this.invalidate({ own, global, context, first: va, last: va });
      return this.denied();
    }
    if (kind === "write" && !slot.dirty) this.assist(slot, page);
    this.counters[COUNTER_OF[kind]] += 1n;
    this.counters.AddressSum += page.pa + offset;
    return true;
  }

  private denied(): false {
    this.counters.FaultPermission += 1n;
    return false;
  }

  /** The entry that translates the address; null when the walk that should fill it faults. */
  private lookUp(kind: Kind, page: Page, va: bigint): Slot | null {
    const route = { read: 0, write: 1, fetch: 2 } as const;
    const first = this.structures[this.routes[route[kind]]];
    if (first === undefined) throw new Error("no such structure");
    const name = kind === "fetch" ? "FetchL1" : "DataL1";
    const slot = first.probe(this.context, va);
    if (slot === undefined) {
      this.counters[`${name}Miss`] += 1n;
      return this.secondLevel(first, kind, page, va);
    }
    this.counters[`${name}Hit`] += 1n;
    if (slot.pageClass > 1) this.counters[`${name}LargeHit`] += 1n;
    return slot;
  }

  private secondLevel(first: StructureModel, kind: Kind, page: Page, va: bigint): Slot | null {
    const found = this.structures[SECOND]?.probe(this.context, va);
    if (found !== undefined) {
      this.counters.L2Hit += 1n;
      if (found.pageClass > 1) this.counters.L2LargeHit += 1n;
      return first.fill(va, found) ?? found;
    }
    this.counters.L2Miss += 1n;
    this.counters.Walks += 1n;
    if (kind === "write" && !page.writable) return null;
    if (kind === "write") this.setDirty(page);
    const owner: Owner = page.global ? "global" : this.context;
    const walked = { ...page, owner, dirty: this.dirty.has(page) };
    this.structures[SECOND]?.fill(va, walked);
    // Where the first level keeps no such page, it is used once from where it was found.
    return first.fill(va, walked) ?? { ...walked, key: "" };
  }

  /** A store through a clean entry marks the table and that entry; no other copy is told. */
  private assist(slot: Slot, page: Page): void {
    this.counters.DirtyAssist += 1n;
    this.setDirty(page);
    slot.dirty = true;
  }

  private setDirty(page: Page): void {
    if (!this.dirty.has(page)) this.counters.DirtySet += 1n;
    this.dirty.add(page);
  }
}
