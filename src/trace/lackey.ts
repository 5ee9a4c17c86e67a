// Parser of the text that valgrind's lackey tool writes with --trace-mem=yes:
//
//   I  0401ab70,3        instruction fetch of 3 bytes
//    L 1fff000748,8      load
//    S 1fff000748,8      store
//    M 04a18de0,4        modify: a load, then a store, of the same bytes
//   ==8409== Command: …  valgrind's own message; it may stand anywhere
//
// ADDR is hexadecimal without 0x, SIZE is decimal bytes. A trace has 10^7 lines and more, so the loop
// runs over bytes, makes no object or string per line, and leaves every explanation of a damaged line
// to lackey-damage.ts.

import { EVENT_OPERAND_SHIFT, EventKind } from "../../assembly/abi/event.js";
import { MmulateError } from "../errors.js";
import {
  AccessWriter,
  BASE_PAGE_SHIFT,
  MAX_ACCESS_BYTES,
  MAX_ACCESS_RECORDS,
} from "./access-writer.js";
import type { BatchWriter } from "./batch.js";
import { damagedLine, MAX_ADDRESS_DIGITS } from "./lackey-damage.js";
import { isMessage, LineTail } from "./line-tail.js";
import type { TraceOptions, TraceParser } from "./types.js";

const NEWLINE = 10;
const RETURN = 13;
const SPACE = 32;
const COMMA = 44;
const LETTER_I = 73;
const LETTER_L = 76;
const LETTER_M = 77;
const LETTER_S = 83;

/** Column of the address: each kind is written in three characters. */
const ADDRESS_COLUMN = 3;

// Kinds of line: those of `EventKind`, and two that never reach a record.
const MODIFY = 3;
const NOT_AN_ACCESS = 4;

/** Value of a hex digit by character code; -1 for all other characters. */
const HEX = hexValues();

/** Records that a line may need (a modify is two accesses), and then the instruction count. */
export const LACKEY_MIN_BATCH = 2 * MAX_ACCESS_RECORDS + 1;

/** 2^32 / 8: where the operand of a record crosses into its high word. */
const OPERAND_WRAP = 2 ** (32 - EVENT_OPERAND_SHIFT);

/** Incremental parser; lines may straddle chunks. */
export class LackeyParser implements TraceParser {
  /** `I` lines so far. */
  instructions = 0;
  private reported = 0;
  /** Complete lines so far. */
  private lines = 0;
  private readonly tail = new LineTail();
  private readonly dropFetches: boolean;
  private readonly report: boolean;
  private readonly writer: AccessWriter;
  /** Length of the batch (words) up to which a line still has room. */
  private readonly lastStart: number;
  private ended = false;

  /**
   * @param file name for messages
   * @param batch where records go, at least `LACKEY_MIN_BATCH` of them; the caller empties it whenever
   * `parse` stops early
   */
  constructor(
    private readonly file: string,
    private readonly batch: BatchWriter,
    options: TraceOptions,
  ) {
    this.dropFetches = options.accesses === "data";
    this.report = options.instructions ?? true;
    this.writer = new AccessWriter(batch, options.split, options.pageShift ?? BASE_PAGE_SHIFT);
    this.lastStart = batch.words.length - 2 * LACKEY_MIN_BATCH;
  }

  parse(bytes: Uint8Array, from: number): number {
    const start = this.tail.empty ? from : this.endTail(bytes, from);
    // Up to the last newline, every loop below meets a newline before the end of the bytes.
    const at = this.parseLines(bytes, start, bytes.lastIndexOf(NEWLINE) + 1);
    // Where a tail is kept there is room for its line, so that `endTail` and `finish` find it.
    if (this.full) return at;
    this.keep(bytes, at, bytes.length);
    return bytes.length;
  }

  finish(): void {
    this.ended = true;
    if (!this.tail.empty) this.parseTail();
    if (this.batch.total === 0) throw noAccess(this.file, this.instructions);
  }

  endBatch(): void {
    const count = this.instructions - this.reported;
    if (!this.report || count === 0) return;
    const low = (count % OPERAND_WRAP) << EVENT_OPERAND_SHIFT;
    this.batch.push(low | EventKind.Instructions, Math.floor(count / OPERAND_WRAP));
    this.reported = this.instructions;
  }

  /** No line may start before the batch was emptied. */
  private get full(): boolean {
    return this.batch.length > this.lastStart;
  }

