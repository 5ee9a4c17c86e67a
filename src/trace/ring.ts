// Batches on their way from a thread that reads to one that simulates, through slots in the memory of the latter.
//
//   slot 0 | slot 1 | … | slot 7      batch n stands in slot n modulo 8
//
//   control   u32 batches given | u32 batches done with, or LEFT | u32 records of each slot, 0: no more come
//
// Each side writes one of the first two words and waits for the other: records are written before `given` is
// raised, and a slot again only after `done` was. Slots are small enough for all of them to stay in the caches that
// the two processors share, and enough of them that neither side waits for every batch of the other.

import { EVENT_BYTES } from "../../assembly/abi/event.js";
import { EVENTS_CAPACITY } from "../../assembly/abi/memory-map.js";
import type { EventBatch } from "./batch.js";
import type { Staging } from "./staging.js";

const SLOTS = 8;
/** The core keeps a word of its own behind the records it runs; the rest keeps slots in cache lines of their own. */
const SLOT_RECORDS = EVENTS_CAPACITY + 8;

const GIVEN = 0;
const DONE = 1;
const COUNTS = 2;
const LEFT = -1;

/** What both sides need; it can be sent to a thread. */
export interface Ring {
  /** Room for the slots, which fits `STAGING_BYTES`. */
  readonly staging: Staging;
  readonly control: SharedArrayBuffer;
}

export function newRing(staging: Staging): Ring {
  const control = new SharedArrayBuffer((COUNTS + SLOTS) * Int32Array.BYTES_PER_ELEMENT);
  return { staging, control };
}

/** The side that reads. It waits by standing still: its thread has nothing else to do. */
export class RingWriter {
  private readonly control: Int32Array;
  private given = 0;

  constructor(private readonly ring: Ring) {
    this.control = new Int32Array(ring.control);
  }

  /** Copies a batch. @returns false when the other side has left, and wants no more */
  put({ records, count }: Pick<EventBatch, "records" | "count">): boolean {
    if (!this.hasRoom()) return false;
    const { memory, at } = this.ring.staging;
    const slot = this.given % SLOTS;
    const to = new Uint32Array(memory.buffer, at + slot * SLOT_RECORDS * EVENT_BYTES, 2 * count);
    to.set(records.length === to.length ? records : records.subarray(0, to.length));
    this.give(slot, count);
    return true;
  }

  /** No more come. */
  end(): void {
    if (this.hasRoom()) this.give(this.given % SLOTS, 0);
  }

  private hasRoom(): boolean {
    for (;;) {
      const done = Atomics.load(this.control, DONE);
      if (done === LEFT) return false;
      if (this.given - done < SLOTS) return true;
      Atomics.wait(this.control, DONE, done);
    }
  }

  private give(slot: number, count: number): void {
    this.control[COUNTS + slot] = count;
    this.given++;
    Atomics.store(this.control, GIVEN, this.given);
    Atomics.notify(this.control, GIVEN);
  }
}

/** The side that simulates. */
export class RingReader {
  private readonly control: Int32Array;
  private taken = 0;

  constructor(private readonly ring: Ring) {
    this.control = new Int32Array(ring.control);
  }

  /** Stands still for at most `ms` milliseconds. @returns whether there is something to take */
  wait(ms: number): boolean {
    const isEmpty = () => Atomics.load(this.control, GIVEN) === this.taken;
    if (isEmpty()) Atomics.wait(this.control, GIVEN, this.taken, ms);
    return !isEmpty();
  }

  /** The next batch, which must be there (`wait`); undefined when no more come. It holds until `release`. */
  take(): EventBatch | undefined {
    const slot = this.taken % SLOTS;
    const count = this.control[COUNTS + slot] as number;
    if (count === 0) return undefined;
    const { memory, at } = this.ring.staging;
    const staged = slot * SLOT_RECORDS;
    const records = new Uint32Array(memory.buffer, at + staged * EVENT_BYTES, 2 * count);
    return { records, count, continuations: [], staged };
  }

  /** What was taken last is not needed any more. */
  release(): void {
    this.taken++;
    Atomics.store(this.control, DONE, this.taken);
    Atomics.notify(this.control, DONE);
  }

  /** Nothing is needed any more. */
  leave(): void {
    Atomics.store(this.control, DONE, LEFT);
    Atomics.notify(this.control, DONE);
  }
}
