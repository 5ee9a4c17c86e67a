// Writer of .mmt (mmt-format.ts).

import { Buffer } from "node:buffer";
import { EVENT_BYTES } from "../../assembly/abi/event.js";
import type { EventBatch } from "./batch.js";
import { MemoryChecksum } from "./fletcher.js";
import {
  encodeHead,
  encodeHeader,
  MMT_BLOCK_RECORDS,
  type MmtHead,
  type MmtHeader,
  payloadBytes,
} from "./mmt-format.js";
import { ownStaging } from "./mmt-reader.js";
import type { RecordSink, Write } from "./types.js";

const NO_CHECKSUM = { sum: 0n, weighted: 0n };

/** Writes one file. */
export class MmtWriter implements RecordSink {
  private readonly memory = ownStaging().memory;
  private readonly checksum = new MemoryChecksum(this.memory);
  private readonly words = new Uint32Array(this.memory.buffer, 0, 2 * MMT_BLOCK_RECORDS);
  /** Of the block that is being filled. */
  private count = 0;
  private continuations: number[] = [];
  private blocks = 0;
  private total = 0;

  /** @param write puts bytes behind those before, and is done with them when it resolves */
  constructor(
    private readonly header: Omit<MmtHeader, "records">,
    private readonly write: Write,
  ) {}

  async begin(): Promise<void> {
    await this.write(encodeHeader({ ...this.header, records: 0 }));
  }

  async add({ records, count, continuations }: EventBatch): Promise<void> {
    let mark = 0;
    for (let from = 0; from < count; ) {
      const taken = Math.min(count - from, MMT_BLOCK_RECORDS - this.count);
      this.words.set(records.subarray(2 * from, 2 * (from + taken)), 2 * this.count);
      for (; (continuations[mark] ?? count) < from + taken; mark++) {
        this.continuations.push((continuations[mark] as number) - from + this.count);
      }
      from += taken;
      this.count += taken;
      if (this.count === MMT_BLOCK_RECORDS) await this.endBlock();
    }
  }

  async end(): Promise<{ records: number; header: Buffer }> {
    if (this.count > 0) await this.endBlock();
    const { blocks: index, total: records } = this;
    await this.write(encodeHead({ end: true, records, continuations: 0, index, ...NO_CHECKSUM }));
    return { records, header: encodeHeader({ ...this.header, records }) };
  }

  private async endBlock(): Promise<void> {
    const { count: records, continuations, blocks: index } = this;
    const size = { records, continuations: continuations.length, index };
    const bytes = payloadBytes(size);
    const behind = new Uint32Array(this.memory.buffer, EVENT_BYTES * records);
    behind.fill(0, 0, (bytes - EVENT_BYTES * records) / behind.BYTES_PER_ELEMENT);
    behind.set(continuations);

    const head: MmtHead = { end: false, ...size, ...this.checksum.of(0, bytes) };
    await this.write(encodeHead(head));
    await this.write(Buffer.from(this.memory.buffer, 0, bytes));
    this.count = 0;
    this.continuations = [];
    this.blocks++;
    this.total += records;
  }
}
