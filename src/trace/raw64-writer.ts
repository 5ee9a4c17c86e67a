// Writer of raw64 (raw64.ts): accesses alone.

import { Buffer } from "node:buffer";
import { EVENT_BYTES, EVENT_KIND_MASK, EventKind } from "../../assembly/abi/event.js";
import { EVENTS_CAPACITY } from "../../assembly/abi/memory-map.js";
import { MmulateError } from "../errors.js";
import type { EventBatch } from "./batch.js";
import type { RecordSink, Write } from "./types.js";

/** Writes one file. Instruction counts, which the format cannot hold, are left out. */
export class Raw64Writer implements RecordSink {
  private readonly words = new Uint32Array(2 * EVENTS_CAPACITY);
  private total = 0;

  /** @param source name of the input, for messages */
  constructor(
    private readonly source: string,
    private readonly write: Write,
  ) {}

  async begin(): Promise<void> {
    // Nothing stands before the records.
  }

  async add({ records, count }: EventBatch): Promise<void> {
    let to = 0;
    for (let at = 0; at < 2 * count; at += 2) {
      const low = records[at] as number;
      const kind = low & EVENT_KIND_MASK;
      if (kind === EventKind.Instructions) continue;
      if (kind > EventKind.Fetch) throw this.unfit(this.total + to / 2, kind);
      this.words[to] = low;
      this.words[to + 1] = records[at + 1] as number;
      to += 2;
    }
    this.total += to / 2;
    await this.write(Buffer.from(this.words.buffer, 0, (EVENT_BYTES / 2) * to));
  }

  async end(): Promise<{ records: number }> {
    return { records: this.total };
  }

  private unfit(accesses: number, kind: number): MmulateError {
    const what = `a control record of kind ${kind} stands behind ${accesses} accesses`;
    return new MmulateError("INPUT", `${this.source}: ${what}; raw64 holds kinds 0 to 2 only`);
  }
}
