// A batch of event records (layout: assembly/abi/event.ts), as every producer hands them to the core.

import { EVENTS_CAPACITY } from "../../assembly/abi/memory-map.js";

/** Records ready to be copied into the core's memory. */
export interface EventBatch {
  /** u32[2 * capacity]: low word, high word, low word, … The first `2 * count` words are valid. */
  readonly records: Uint32Array;
  /** Records, not words. */
  readonly count: number;
  /**
   * Positions in the batch, ascending, of records that an access got because it goes on in another page.
   * Empty where the format does not tell.
   */
  readonly continuations: readonly number[];
  /** Where the reader was given memory to put records in, and did: how many records from its start. */
  readonly staged?: number;
}

/** Collects records in one buffer, used again for every batch. */
export class BatchWriter {
  /** u32[2 * capacity] */
  readonly words: Uint32Array;
  /** Words in use. Parsers may write `words` themselves, up to its end, and then move this. */
  length = 0;
  private takenRecords = 0;
  private continuations: number[] = [];

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

  /** Adds the record of a further page that the same access touches. */
  pushContinuation(low: number, high: number): void {
    this.continuations.push(this.count);
    this.push(low, high);
  }

  /** The batch so far; the writer starts anew in the same buffer, so it holds until the next `push`. */
  take(): EventBatch {
    const { words: records, count, continuations } = this;
    this.takenRecords += count;
    this.continuations = [];
    this.length = 0;
    return { records, count, continuations };
  }
}
