// What an audit of a kernel's state counts, and what it found wrong.

import { headOf } from "../kernel/folio.js";
import type { Kernel } from "../kernel/kernel.js";
import type { SharedObject } from "../kernel/shared-object.js";

/** Something that must not be. */
export interface Violation {
  /** Which rule. */
  readonly id: string;
  readonly text: string;
}

/** What maps a page, or a folio as a whole. */
class Counts {
  private readonly counts = new Map<number, number>();

  add(key: number, by = 1): void {
    this.counts.set(key, this.of(key) + by);
  }

  of(key: number): number {
    return this.counts.get(key) ?? 0;
  }

  keys(): Iterable<number> {
    return this.counts.keys();
  }
}

/** An audit under way. */
export class Audit {
  readonly violations: Violation[] = [];
  /** By page. */
  readonly maps = new Counts();
  /** By head: mappings of the whole, page caches, pins. */
  readonly wholes = new Counts();
  /** Those of them that are exclusive. */
  readonly exclusive = new Counts();
  readonly exclusiveWholes = new Counts();
  readonly caches = new Counts();
  readonly pins = new Counts();
  readonly users = new Map<SharedObject, number>();

  constructor(readonly kernel: Kernel) {}

  complain(id: string, text: string): void {
    this.violations.push({ id, text });
  }

  /** Heads of all folios that something holds. */
  heads(): Set<number> {
    const { kernel } = this;
    const pages = [...this.maps.keys()].map((page) => headOf(kernel, page));
    return new Set([...pages, ...this.wholes.keys(), ...this.caches.keys(), ...this.pins.keys()]);
  }
}
