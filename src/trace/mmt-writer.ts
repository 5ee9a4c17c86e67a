// Writer of .mmt (mmt-format.ts).

import { Buffer } from "node:buffer";
import type { EventBatch } from "./batch.js";
import { Codec } from "./codec.js";
import { encodeHead, encodeHeader, type MmtHead, type MmtHeader, partsOf } from "./mmt-format.js";
import { BLOCK_RECORDS, ownStaging, planStaging } from "./staging.js";
import type { RecordSink, Write } from "./types.js";

const NO_CHECKSUM = { sum: 0n, weighted: 0n };

/** A block's size, and where it lies. */
type Made = Pick<MmtHead, "records" | "continuations" | "operands"> & { readonly at: number };

/** Writes one file. */
export class MmtWriter implements RecordSink {
  private readonly staging = ownStaging();
  private readonly plan = planStaging(this.staging);
  private readonly codec = new Codec(this.staging.memory);
  private readonly words = this.wordsAt(this.plan.slots[0], 2 * BLOCK_RECORDS);
  /** Of the block that is being filled. */
  private count = 0;
  private continuations: number[] = [];
  private blocks = 0;
  private total = 0;

  /**
   * @param packed write fewer bytes, which take longer to read unless they are compressed
   * @param write puts bytes behind those before, and is done with them when it resolves
   */
  constructor(
    private readonly header: Omit<MmtHeader, "records">,
    private readonly packed: boolean,
    private readonly write: Write,
  ) {}

  async begin(): Promise<void> {
    await this.write(encodeHeader({ ...this.header, records: 0 }));
  }

  async add({ records, count, continuations }: EventBatch): Promise<void> {
    let mark = 0;
    for (let from = 0; from < count; ) {
      const taken = Math.min(count - from, BLOCK_RECORDS - this.count);
      this.words.set(records.subarray(2 * from, 2 * (from + taken)), 2 * this.count);
      for (; (continuations[mark] ?? count) < from + taken; mark++) {
        this.continuations.push((continuations[mark] as number) - from + this.count);
      }
      from += taken;
      this.count += taken;
      if (this.count === BLOCK_RECORDS) await this.endBlock();
    }
  }

  async end(): Promise<{ records: number; header: Buffer }> {
    if (this.count > 0) await this.endBlock();
    const { blocks: index, total: records } = this;
    await this.write(encodeHead({ end: true, records, continuations: 0, index, ...NO_CHECKSUM }));
    return { records, header: encodeHeader({ ...this.header, records }) };
  }

  private async endBlock(): Promise<void> {
    const { at, ...size } = (this.packed ? this.pack() : undefined) ?? this.plain();
    const { continuations, end } = partsOf(size);
    const padded = this.wordsAt(at + continuations, (end - continuations) / 4);
    padded.fill(0);
    padded.set(this.continuations);

    const { blocks: index } = this;
    const head: MmtHead = { end: false, index, ...size, ...this.codec.checksum(at, end) };
    await this.write(encodeHead(head));
    await this.write(Buffer.from(this.staging.memory.buffer, at, end));
    this.count = 0;
    this.continuations = [];
    this.blocks++;
    this.total += size.records;
  }

  private plain(): Made {
    const { count: records, continuations } = this;
    return { records, continuations: continuations.length, at: this.plan.slots[0] };
  }

  /** Undefined: the block gets no smaller. */
  private pack(): Made | undefined {
    const { slots, table } = this.plan;
    const [from, at] = slots;
    const plain = this.plain();
    const { records } = plain;
    const begin = at + partsOf({ ...plain, operands: 0 }).operands;
    // Padding: of the tokens before they are written, of the operands behind them.
    this.wordsAt(begin - 8, 2).fill(0);
    const end = this.codec.pack(from, records, at, begin, table);
    new Uint8Array(this.staging.memory.buffer, end, 8).fill(0);
    const made = { ...plain, operands: end - begin, at };
    return partsOf(made).end < partsOf(plain).end ? made : undefined;
  }

  private wordsAt(at: number, length: number): Uint32Array {
    return new Uint32Array(this.staging.memory.buffer, at, length);
  }
}
