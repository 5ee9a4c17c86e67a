// TLBs and walk caches as plainly as they can be said: per set a list, youngest first.
//
// The model knows nothing of keys, stamps or entries in memory. It follows the rules that the counters of
// the reference simulator are defined by: true LRU, index = low page-number bits (or a hash), filled on a miss, the two
// levels neither inclusive nor exclusive, and the second level "is not told" of a dirty assist.

import type { CompiledCpu, CompiledProbe } from "../../src/layout/cpu.js";
import { hashOf } from "./scatter-model.js";

/** One translation, as one array holds it. */
export interface Slot {
  readonly key: string;
  /** Whose it is: a context, or everybody's. */
  readonly owner: Owner;
  /** Page-size class under which it is kept. */
  readonly pageClass: number;
  readonly writable: boolean;
  /** The page it was made from: with any address of that, an invalidation drops it. */
  readonly va: bigint;
  readonly bytes: bigint;
  dirty: boolean;
}
export type Owner = number | "global";

/** A set-associative array with true LRU. */
export class LruArray<T extends { readonly key: string }> {
  private readonly sets: T[][];
  private readonly ways: number;
  private readonly hashed: boolean;

  constructor(sets: number, ways: number, hashed = false) {
    this.sets = Array.from({ length: sets }, () => []);
    this.ways = ways;
    this.hashed = hashed;
  }

  private setOf(page: bigint): T[] {
    const index = this.hashed ? hashOf(page) : page;
    return this.sets[Number(index % BigInt(this.sets.length))] ?? [];
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

  /** Puts a slot in as the youngest; the oldest of a full set goes, and is returned. */
  insert(page: bigint, slot: T): T | undefined {
    const set = this.setOf(page);
    this.drop(page, slot.key);
    const gone = set.length === this.ways ? set.pop() : undefined;
    set.unshift(slot);
    return gone;
  }

  drop(page: bigint, key: string): void {
    const set = this.setOf(page);
    const at = set.findIndex((slot) => slot.key === key);
    if (at >= 0) set.splice(at, 1);
  }

  /** Drops every slot that fits. */
  dropWhere(fits: (slot: T) => boolean): void {
    for (const set of this.sets) set.splice(0, set.length, ...set.filter((slot) => !fits(slot)));
  }

  clear(): void {
    for (const set of this.sets) set.length = 0;
  }
}

/** What one access looks into at once: for each page-size class an array, or none. */
export class StructureModel {
  private readonly probes: readonly CompiledProbe[];
  private readonly arrays: readonly LruArray<Slot>[];

  constructor(cpu: CompiledCpu, structure: number, arrays: readonly LruArray<Slot>[]) {
    this.probes = cpu.probes[structure] ?? [];
    this.arrays = arrays;
  }

  private place(pageClass: number, owner: Owner, va: bigint) {
    const probe = this.probes[pageClass];
    const array = this.arrays[probe?.array ?? -1];
    if (probe === undefined || array === undefined) return undefined;
    const page = va >> BigInt(probe.shift);
    return { array, page, key: `${owner} ${pageClass} ${page}` };
  }

  /** The first hit: the context's own pages before global ones, smallest first. */
  probe(context: number, va: bigint): Slot | undefined {
    for (const owner of [context, "global"] as const) {
      for (const pageClass of this.probes.keys()) {
        const place = this.place(pageClass, owner, va);
        const slot = place?.array.find(place.page, place.key);
        if (slot !== undefined) return slot;
      }
    }
    return undefined;
  }

  /** Keeps a translation, as its own class or as a smaller one; undefined where it is not kept. */
  fill(va: bigint, from: Omit<Slot, "key">): Slot | undefined {
    const filled = this.probes[from.pageClass]?.fillClass ?? 0;
    const place = filled === 0 ? undefined : this.place(filled, from.owner, va);
    if (place === undefined) return undefined;
    const slot: Slot = { ...from, key: place.key, pageClass: filled };
    place.array.insert(place.page, slot);
    return slot;
  }
}
