// TLBs and walk caches as plainly as they can be said: per set a list, youngest first.
//
// The model knows nothing of keys, stamps or entries in memory. It follows the rules that the counters of
// the reference simulator are defined by: true LRU, index = low page-number bits, filled on a miss, the two
// levels neither inclusive nor exclusive, and the second level "is not told" of a dirty assist.

import type { CompiledCpu } from "../../src/layout/cpu.js";

/** One translation, as one array holds it. */
export interface Slot {
  readonly key: string;
  /** Page-size class under which it is kept. */
  readonly pageClass: number;
  dirty: boolean;
}

/** A set-associative array with true LRU. */
export class LruArray<T extends { readonly key: string }> {
  private readonly sets: T[][];
  private readonly ways: number;

  constructor(sets: number, ways: number) {
    this.sets = Array.from({ length: sets }, () => []);
    this.ways = ways;
  }

  private setOf(page: bigint): T[] {
    return this.sets[Number(page % BigInt(this.sets.length))] ?? [];
  }

  /** The slot with the key, now the youngest. */
  find(page: bigint, key: string): T | undefined {
    const set = this.setOf(page);
    const at = set.findIndex((slot) => slot.key === key);
    if (at < 0) return undefined;
    const [slot] = set.splice(at, 1) as [T];
    set.unshift(slot);
    return slot;
  }

  /** Puts a slot in as the youngest; the oldest of a full set goes. */
  insert(page: bigint, slot: T): void {
    const set = this.setOf(page);
    this.drop(page, slot.key);
    if (set.length === this.ways) set.pop();
    set.unshift(slot);
  }

  drop(page: bigint, key: string): void {
    const set = this.setOf(page);
    const at = set.findIndex((slot) => slot.key === key);
    if (at >= 0) set.splice(at, 1);
  }

  clear(): void {
    for (const set of this.sets) set.length = 0;
  }
}

/** What one access looks into at once: for each page-size class an array, or none. */
export class StructureModel {
  private readonly probes: CompiledCpu["probes"][number][number];
  private readonly arrays: readonly LruArray<Slot>[];

  constructor(cpu: CompiledCpu, structure: number, arrays: readonly LruArray<Slot>[]) {
    this.probes = cpu.probes[structure]?.[0] ?? [];
    this.arrays = arrays;
  }

  private place(pageClass: number, context: number, va: bigint) {
    const probe = this.probes[pageClass];
    const array = this.arrays[probe?.array ?? -1];
    if (probe === undefined || array === undefined) return undefined;
    const page = va >> BigInt(probe.shift);
    return { array, page, key: `${context} ${pageClass} ${page}` };
  }

  /** The first hit, smallest pages first. */
  probe(context: number, va: bigint): Slot | undefined {
    for (const pageClass of this.probes.keys()) {
      const place = this.place(pageClass, context, va);
      const slot = place?.array.find(place.page, place.key);
      if (slot !== undefined) return slot;
    }
    return undefined;
  }

  /** Keeps a translation of a class, as itself or as a smaller one; undefined where it is not kept. */
  fill(context: number, va: bigint, pageClass: number, dirty: boolean): Slot | undefined {
    const filled = this.probes[pageClass]?.fillClass ?? 0;
    const place = filled === 0 ? undefined : this.place(filled, context, va);
    if (place === undefined) return undefined;
    const slot: Slot = { key: place.key, pageClass: filled, dirty };
    place.array.insert(place.page, slot);
    return slot;
  }

  /** Drops whatever translates the address in the context. */
  drop(context: number, va: bigint): void {
    for (const pageClass of this.probes.keys()) {
      const place = this.place(pageClass, context, va);
      place?.array.drop(place.page, place.key);
    }
  }
}
