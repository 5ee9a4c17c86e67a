// Collects event records (layout: assembly/abi/event.ts) for one batch after the other.

import { type Control, EVENT_OPERAND_SHIFT, EventKind } from "../../assembly/abi/event.js";
import { EVENTS_CAPACITY } from "../../assembly/abi/memory-map.js";
import type { RecordBatch } from "./types.js";

const WORDS = 2 ** 32;

export class RecordBuffer {
  private readonly records = new Uint32Array(2 * EVENTS_CAPACITY);
  private count = 0;

  get isFull(): boolean {
    return this.count === EVENTS_CAPACITY;
  }

  /** @param address a multiple of 8, below 2^53 */
  access(kind: EventKind, address: number): void {
    this.push((address % WORDS) + kind, Math.floor(address / WORDS));
  }

  /** A control without operands. */
  control(code: Control): void {
    this.push((code << EVENT_OPERAND_SHIFT) | EventKind.Control, 0);
  }

  private push(low: number, high: number): void {
    this.records[2 * this.count] = low;
    this.records[2 * this.count + 1] = high;
    this.count++;
  }

  /** The records so far; the buffer starts anew. */
  take(): RecordBatch {
    const { records, count } = this;
    this.count = 0;
    return { records, count };
  }
}