  /** Parses complete lines; returns where it stopped, which is `end` unless the batch is full. */
  private parseLines(bytes: Uint8Array, from: number, end: number): number {
    let at = from;
    while (at < end && !this.full) {
      const kind = lineKind(bytes, at);
      if (kind === NOT_AN_ACCESS) {
        at = this.skipLine(bytes, at);
        continue;
      }

      // Lackey writes eight digits at least; the loop takes the others, or all of a shorter address.
      const upper = fourDigits(bytes, at + ADDRESS_COLUMN);
      const lower = fourDigits(bytes, at + ADDRESS_COLUMN + 4);
      const padded = (upper | lower) >= 0;
      let low = padded ? (upper << 16) | lower : 0;
      let high = 0;
      let next = at + ADDRESS_COLUMN + (padded ? 8 : 0);
      for (let digit = hexDigit(bytes, next); digit >= 0; digit = hexDigit(bytes, ++next)) {
        high = (high << 4) | (low >>> 28);
        low = (low << 4) | digit;
      }
      const comma = next;
      const digits = comma - at - ADDRESS_COLUMN;

      let size = 0;
      let digit = hexDigit(bytes, ++next);
      for (; digit >= 0 && digit < 10; digit = hexDigit(bytes, ++next)) size = size * 10 + digit;
      if (bytes[next] === RETURN) next++;

      const formed = digits > 0 && bytes[comma] === COMMA && bytes[next] === NEWLINE;
      const ranged = digits <= MAX_ADDRESS_DIGITS && size > 0 && size <= MAX_ACCESS_BYTES;
      if (!formed || !ranged) throw this.damage(bytes, at);
      at = next + 1;
      this.lines++;
      this.access(kind, low, high, size);
    }
    return at;
  }

  private access(kind: number, low: number, high: number, size: number): void {
    if (kind === MODIFY) {
      this.writer.write(EventKind.Read, low, high, size);
      this.writer.write(EventKind.Write, low, high, size);
      return;
    }
    if (kind === EventKind.Fetch) {
      this.instructions++;
      if (this.dropFetches) return;
    }
    this.writer.write(kind, low, high, size);
  }

  /** Skips a message or blank line; returns where the next one starts. */
  private skipLine(bytes: Uint8Array, at: number): number {
    const end = contentEnd(bytes, at);
    if (end > at && !isMessage(bytes, at)) throw this.damage(bytes, at);
    this.lines++;
    return bytes.indexOf(NEWLINE, end) + 1;
  }

  /** Completes the kept line from this chunk; returns where the line ends, or the chunk. */
  private endTail(bytes: Uint8Array, at: number): number {
    const newline = bytes.indexOf(NEWLINE, at);
    this.keep(bytes, at, newline < 0 ? bytes.length : newline);
    if (newline < 0) return bytes.length;
    this.parseTail();
    return newline + 1;
  }

  private parseTail(): void {
    const line = this.tail.take();
    this.parseLines(line, 0, line.length);
  }

  private keep(bytes: Uint8Array, from: number, to: number): void {
    if (!this.tail.add(bytes, from, to)) throw this.damage(this.tail.take(), 0);
  }

  private damage(bytes: Uint8Array, at: number): MmulateError {
    const line = bytes.subarray(at, contentEnd(bytes, at));
    return damagedLine(this.file, this.lines + 1, line, this.ended);
  }
}

/** Where the line at `at` ends, its line ending ("\n" or "\r\n") not counted. */
function contentEnd(bytes: Uint8Array, at: number): number {
  const newline = bytes.indexOf(NEWLINE, at);
  return newline > at && bytes[newline - 1] === RETURN ? newline - 1 : newline;
}

/** `EventKind`, `MODIFY` or `NOT_AN_ACCESS`, by the first three characters. */
function lineKind(bytes: Uint8Array, at: number): number {
  if (bytes[at + 2] !== SPACE) return NOT_AN_ACCESS;
  const first = bytes[at];
  const second = bytes[at + 1];
  if (first === LETTER_I) return second === SPACE ? EventKind.Fetch : NOT_AN_ACCESS;
  if (first !== SPACE) return NOT_AN_ACCESS;
  if (second === LETTER_L) return EventKind.Read;
  if (second === LETTER_S) return EventKind.Write;
  return second === LETTER_M ? MODIFY : NOT_AN_ACCESS;
}

function noAccess(file: string, instructions: number): MmulateError {
  const held = instructions > 0 ? `only instruction fetches (${instructions})` : "no access";
  return new MmulateError("INPUT", `${file}: holds ${held}, expected lackey's memory accesses`);
}

/** Value of four hex digits; negative if one of the characters is no digit. */
function fourDigits(bytes: Uint8Array, at: number): number {
  const first = (hexDigit(bytes, at) << 12) | (hexDigit(bytes, at + 1) << 8);
  return first | (hexDigit(bytes, at + 2) << 4) | hexDigit(bytes, at + 3);
}

function hexDigit(bytes: Uint8Array, at: number): number {
  return HEX[bytes[at] as number] as number;
}

function hexValues(): Int8Array {
  const values = new Int8Array(256).fill(-1);
  for (let digit = 0; digit < 16; digit++) {
    const character = digit.toString(16);
    values[character.charCodeAt(0)] = digit;
    values[character.toUpperCase().charCodeAt(0)] = digit;
  }
  return values;
}
