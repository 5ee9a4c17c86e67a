// Parser of raw64: nothing but event records (assembly/abi/event.ts), 8 bytes each, little-endian, of
// the kinds read, write and fetch. The native reference simulator takes the first two.
//
// The chunk's bytes are copied straight into the batch, where typed arrays read them as words: those
// have the byte order of the machine, and Node runs WebAssembly on little-endian ones. The copy also
// takes care of chunks that are not aligned, and of a record cut by the end of a chunk: its first bytes
// simply wait at the end of the batch.

import { EVENT_BYTES, EVENT_KIND_MASK, EventKind } from "../../assembly/abi/event.js";
import { MmulateError } from "../errors.js";
import type { BatchWriter } from "./batch.js";
import { quote } from "./quote.js";
import type { TraceOptions, TraceParser } from "./types.js";

const WORD_BYTES = 4;

/** Incremental parser; chunks may be cut anywhere. */
export class Raw64Parser implements TraceParser {
  /** Bytes of the file whose records are complete and checked. */
  private offset = 0;
  /** Bytes of a cut record, behind the batch's last word. */
  private cut = 0;
  private readonly batchBytes: Uint8Array;
  private readonly dropFetches: boolean;

  /**
   * @param file name for messages
   * @param batch where records go; the caller empties it whenever `parse` stops early
   */
  constructor(
    private readonly file: string,
    private readonly batch: BatchWriter,
    options: TraceOptions,
  ) {
    this.batchBytes = new Uint8Array(batch.words.buffer);
    this.dropFetches = options.accesses === "data";
  }

  parse(bytes: Uint8Array, from: number): number {
    let at = from;
    // With fetches dropped, one copy may leave most of the batch free.
    while (at < bytes.length) {
      const used = this.batch.length * WORD_BYTES + this.cut;
      const taken = Math.min(bytes.length - at, this.batchBytes.length - used);
      if (taken === 0) return at;
      this.batchBytes.set(bytes.subarray(at, at + taken), used);
      this.accept(this.cut + taken);
      at += taken;
    }
    return at;
  }

  finish(): void {
    if (this.cut > 0) {
      const begin = this.batch.length * WORD_BYTES;
      const found = quote(this.batchBytes.subarray(begin, begin + this.cut));
      throw this.damage(
        `the file ends within a record: found ${found}, expected ${EVENT_BYTES} bytes`,
      );
    }
    if (this.batch.total > 0) return;
    const records = this.offset / EVENT_BYTES;
    throw new MmulateError(
      "INPUT",
      `${this.file}: holds only instruction fetches (${records}), expected data accesses`,
    );
  }

  endBatch(): void {
    // The format does not tell how many instructions were executed.
  }

  /** Checks what was copied behind the batch, and takes over its whole records. */
  private accept(bytes: number): void {
    const first = this.batch.length;
    const end = first + Math.floor(bytes / EVENT_BYTES) * 2;
    const dropping = this.checkKinds(first, end) && this.dropFetches;
    this.batch.length = dropping ? withoutFetches(this.batch.words, first, end) : end;

    this.cut = bytes % EVENT_BYTES;
    const cutAt = end * WORD_BYTES;
    this.batchBytes.copyWithin(this.batch.length * WORD_BYTES, cutAt, cutAt + this.cut);
    this.offset += bytes - this.cut;
  }

  /** Checks the kinds of the records in words `first` to `end`; returns whether there are fetches. */
  private checkKinds(first: number, end: number): boolean {
    const { words } = this.batch;
    let fetches = false;
    for (let at = first; at < end; at += 2) {
      const kind = (words[at] as number) & EVENT_KIND_MASK;
      if (kind < EventKind.Fetch) continue;
      fetches = true;
      if (kind === EventKind.Fetch) continue;
      this.offset += (at - first) * WORD_BYTES;
      throw this.damage(`found a record of kind ${kind}, expected 0 read, 1 write or 2 fetch`);
    }
    return fetches;
  }

  private damage(what: string): MmulateError {
    return new MmulateError("INPUT", `${this.file}: byte ${this.offset}: ${what}`);
  }
}

/** Moves the data accesses among words `first` to `end` together; returns where they now end. */
function withoutFetches(words: Uint32Array, first: number, end: number): number {
  let to = first;
  for (let at = first; at < end; at += 2) {
    const low = words[at] as number;
    words[to] = low;
    words[to + 1] = words[at + 1] as number;
    if ((low & EVENT_KIND_MASK) !== EventKind.Fetch) to += 2;
  }
  return to;
}
