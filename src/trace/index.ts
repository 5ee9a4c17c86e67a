// Reads a trace file of any known format as batches of event records.

import { Buffer } from "node:buffer";
import { MmulateError } from "../errors.js";
import { BASE_PAGE_SHIFT, MAX_PAGE_SHIFT } from "./access-writer.js";
import { BatchWriter, type EventBatch } from "./batch.js";
import { ChunkReader, FileReader } from "./byte-reader.js";
import {
  AUTO_FORMAT,
  chooseFormat,
  detectFormat,
  formatNamed,
  RECOGNITION_BYTES,
  TRACE_FORMATS,
  type TraceFormatName,
} from "./formats.js";
import type { MmtHeader } from "./mmt-format.js";
import { looksLikeGzip, openBytes } from "./open.js";
import { ownStaging, type Staging } from "./staging.js";
import type { RecordFormat, TraceOptions, TraceParser } from "./types.js";

export type { EventBatch } from "./batch.js";
export { TRACE_FORMATS, type TraceFormatName } from "./formats.js";
export type { MmtHeader } from "./mmt-format.js";
export { STAGING_BYTES, type Staging } from "./staging.js";
export { isWorthThread, readInThread, startThreadFor } from "./threaded.js";
export type { TraceOptions } from "./types.js";

/** What the beginning of a file told. */
export interface TraceFacts {
  readonly format: TraceFormatName;
  /** Only .mmt has one. */
  readonly header?: MmtHeader;
}

/** How the caller of `readTrace` takes part. */
export interface TraceHooks {
  /** Memory for records that need no parsing, which spares copying them there. */
  readonly staging?: Staging;
  /** The calling thread has nothing else to do, and may stand still while a file is read. */
  readonly standing?: boolean;
  /** Called once, before the first batch. */
  readonly onOpen?: (facts: TraceFacts) => void;
}

type Batches = AsyncGenerator<EventBatch, void, undefined>;
type Chunks = AsyncGenerator<Buffer, void, undefined>;

/**
 * Reads a trace from front to back, in the memory of a few chunks whatever its length.
 *
 * The batches depend on the file and the options alone, not on how its bytes arrive. All share one
 * buffer: a batch holds until the next one is asked for.
 *
 * @param path a file or pipe, plain or gzip
 * @returns batches of 1 to `EVENTS_CAPACITY` records
 * @throws MmulateError, on iteration: INPUT when the file is missing, damaged, empty, of no known format
 * or without any access; USAGE for an unknown format name; CONFIG for a page shift out of range
 */
export async function* readTrace(
  path: string,
  options: TraceOptions,
  hooks: TraceHooks = {},
): Batches {
  checkOptions(options);
  const file = FileReader.open(path, hooks.standing === true);
  try {
    const name = file && plainFormat(file, options);
    if (file !== undefined && name !== undefined) {
      yield* readRecords(path, name, file, options, hooks);
      return;
    }
  } finally {
    file?.close();
  }
  const chunks = openBytes(path);
  try {
    yield* readChunks(path, chunks, options, hooks);
  } finally {
    await chunks.return();
  }
}

type RecordFormatName = {
  [Name in TraceFormatName]: (typeof TRACE_FORMATS)[Name] extends RecordFormat ? Name : never;
}[TraceFormatName];

/** The format of a file whose records can be read as they lie there. */
function plainFormat(
  file: FileReader,
  { format = AUTO_FORMAT }: TraceOptions,
): RecordFormatName | undefined {
  const first = file.begin(RECOGNITION_BYTES);
  if (looksLikeGzip(first)) return undefined;
  const name = format === AUTO_FORMAT ? detectFormat(first) : formatNamed(format);
  return name !== undefined && holdsRecords(name) ? name : undefined;
}

function holdsRecords(name: TraceFormatName): name is RecordFormatName {
  return "open" in TRACE_FORMATS[name];
}

async function* readChunks(
  path: string,
  chunks: Chunks,
  options: TraceOptions,
  hooks: TraceHooks,
): Batches {
  const head = await readHead(chunks);
  if (head.length === 0) throw new MmulateError("INPUT", `${path}: is empty, expected a trace`);

  const name = chooseFormat(path, head, options.format ?? AUTO_FORMAT);
  const all = startingWith(head, chunks);
  if (holdsRecords(name)) {
    yield* readRecords(path, name, new ChunkReader(all), options, hooks);
    return;
  }
  hooks.onOpen?.({ format: name });
  const batch = new BatchWriter();
  yield* parsed(TRACE_FORMATS[name].parser(path, batch, options), batch, all);
}

async function* readRecords(
  path: string,
  name: RecordFormatName,
  bytes: ChunkReader | FileReader,
  options: TraceOptions,
  { staging = ownStaging(), onOpen }: TraceHooks,
): Batches {
  const format: RecordFormat = TRACE_FORMATS[name];
  const source = await format.open(path, bytes, options, staging);
  onOpen?.({ format: name, ...(source.header && { header: source.header }) });
  yield* source.batches();
}

async function* parsed(parser: TraceParser, batch: BatchWriter, chunks: Chunks): Batches {
  for await (const bytes of chunks) {
    let at = parser.parse(bytes, 0);
    while (at < bytes.length) {
      parser.endBatch();
      yield batch.take();
      at = parser.parse(bytes, at);
    }
  }
  parser.finish();
  parser.endBatch();
  if (batch.count > 0) yield batch.take();
}

function checkOptions({ format = AUTO_FORMAT, pageShift = BASE_PAGE_SHIFT }: TraceOptions): void {
  if (format !== AUTO_FORMAT) formatNamed(format);
  if (Number.isInteger(pageShift) && pageShift >= BASE_PAGE_SHIFT && pageShift <= MAX_PAGE_SHIFT) {
    return;
  }
  throw new MmulateError(
    "CONFIG",
    `page shift ${pageShift} of a trace; allowed are ${BASE_PAGE_SHIFT} to ${MAX_PAGE_SHIFT}`,
  );
}

/** As many bytes as recognition wants to see, or the whole file if it is shorter. */
async function readHead(chunks: Chunks): Promise<Buffer> {
  let head: Buffer = Buffer.alloc(0);
  while (head.length < RECOGNITION_BYTES) {
    const { done, value } = await chunks.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  return head;
}

async function* startingWith(head: Buffer, rest: Chunks): Chunks {
  yield head;
  yield* rest;
}
