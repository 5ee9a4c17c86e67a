// Instructions of a WebAssembly function body, one after the other: where each begins and ends.
//
// Source: WebAssembly Core Specification 2.0, chapter 5 "Binary Format"; instructions by the immediates that
// stand behind their opcode. Only what can follow must be known, not what an instruction does.

import { MmulateError } from "../errors.js";

/** One instruction in the bytes of a module. */
export interface Instruction {
  readonly opcode: number;
  readonly at: number;
  readonly end: number;
  /** Value of an `i32.const`, offset of a load or store; 0 for others. */
  readonly operand: number;
}

/** Reads the numbers of the binary format. */
export class WasmReader {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  byte(): number {
    const byte = this.bytes[this.at++];
    if (byte === undefined) throw new MmulateError("INTERNAL", "the module ends too early");
    return byte;
  }

  u32(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  s32(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80)
        return shift < 25 && (byte & 0x40) !== 0 ? value | (-1 << (shift + 7)) : value;
    }
  }
}

/** An unsigned number in the binary format. */
export function uleb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...uleb(value >>> 7)];
}

/** A signed one. */
export function sleb(value: bigint): number[] {
  return value >= -64n && value < 64n
    ? [Number(value & 0x7fn)]
    : [Number(value & 0x7fn) | 0x80, ...sleb(value >> 7n)];
}

/** What stands behind an opcode: reads it, and returns the instruction's operand. */
type Immediates = (reader: WasmReader) => number;

const none: Immediates = () => 0;
const index: Immediates = (reader) => reader.u32() * 0;
const signed: Immediates = (reader) => reader.s32();
const bytes =
  (count: number): Immediates =>
  (reader) => {
    reader.at += count;
    return 0;
  };
const long: Immediates = (reader) => {
  while (reader.byte() >= 0x80);
  return 0;
};
const both =
  (...all: readonly Immediates[]): Immediates =>
  (reader) =>
    all.reduce((last, one) => one(reader) || last, 0);
const list: Immediates = (reader) => {
  for (let left = reader.u32(); left > 0; left--) reader.u32();
  return 0;
};
/** Alignment, offset. */
const place: Immediates = (reader) => {
  reader.u32();
  return reader.u32();
};

/** Ranges of opcodes, first to last. */
type Rows = readonly (readonly [first: number, last: number, Immediates])[];

const PLAIN: Rows = [
  [0x00, 0x01, none],
  [0x02, 0x04, long],
  [0x05, 0x05, none],
  [0x0b, 0x0b, none],
  [0x0c, 0x0d, index],
  [0x0e, 0x0e, both(list, index)],
  [0x0f, 0x0f, none],
  [0x10, 0x10, index],
  [0x11, 0x11, both(index, index)],
  [0x1a, 0x1b, none],
  [0x1c, 0x1c, list],
  [0x20, 0x26, index],
  [0x28, 0x3e, place],
  [0x3f, 0x40, index],
  [0x41, 0x41, signed],
  [0x42, 0x42, long],
  [0x43, 0x43, bytes(4)],
  [0x44, 0x44, bytes(8)],
  [0x45, 0xc4, none],
];

/** Behind 0xfc: saturating conversions, bulk memory. */
const BULK: Rows = [
  [0, 7, none],
  [8, 8, both(index, index)],
  [9, 9, index],
  [10, 10, both(index, index)],
  [11, 11, index],
];

/** Behind 0xfd: vectors. */
const VECTOR: Rows = [
  [0, 11, place],
  [12, 13, bytes(16)],
  [14, 20, none],
  [21, 34, bytes(1)],
  [35, 83, none],
  [84, 91, both(place, bytes(1))],
  [92, 93, place],
  [94, 255, none],
];

const PREFIXED = new Map<number, Rows>([
  [0xfc, BULK],
  [0xfd, VECTOR],
]);

function skipLocals(reader: WasmReader): void {
  for (let left = reader.u32(); left > 0; left--) {
    reader.u32();
    reader.byte();
  }
}

/**
 * The instructions of the function body that begins at the reader and ends at `end`.
 * @throws MmulateError INTERNAL at an opcode that is not in the tables above
 */
export function* instructionsOf(reader: WasmReader, end: number): Generator<Instruction> {
  skipLocals(reader);
  while (reader.at < end) {
    const at = reader.at;
    const opcode = reader.byte();
    const rows = PREFIXED.get(opcode);
    const code = rows === undefined ? opcode : reader.u32();
    const row = (rows ?? PLAIN).find(([first, last]) => code >= first && code <= last);
    if (row === undefined) {
      throw new MmulateError("INTERNAL", `the module has an unknown instruction ${opcode} ${code}`);
    }
    const operand = row[2](reader);
    yield { opcode, at, end: reader.at, operand };
  }
}
