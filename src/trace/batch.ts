// A batch of event records (layout: assembly/abi/event.ts), as every producer hands them to the core.

import { EVENTS_CAPACITY } from "../../assembly/abi/memory-map.js";

/** Records ready to be copied into the core's memory. */
export interface EventBatch {
  /** u32[2 * capacity]: low word, high word, low word, … The first `2 * count` words are valid. */
  readonly records: Uint32Array;
  /** Records, not words. */
  readonly count: number;
}

/** Collects records in one buffer, used again for every batch. */
export class BatchWriter {
  /** u32[2 * capacity] */
  readonly words: Uint32Array;
  /** Words in use. Parsers may write `words` themselves, up to its end, and then move this. */
  length = 0;
  private takenRecords = 0;

  /** @param capacity records of a batch; the default is what the core takes at once */
  constructor(capacity: number = EVENTS_CAPACITY) {
    this.words = new Uint32Array(2 * capacity);
  }

  /** Records in the batch. */
  get count(): number {
    return this.length >>> 1;
  }

  /** Records written since the writer was made. */
  get total(): number {
    return this.takenRecords + this.count;
  }

  /** Adds one record; the caller has seen to it that there is room. */
  push(low: number, high: number): void {
    this.words[this.length] = low;
    this.words[this.length + 1] = high;
    this.length += 2;
  }

  /** The batch so far; the writer starts anew in the same buffer, so it holds until the next `push`. */
  take(): EventBatch {
    const batch = { records: this.words, count: this.count };
    this.takenRecords += this.count;
    this.length = 0;
    return batch;
  }
}
