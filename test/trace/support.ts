// Shared by the trace tests: parse bytes given in chunks, write input files, catch the one error.

import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll } from "vitest";
import { MmulateError } from "../../src/errors.js";
import { BatchWriter, type EventBatch } from "../../src/trace/batch.js";
import { ChunkReader } from "../../src/trace/byte-reader.js";
import { LackeyParser } from "../../src/trace/lackey.js";
import { Raw64Reader } from "../../src/trace/raw64.js";
import { ownStaging } from "../../src/trace/staging.js";
import type { TraceOptions, TraceParser } from "../../src/trace/types.js";

export const ALL: TraceOptions = { accesses: "all", split: true, instructions: false };
export const DATA: TraceOptions = { ...ALL, accesses: "data" };

/** The whole run of sort, as recorded. */
export const SORT_TRACE = fileURLToPath(new URL("../data/traces/sort.lackey.gz", import.meta.url));

export const READ = 0n;
export const WRITE = 1n;
export const FETCH = 2n;
export const INSTRUCTIONS = 5n;

/** The records of a batch as 64-bit numbers. */
export function recordsOf(batch: EventBatch): bigint[] {
  const records = [];
  for (let at = 0; at < 2 * batch.count; at += 2) {
    const [low = 0, high = 0] = batch.records.subarray(at, at + 2);
    records.push((BigInt(high) << 32n) | BigInt(low));
  }
  return records;
}

/** Parses lackey text; returns its batches. */
export function lackeyBatches(chunks: Uint8Array[], options = ALL, capacity = 65536): bigint[][] {
  const batch = new BatchWriter(capacity);
  return drive(new LackeyParser("t.lackey", batch, options), batch, chunks);
}

/** Parses one lackey text; returns its records. */
export function lackeyRecords(text: string, options = ALL): bigint[] {
  return lackeyBatches([Buffer.from(text, "latin1")], options).flat();
}

const STAGING = ownStaging();

/** Reads raw64 bytes that arrive in chunks; returns its batches. */
export async function raw64Batches(chunks: Uint8Array[], options = ALL): Promise<bigint[][]> {
  async function* arriving() {
    for (const chunk of chunks) yield Buffer.from(chunk);
  }
  const reader = new Raw64Reader("t.raw64", new ChunkReader(arriving()), options, STAGING);
  const batches: bigint[][] = [];
  for await (const batch of reader.batches()) batches.push(recordsOf(batch));
  return batches;
}

function drive(parser: TraceParser, batch: BatchWriter, chunks: Uint8Array[]): bigint[][] {
  const batches: bigint[][] = [];
  const flush = () => {
    parser.endBatch();
    if (batch.count > 0) batches.push(recordsOf(batch.take()));
  };
  for (const bytes of chunks) {
    let at = parser.parse(bytes, 0);
    while (at < bytes.length) {
      flush();
      at = parser.parse(bytes, at);
    }
  }
  parser.finish();
  flush();
  return batches;
}

/** `bytes` cut at the given offsets (in any order, in range). */
export function cutAt(bytes: Uint8Array, cuts: number[]): Uint8Array[] {
  const edges = [0, ...[...cuts].sort((a, b) => a - b), bytes.length];
  return edges.slice(1).map((end, piece) => bytes.slice(edges[piece], end));
}

/** raw64 bytes of records. */
export function raw64Bytes(records: bigint[]): Buffer {
  const bytes = Buffer.alloc(8 * records.length);
  records.forEach((record, index) => {
    bytes.writeBigUInt64LE(record, 8 * index);
  });
  return bytes;
}

/** The `MmulateError` that `action` throws, or a failure of the test. */
export async function errorOf(action: () => unknown): Promise<MmulateError> {
  try {
    await action();
  } catch (error) {
    if (error instanceof MmulateError) return error;
    throw error;
  }
  throw new Error("expected an MmulateError, nothing was thrown");
}

/**
 * A directory for input files, removed after the test file's last test.
 *
 * It is made by a hook, not by this call: when a filter deselects all tests of a file, vitest still runs
 * the file but none of its hooks, and what the call had made would stay behind.
 */
export function inputFolder(): {
  path: string;
  write: (name: string, data: Uint8Array | string) => string;
} {
  const path = join(tmpdir(), `mmulate-trace-${randomUUID()}`);
  beforeAll(() => {
    mkdirSync(path);
  });
  afterAll(() => {
    rmSync(path, { recursive: true });
  });
  const write = (name: string, data: Uint8Array | string): string => {
    const file = join(path, name);
    writeFileSync(file, data);
    return file;
  };
  return { path, write };
}
