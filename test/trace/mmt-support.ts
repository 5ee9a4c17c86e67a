// Shared by the tests of .mmt: files made of records, and records read from files.

import type { EventBatch } from "../../src/trace/batch.js";
import { ChunkReader } from "../../src/trace/byte-reader.js";
import { readTrace } from "../../src/trace/index.js";
import type { MmtHeader } from "../../src/trace/mmt-format.js";
import { MmtReader } from "../../src/trace/mmt-reader.js";
import { MmtWriter } from "../../src/trace/mmt-writer.js";
import { ownStaging } from "../../src/trace/staging.js";
import type { TraceOptions } from "../../src/trace/types.js";
import { ALL, raw64Bytes, recordsOf } from "./support.js";

/** Keeps instruction counts, as `run` does. */
export const EVERYTHING: TraceOptions = { ...ALL, instructions: true };

const HEADER: Omit<MmtHeader, "records"> = { pageShift: 12, accesses: "all", source: "a test" };

const STAGING = ownStaging();

/** A batch of records. */
export function batchOf(records: bigint[], continuations: number[] = []): EventBatch {
  const bytes = new Uint8Array(raw64Bytes(records));
  return { records: new Uint32Array(bytes.buffer), count: records.length, continuations };
}

/** The bytes of a file that was given these batches. */
export async function mmtBytes(
  batches: EventBatch[],
  { header = HEADER, packed = false } = {},
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const writer = new MmtWriter(header, packed, async (bytes) => {
    pieces.push(Buffer.from(bytes));
  });
  await writer.begin();
  for (const batch of batches) await writer.add(batch);
  const { header: complete } = await writer.end();
  complete.copy(pieces[0] as Buffer);
  return Buffer.concat(pieces);
}

/** What is read from a file: all records, and the positions among them of continuations. */
export interface Read {
  readonly records: bigint[];
  readonly continuations: number[];
}

/** Collects batches. */
export async function collect(batches: AsyncIterable<EventBatch>): Promise<Read> {
  const records: bigint[] = [];
  const continuations: number[] = [];
  for await (const batch of batches) {
    for (const position of batch.continuations) continuations.push(records.length + position);
    for (const record of recordsOf(batch)) records.push(record);
  }
  return { records, continuations };
}

/** Reads a file. */
export function readFile(path: string, options = EVERYTHING): Promise<Read> {
  return collect(readTrace(path, options));
}

/** Reads bytes that arrive in chunks. */
export async function readChunks(chunks: Buffer[], options = EVERYTHING): Promise<Read> {
  async function* arriving() {
    yield* chunks;
  }
  const bytes = new ChunkReader(arriving());
  return collect((await MmtReader.open("t.mmt", bytes, options, STAGING)).batches());
}
