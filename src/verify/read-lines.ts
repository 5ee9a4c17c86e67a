// Lines of a text file, plain or gzip, however long the file.

import { Buffer } from "node:buffer";
import { MmulateError } from "../errors.js";
import { openBytes } from "../trace/open.js";

const LINE_FEED = 10;
/** A vector takes a few hundred bytes, a recording some tens of thousands. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;

export interface Line {
  readonly text: string;
  /** Counted from 1. */
  readonly number: number;
}

/**
 * Reads the lines that are not blank.
 * @throws MmulateError INPUT when the file cannot be read, is damaged, or has no line end in 64 MiB
 */
export async function* readLines(path: string): AsyncGenerator<Line, void, undefined> {
  let number = 0;
  // Pieces of a line that goes on in the next chunk. Joined once, so that long lines cost no more.
  let pieces: Buffer[] = [];
  let pending = 0;
  for await (const chunk of openBytes(path)) {
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, from)) {
      const text = Buffer.concat([...pieces, chunk.subarray(from, end)]).toString("utf8");
      pieces = [];
      pending = 0;
      number++;
      from = end + 1;
      if (text.trim() !== "") yield { text, number };
    }
    // The reader uses its buffer again.
    pieces.push(Buffer.from(chunk.subarray(from)));
    pending += chunk.length - from;
    if (pending > MAX_LINE_BYTES) {
      throw new MmulateError("INPUT", `${path}:${number + 1}: a line of more than 64 MiB`);
    }
  }
  const text = Buffer.concat(pieces).toString("utf8");
  if (text.trim() !== "") yield { text, number: number + 1 };
}
