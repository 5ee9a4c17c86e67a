// Two TLB levels over demand-mapped memory, as a model: what the counters of a run must be.

import type { CompiledLayout } from "../../src/layout/compiled.js";
import type { CompiledCpu } from "../../src/layout/cpu.js";
import type { CompiledDemand } from "../../src/layout/page-policy.js";
import { LruArray, type Slot, StructureModel } from "./lru-model.js";

/** The counters that the model says something about. */
const COUNTED = [
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
  "AddressSum",
] as const;
export type Counted = Record<(typeof COUNTED)[number], bigint>;

/** A page of the one address space that all contexts share. */
interface Page {
  readonly first: bigint;
  readonly pa: bigint;
  readonly pageClass: number;
  dirty: boolean;
}

/** The model of one machine, cold. */
export class TlbModel {
  readonly counters = Object.fromEntries(COUNTED.map((name) => [name, 0n])) as Counted;
  context = 0;
  private readonly arrays: readonly LruArray<Slot>[];
  private readonly data: StructureModel;
  private readonly fetches: StructureModel;
  private readonly second: StructureModel;
  private readonly pages = new Map<bigint, Page>();
  private readonly layout: CompiledLayout;
  private readonly demand: CompiledDemand;
  private readonly next: [bigint, bigint];

  constructor(cpu: CompiledCpu, layout: CompiledLayout, demand: CompiledDemand) {
    this.arrays = cpu.arrays.map(({ sets, ways }) => new LruArray<Slot>(sets, ways));
    this.data = new StructureModel(cpu, 0, this.arrays);
    this.fetches = new StructureModel(cpu, 1, this.arrays);
    this.second = new StructureModel(cpu, 2, this.arrays);
    this.layout = layout;
    this.demand = demand;
    this.next = [demand.policies[0].first, demand.policies[1].first];
  }

  flushAll(): void {
    for (const array of this.arrays) array.clear();
  }

  dropPage(va: bigint): void {
    for (const structure of [this.data, this.fetches, this.second]) {
      structure.drop(this.context, va);
    }
  }

  /** One access that the page allows. */
  access(kind: "read" | "write" | "fetch", va: bigint): void {
    const first = kind === "fetch" ? this.fetches : this.data;
    const name = kind === "fetch" ? "FetchL1" : "DataL1";
    const page = this.pageOf(va);
    let slot = first.probe(this.context, va);
    if (slot === undefined) {
      this.counters[`${name}Miss`] += 1n;
      slot = this.secondLevel(first, va, page, kind === "write");
    } else {
      this.counters[`${name}Hit`] += 1n;
      if (slot.pageClass > 1) this.counters[`${name}LargeHit`] += 1n;
    }
    if (kind === "write" && !slot.dirty) this.assist(slot, page);
    this.counters.AddressSum += page.pa + (va - page.first);
  }

  private secondLevel(first: StructureModel, va: bigint, page: Page, store: boolean): Slot {
    const found = this.second.probe(this.context, va);
    if (found !== undefined) {
      this.counters.L2Hit += 1n;
      if (found.pageClass > 1) this.counters.L2LargeHit += 1n;
      return first.fill(this.context, va, found.pageClass, found.dirty) ?? found;
    }
    this.counters.L2Miss += 1n;
    this.counters.Walks += 1n;
    if (store) this.setDirty(page);
    this.second.fill(this.context, va, page.pageClass, page.dirty);
    const filled = first.fill(this.context, va, page.pageClass, page.dirty);
    // Too large or small for the first level: used once from where it was found.
    return filled ?? { key: "", pageClass: page.pageClass, dirty: page.dirty };
  }

  /** A store through a clean entry marks the table and that entry; no other copy is told. */
  private assist(slot: Slot, page: Page): void {
    this.counters.DirtyAssist += 1n;
    this.setDirty(page);
    slot.dirty = true;
  }

  private setDirty(page: Page): void {
    if (!page.dirty) this.counters.DirtySet += 1n;
    page.dirty = true;
  }

  /** The page around an address, mapped at first touch as the simple mapper does. */
  private pageOf(va: bigint): Page {
    const which = va >= this.demand.split ? 1 : 0;
    const level = this.layout.halves[0].levels[this.demand.policies[which].level];
    const shift = BigInt(level?.shift ?? 0);
    const first = (va >> shift) << shift;
    const known = this.pages.get(first);
    if (known !== undefined) return known;
    const pa = ((this.next[which] + (1n << shift) - 1n) >> shift) << shift;
    this.next[which] = pa + (1n << shift);
    const page = { first, pa, pageClass: level?.leafClass ?? 0, dirty: false };
    this.pages.set(first, page);
    return page;
  }
}
