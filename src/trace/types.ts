// What the trace readers take and give, apart from the records themselves (batch.ts).

import type { BatchWriter } from "./batch.js";

/** How `readTrace` reads a file. */
export interface TraceOptions {
  /** A name in `TRACE_FORMATS`, or "auto" (default): recognise it by content. */
  readonly format?: string;
  /** "data" drops instruction fetches. */
  readonly accesses: "all" | "data";
  /** Make one record per page that an access touches; `false`: its start address alone counts. */
  readonly split: boolean;
  /** log2 bytes of the pages at whose borders accesses are split, 12 (default) to 30. */
  readonly pageShift?: number;
  /**
   * End each batch with an `EventKind.Instructions` record where the format tells how many were
   * executed (lackey does, raw64 does not). Default true.
   */
  readonly instructions?: boolean;
}

/** One format's parser of one file: bytes in, records out to the `BatchWriter` it was made with. */
export interface TraceParser {
  /**
   * Parses from byte `from` of a chunk.
   *
   * @returns the offset of the first byte not consumed. Below `bytes.length` means that the batch is
   * full: empty it, then go on at that offset with the same chunk.
   * @throws MmulateError INPUT where the trace is damaged
   */
  parse(bytes: Uint8Array, from: number): number;
  /**
   * The file has ended; to be called once, after the last `parse`, which always leaves room for what
   * this may still write.
   *
   * @throws MmulateError INPUT when it ended within a record, or held no access
   */
  finish(): void;
  /** The batch is about to be emptied; adds what belongs to its end. */
  endBatch(): void;
}

/** A row of `TRACE_FORMATS`. */
export interface TraceFormat {
  /** One line for help texts and errors. */
  readonly summary: string;
  /** Whether a file that begins with these bytes is surely of this format. */
  readonly recognises: (first: Uint8Array) => boolean;
  /** A parser of `file` (its name serves messages only) that writes to `batch`. */
  readonly parser: (file: string, batch: BatchWriter, options: TraceOptions) => TraceParser;
}
