// Reader of .mmt (mmt-format.ts). A block goes from the file into the memory that the caller names, is
// checked there, and is handed out as it lies: no record is copied or looked at on the way, unless some
// are to be left out.

import { Buffer } from "node:buffer";
import { EVENT_BYTES } from "../../assembly/abi/event.js";
import { EVENTS_CAPACITY } from "../../assembly/abi/memory-map.js";
import { MmulateError } from "../errors.js";
import { BASE_PAGE_SHIFT } from "./access-writer.js";
import type { EventBatch } from "./batch.js";
import type { ByteReader } from "./byte-reader.js";
import { MemoryChecksum } from "./fletcher.js";
import {
  damage,
  decodeHead,
  decodeHeader,
  ended,
  MMT_HEAD_BYTES,
  MMT_HEADER_BYTES,
  MMT_MAGIC,
  MMT_STAGING_BYTES,
  type MmtHead,
  type MmtHeader,
  payloadBytes,
} from "./mmt-format.js";
import { RecordFilter } from "./record-filter.js";
import type { Staging, TraceOptions } from "./types.js";

const WASM_PAGE_BYTES = 65536;

/** Whether a file that begins with these bytes is surely .mmt. */
export function looksLikeMmt(first: Uint8Array): boolean {
  return MMT_MAGIC.equals(first.subarray(0, MMT_MAGIC.length));
}

/** Memory for a reader whose caller has none. */
export function ownStaging(): Staging {
  const initial = Math.ceil(MMT_STAGING_BYTES / WASM_PAGE_BYTES);
  return { memory: new WebAssembly.Memory({ initial }), at: 0 };
}

interface Block {
  readonly count: number;
  /** Positions in the block. Read when asked for: a run never does. */
  readonly continuations: () => Iterable<number>;
}

/** Reads one file. */
export class MmtReader {
  /** Bytes of the file that were read and found good. */
  private offset = MMT_HEADER_BYTES + MMT_HEAD_BYTES;
  private records = 0;
  private readonly checksum: MemoryChecksum;
  private readonly filter: RecordFilter | undefined;

  private constructor(
    private readonly file: string,
    private readonly bytes: ByteReader,
    readonly header: MmtHeader,
    private head: MmtHead,
    private readonly options: TraceOptions,
    private readonly staging: Staging,
  ) {
    this.checksum = new MemoryChecksum(staging.memory);
    const { split, pageShift = BASE_PAGE_SHIFT, accesses, instructions = true } = options;
    const asIs = split && pageShift <= header.pageShift;
    // A file without continuations has nothing to leave out, however large the pages.
    const whole = asIs || header.pageShift === 0;
    const all = instructions && (accesses === "all" || header.accesses === "data");
    this.filter = whole && all ? undefined : new RecordFilter(options);
  }

  /**
   * Reads the header.
   *
   * @param file name for messages
   * @param staging where records go
   * @throws MmulateError INPUT when the header is damaged
   */
  static async open(
    file: string,
    bytes: ByteReader,
    options: TraceOptions,
    staging: Staging,
  ): Promise<MmtReader> {
    const first = Buffer.alloc(MMT_HEADER_BYTES + MMT_HEAD_BYTES);
    const begin = first.subarray(0, await bytes.fill(first));
    const header = decodeHeader(file, begin.subarray(0, MMT_HEADER_BYTES));
    const head = decodeHead(file, MMT_HEADER_BYTES, begin.subarray(MMT_HEADER_BYTES), 0);
    return new MmtReader(file, bytes, header, head, options, staging);
  }

  /**
   * The records. A batch holds until the next one is asked for.
   *
   * @throws MmulateError INPUT when the file is damaged or holds no access that was asked for
   */
  async *batches(): AsyncGenerator<EventBatch, void, undefined> {
    while (!this.head.end) {
      const block = await this.nextBlock();
      for (let first = 0; first < block.count; first += EVENTS_CAPACITY) {
        yield this.batchOf(block, first);
      }
    }
    await this.finish();
  }

  /** Reads and checks a block, and the head behind it. */
  private async nextBlock(): Promise<Block> {
    const { memory, at } = this.staging;
    const { head } = this;
    const bytes = payloadBytes(head);
    const got = await this.bytes.fill(new Uint8Array(memory.buffer, at, bytes + MMT_HEAD_BYTES));
    if (got < bytes) {
      throw ended(this.file, this.offset + got, `${bytes - got} more bytes of block ${head.index}`);
    }
    const { sum, weighted } = this.checksum.of(at, bytes);
    if (sum !== head.sum || weighted !== head.weighted) {
      const expected = "expected those that its head gives the checksum of: they are damaged";
      throw damage(
        this.file,
        this.offset,
        `found other records in block ${head.index}, ${expected}`,
      );
    }
    this.offset += bytes;
    const behind = Buffer.from(memory.buffer, at + bytes, got - bytes);
    this.head = decodeHead(this.file, this.offset, behind, head.index + 1);
    this.offset += MMT_HEAD_BYTES;
    this.records += head.records;
    return this.filtered(head);
  }

  private filtered({ records, continuations: marks }: MmtHead): Block {
    const { memory, at } = this.staging;
    const table = (): Uint32Array =>
      new Uint32Array(memory.buffer, at + EVENT_BYTES * records, marks);
    if (this.filter === undefined) return { count: records, continuations: table };
    const words = new Uint32Array(memory.buffer, at, 2 * records);
    const { count, continuations } = this.filter.apply(words, table());
    return { count, continuations: () => continuations };
  }

  private batchOf({ count: records, continuations }: Block, first: number): EventBatch {
    const { memory, at } = this.staging;
    const count = Math.min(EVENTS_CAPACITY, records - first);
    return {
      // Made anew, because whoever took the batch before may have made the memory grow.
      records: new Uint32Array(memory.buffer, at + EVENT_BYTES * first, 2 * count),
      count,
      staged: first,
      get continuations() {
        const inside = Array.from(continuations(), (position) => position - first);
        return inside.filter((position) => position >= 0 && position < count);
      },
    };
  }

  private async finish(): Promise<void> {
    const { file, header, head, records } = this;
    const headAt = this.offset - MMT_HEAD_BYTES;
    if (head.records !== records) {
      throw damage(file, headAt, `found ${records} records, the end marker tells ${head.records}`);
    }
    if (header.records !== 0 && header.records !== records) {
      throw damage(file, headAt, `found ${records} records, the header tells ${header.records}`);
    }
    if ((await this.bytes.fill(new Uint8Array(1))) > 0) {
      throw damage(file, this.offset, "found more bytes, expected the end of the file");
    }
    if (records > 0 && this.filter?.accesses !== 0) return;
    const wanted = this.options.accesses === "data" ? "data accesses" : "accesses";
    const held = records === 0 ? "no record" : "no access that was asked for";
    throw new MmulateError("INPUT", `${file}: holds ${held}, expected ${wanted}`);
  }
}
