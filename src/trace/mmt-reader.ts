// Reader of .mmt (mmt-format.ts). A block goes from the file into the memory that the caller names, is
// checked there, and is handed out as it lies: no record is copied or looked at on the way, unless it is packed
// or some are to be left out. The next block is read meanwhile.

import { Buffer } from "node:buffer";
import { MmulateError } from "../errors.js";
import { BASE_PAGE_SHIFT } from "./access-writer.js";
import type { EventBatch } from "./batch.js";
import type { ByteReader } from "./byte-reader.js";
import { Codec } from "./codec.js";
import {
  damage,
  decodeHead,
  decodeHeader,
  ended,
  MMT_HEAD_BYTES,
  MMT_HEADER_BYTES,
  MMT_MAGIC,
  type MmtHead,
  type MmtHeader,
  partsOf,
} from "./mmt-format.js";
import { RecordFilter } from "./record-filter.js";
import { batchesOf, ReadAhead, type StagedBlock } from "./staged.js";
import { planStaging, type Staging } from "./staging.js";
import type { RecordSource, TraceOptions } from "./types.js";

/** Whether a file that begins with these bytes is surely .mmt. */
export function looksLikeMmt(first: Uint8Array): boolean {
  return MMT_MAGIC.equals(first.subarray(0, MMT_MAGIC.length));
}

/** Reads one file. */
export class MmtReader implements RecordSource {
  /** Bytes of the file that were read and found good. */
  private offset = MMT_HEADER_BYTES + MMT_HEAD_BYTES;
  private records = 0;
  private readonly ahead: ReadAhead;
  private readonly codec: Codec;
  private readonly filter: RecordFilter | undefined;

  private constructor(
    private readonly file: string,
    private readonly bytes: ByteReader,
    readonly header: MmtHeader,
    private head: MmtHead,
    private readonly options: TraceOptions,
    private readonly staging: Staging,
  ) {
    this.ahead = new ReadAhead(bytes, staging);
    this.codec = new Codec(staging.memory);
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

  async *batches(): AsyncGenerator<EventBatch, void, undefined> {
    this.readBlock();
    try {
      while (!this.head.end) yield* batchesOf(this.staging, await this.nextBlock());
    } finally {
      await this.ahead.settled();
    }
    await this.finish();
  }

  /** Begins to read the block of `head`, and the head behind it. */
  private readBlock(): void {
    if (!this.head.end) this.ahead.begin(partsOf(this.head).end + MMT_HEAD_BYTES);
  }

  /** Waits for a block and checks it. */
  private async nextBlock(): Promise<StagedBlock> {
    const { head } = this;
    const { at, got } = await this.ahead.next();
    const { end } = partsOf(head);
    if (got < end) {
      throw ended(this.file, this.offset + got, `${end - got} more bytes of block ${head.index}`);
    }
    const { sum, weighted } = this.codec.checksum(at, end);
    if (sum !== head.sum || weighted !== head.weighted) {
      const expected = "expected those that its head gives the checksum of: they are damaged";
      const what = `found other records in block ${head.index}, ${expected}`;
      throw damage(this.file, this.offset, what);
    }
    const behind = Buffer.from(this.staging.memory.buffer, at + end, got - end);
    this.head = decodeHead(this.file, this.offset + end, behind, head.index + 1);
    this.readBlock();
    const records = this.unpacked(head, at);
    this.offset += end + MMT_HEAD_BYTES;
    this.records += head.records;
    return this.filtered(head, records, at);
  }

  /** @returns where the records are */
  private unpacked(head: MmtHead, at: number): number {
    if (head.operands === undefined) return at;
    const { records, table } = planStaging(this.staging);
    const operands = at + partsOf(head).operands;
    const found = this.codec.unpack(at, head.records, operands, records, table) - operands;
    if (found === head.operands) return records;
    const what = `found records of ${found} bytes of operands in block ${head.index}`;
    throw damage(this.file, this.offset, `${what}, its head tells ${head.operands}`);
  }

  private filtered(head: MmtHead, at: number, block: number): StagedBlock {
    const { memory } = this.staging;
    const { records, continuations: marks } = head;
    const table = (): Uint32Array =>
      new Uint32Array(memory.buffer, block + partsOf(head).continuations, marks);
    if (this.filter === undefined) return { at, count: records, continuations: table };
    const words = new Uint32Array(memory.buffer, at, 2 * records);
    const { count, continuations } = this.filter.apply(words, table());
    return { at, count, continuations: () => continuations };
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
