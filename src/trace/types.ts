// What the trace readers take and give, apart from the records themselves (batch.ts).

import type { BatchWriter, EventBatch } from "./batch.js";
import type { ByteReader } from "./byte-reader.js";
import type { MmtHeader } from "./mmt-format.js";
import type { Staging } from "./staging.js";

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

/** A format that must be parsed. */
export interface ParsedFormat {
  /** One line for help texts and errors. */
  readonly summary: string;
  /** Whether a file that begins with these bytes is surely of this format. */
  readonly recognises: (first: Uint8Array) => boolean;
  /** A parser of `file` (its name serves messages only) that writes to `batch`. */
  readonly parser: (file: string, batch: BatchWriter, options: TraceOptions) => TraceParser;
}

/** A file of finished records whose header, if the format has one, was read. */
export interface RecordSource {
  readonly header?: MmtHeader;
  /**
   * The records, in the memory that was named. A batch holds until the next one is asked for.
   *
   * @throws MmulateError INPUT, on iteration, where the file is damaged or holds no access
   */
  batches(): AsyncGenerator<EventBatch, void, undefined>;
}

/** A format that holds the records themselves. */
export interface RecordFormat extends Omit<ParsedFormat, "parser"> {
  /** Reads the header, if there is one. @throws MmulateError INPUT where it is damaged */
  readonly open: (
    file: string,
    bytes: ByteReader,
    options: TraceOptions,
    staging: Staging,
  ) => Promise<RecordSource>;
}

/** A row of `TRACE_FORMATS`. */
export type TraceFormat = ParsedFormat | RecordFormat;

/** Puts bytes behind those before; it is done with them when it resolves. */
export type Write = (bytes: Uint8Array) => Promise<void>;

/** A writer of one trace file: `begin`, then `add` for every batch, then `end`. */
export interface RecordSink {
  begin(): Promise<void>;
  /** @throws MmulateError INPUT for a record that the format cannot hold */
  add(batch: EventBatch): Promise<void>;
  /** @returns the records written, and what is to replace the file's first bytes, if anything */
  end(): Promise<{ readonly records: number; readonly header?: Uint8Array }>;
}
