// Reader of raw64: nothing but event records (assembly/abi/event.ts), 8 bytes each, little-endian, of the kinds
// read, write and fetch. The native reference simulator takes the first two.
//
// Blocks go from the file into the memory that the caller names, are looked at for other kinds, and are handed
// out as they lie.

import { Buffer } from "node:buffer";
import { EVENT_BYTES, EVENT_KIND_MASK, EventKind } from "../../assembly/abi/event.js";
import { MmulateError } from "../errors.js";
import type { EventBatch } from "./batch.js";
import type { ByteReader } from "./byte-reader.js";
import { Codec } from "./codec.js";
import { quote } from "./quote.js";
import { batchesOf, ReadAhead } from "./staged.js";
import { BLOCK_RECORDS, type Staging } from "./staging.js";
import type { RecordSource, TraceOptions } from "./types.js";

const BLOCK_BYTES = BLOCK_RECORDS * EVENT_BYTES;

/** Reads one file. */
export class Raw64Reader implements RecordSource {
  /** Bytes of the file that were read and found good. */
  private offset = 0;
  private accesses = 0;
  private readonly ahead: ReadAhead;
  private readonly codec: Codec;
  private readonly dropFetches: boolean;

  /**
   * @param file name for messages
   * @param staging where records go
   */
  constructor(
    private readonly file: string,
    bytes: ByteReader,
    options: TraceOptions,
    private readonly staging: Staging,
  ) {
    this.ahead = new ReadAhead(bytes, staging);
    this.codec = new Codec(staging.memory);
    this.dropFetches = options.accesses === "data";
  }

  async *batches(): AsyncGenerator<EventBatch, void, undefined> {
    this.ahead.begin(BLOCK_BYTES);
    try {
      for (let got = BLOCK_BYTES; got === BLOCK_BYTES; ) {
        const block = await this.ahead.next();
        got = block.got;
        if (got === BLOCK_BYTES) this.ahead.begin(BLOCK_BYTES);
        const count = this.checked(block.at, Math.floor(got / EVENT_BYTES));
        yield* batchesOf(this.staging, { at: block.at, count, continuations: () => [] });
        this.refuseCut(block.at, got);
      }
    } finally {
      await this.ahead.settled();
    }
    if (this.accesses > 0) return;
    const records = this.offset / EVENT_BYTES;
    throw new MmulateError(
      "INPUT",
      `${this.file}: holds only instruction fetches (${records}), expected data accesses`,
    );
  }

  /** Checks the kinds of records, and leaves out what was not asked for; returns how many stay. */
  private checked(at: number, records: number): number {
    const { fetches, controls } = this.codec.kinds(at, records);
    const words = new Uint32Array(this.staging.memory.buffer, at, 2 * records);
    if (controls) throw this.unknownKind(words);
    this.offset += EVENT_BYTES * records;
    const count = fetches && this.dropFetches ? withoutFetches(words) : records;
    this.accesses += count;
    return count;
  }

  private unknownKind(words: Uint32Array): MmulateError {
    const at = words.findIndex(
      (low, i) => i % 2 === 0 && (low & EVENT_KIND_MASK) > EventKind.Fetch,
    );
    const kind = (words[at] as number) & EVENT_KIND_MASK;
    const what = `found a record of kind ${kind}, expected 0 read, 1 write or 2 fetch`;
    return this.damage(this.offset + (EVENT_BYTES / 2) * at, what);
  }

  private refuseCut(at: number, got: number): void {
    const cut = got % EVENT_BYTES;
    if (cut === 0) return;
    const found = quote(Buffer.from(this.staging.memory.buffer, at + got - cut, cut));
    const what = `the file ends within a record: found ${found}, expected ${EVENT_BYTES} bytes`;
    throw this.damage(this.offset, what);
  }

  private damage(offset: number, what: string): MmulateError {
    return new MmulateError("INPUT", `${this.file}: byte ${offset}: ${what}`);
  }
}

/** Moves the data accesses to the front; returns how many there are. */
function withoutFetches(words: Uint32Array): number {
  let to = 0;
  for (let at = 0; at < words.length; at += 2) {
    const low = words[at] as number;
    words[to] = low;
    words[to + 1] = words[at + 1] as number;
    if ((low & EVENT_KIND_MASK) !== EventKind.Fetch) to += 2;
  }
  return to / 2;
}
