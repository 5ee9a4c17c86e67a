// Reads a trace file of any known format as batches of event records.

import { Buffer } from "node:buffer";
import { MmulateError } from "../errors.js";
import { BASE_PAGE_SHIFT, MAX_PAGE_SHIFT } from "./access-writer.js";
import { BatchWriter, type EventBatch } from "./batch.js";
import { AUTO_FORMAT, chooseFormat, formatByName, RECOGNITION_BYTES } from "./formats.js";
import { openBytes } from "./open.js";
import type { TraceOptions } from "./types.js";

export type { EventBatch } from "./batch.js";
export { TRACE_FORMATS } from "./formats.js";
export type { TraceOptions } from "./types.js";

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
): AsyncGenerator<EventBatch, void, undefined> {
  checkOptions(options);
  const chunks = openBytes(path);
  try {
    const head = await readHead(chunks);
    if (head.length === 0) throw new MmulateError("INPUT", `${path}: is empty, expected a trace`);

    const batch = new BatchWriter();
    const format = chooseFormat(path, head, options.format ?? AUTO_FORMAT);
    const parser = format.parser(path, batch, options);
    for await (const bytes of startingWith(head, chunks)) {
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
  } finally {
    await chunks.return();
  }
}

function checkOptions({ format = AUTO_FORMAT, pageShift = BASE_PAGE_SHIFT }: TraceOptions): void {
  if (format !== AUTO_FORMAT) formatByName(format);
  if (Number.isInteger(pageShift) && pageShift >= BASE_PAGE_SHIFT && pageShift <= MAX_PAGE_SHIFT) {
    return;
  }
  throw new MmulateError(
    "CONFIG",
    `page shift ${pageShift} of a trace; allowed are ${BASE_PAGE_SHIFT} to ${MAX_PAGE_SHIFT}`,
  );
}

/** As many bytes as recognition wants to see, or the whole file if it is shorter. */
async function readHead(chunks: AsyncGenerator<Buffer, void, undefined>): Promise<Buffer> {
  let head: Buffer = Buffer.alloc(0);
  while (head.length < RECOGNITION_BYTES) {
    const { done, value } = await chunks.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  return head;
}

async function* startingWith(
  head: Buffer,
  rest: AsyncGenerator<Buffer, void, undefined>,
): AsyncGenerator<Buffer, void, undefined> {
  yield head;
  yield* rest;
}
