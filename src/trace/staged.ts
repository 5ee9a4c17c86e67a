// Blocks of finished records, on their way through a staging area.

import { EVENT_BYTES } from "../../assembly/abi/event.js";
import { EVENTS_CAPACITY } from "../../assembly/abi/memory-map.js";
import type { EventBatch } from "./batch.js";
import type { ByteReader } from "./byte-reader.js";
import { planStaging, type Staging } from "./staging.js";

/** Reads a file into the two slots in turn: one block is on its way while the other is in use. */
export class ReadAhead {
  private readonly slots: readonly [number, number];
  private slot: 0 | 1 = 1;
  private underWay: Promise<number> = Promise.resolve(0);

  constructor(
    private readonly bytes: ByteReader,
    private readonly staging: Staging,
  ) {
    this.slots = planStaging(staging).slots;
  }

  /** Begins to read into the slot that `next` did not give last, whose block is not needed any more. */
  begin(length: number): void {
    this.slot = this.slot === 0 ? 1 : 0;
    const { memory } = this.staging;
    this.underWay = this.bytes.fill(new Uint8Array(memory.buffer, this.slots[this.slot], length));
    // It may fail before anybody waits for it; whoever does learns of it then.
    this.underWay.catch(() => undefined);
  }

  /**
   * What was begun last: where it lies, and the bytes read, all of them unless the file ends before.
   * @throws MmulateError INPUT when the file cannot be read
   */
  async next(): Promise<{ readonly at: number; readonly got: number }> {
    return { at: this.slots[this.slot], got: await this.underWay };
  }

  /** Resolves when nothing is written to the slots any more. */
  async settled(): Promise<void> {
    await this.underWay.catch(() => undefined);
  }
}

/** Records in a staging area. */
export interface StagedBlock {
  /** Linear address of the first. */
  readonly at: number;
  readonly count: number;
  /** Positions in the block, ascending. Called when asked for: a run never does. */
  readonly continuations: () => Iterable<number>;
}

/** A block in pieces that the core takes at once. */
export function* batchesOf(staging: Staging, block: StagedBlock): Generator<EventBatch> {
  for (let first = 0; first < block.count; first += EVENTS_CAPACITY) {
    yield batchOf(staging, block, first);
  }
}

function batchOf(staging: Staging, block: StagedBlock, first: number): EventBatch {
  const count = Math.min(EVENTS_CAPACITY, block.count - first);
  const at = block.at + EVENT_BYTES * first;
  return {
    records: new Uint32Array(staging.memory.buffer, at, 2 * count),
    count,
    staged: (at - staging.at) / EVENT_BYTES,
    get continuations() {
      const inside = Array.from(block.continuations(), (position) => position - first);
      return inside.filter((position) => position >= 0 && position < count);
    },
  };
}
