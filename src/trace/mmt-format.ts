// The layout of .mmt, the binary trace format of mmulate. All numbers are little-endian, everything starts
// at a multiple of 8 bytes.
//
//   header | head, records, continuations | head, records, continuations | … | end head
//
//   header, 128 bytes                        head, 48 bytes
//     0  magic                                 0  u32 tag: block, packed block or end
//     8  u32 version                           4  u32 records of the block
//    12  u8  page shift of the split, 0 none   8  u32 continuations of the block
//    13  u8  1: fetches were left out         12  u32 number of the block, from 0
//    16  u64 records in the file, 0 unknown   16  u64 bytes of the operands, 0 unless packed
//    24  u64 0                                24  u64, u64 checksum of all up to the next head
//    32  source, UTF-8, padded with 0             (end: records in the file, 0)
//   112  u64, u64 checksum of the above       40  u64 check of the five words above
//
// Records are those of assembly/abi/event.ts as they are; in a packed block they are tokens, then operands
// (assembly/codec/packed.ts), each padded to 8 bytes. Continuations are the positions (u32, from 0 in the block,
// ascending, padded to 8 bytes) of records that an access got because it goes on in another page: who simulates
// larger pages, or wants accesses unsplit, leaves them out. Why there are two kinds of blocks: docs/adr/0014.

import { Buffer } from "node:buffer";
import { EVENT_BYTES } from "../../assembly/abi/event.js";
import { MmulateError } from "../errors.js";
import { checksumOf } from "./fletcher.js";
import { quote } from "./quote.js";
import { BLOCK_RECORDS } from "./staging.js";

/** A byte that is no text, the name, and line endings that a transfer as text would change. */
export const MMT_MAGIC = Buffer.from("\x89MMT\r\n\x1a\n", "latin1");
const MMT_VERSION = 2;
export const MMT_HEADER_BYTES = 128;
export const MMT_HEAD_BYTES = 48;
const WORD_BYTES = 8;
const CONTINUATION_BYTES = 4;

const SOURCE_AT = 32;
const CHECK_AT = 112;
const HEAD_CHECK_AT = 40;
const TAG_BLOCK = 0x62746d6d; // "mmtb"
const TAG_PACKED = 0x70746d6d; // "mmtp"
const TAG_END = 0x65746d6d; // "mmte"

/** What a file says about itself. */
export interface MmtHeader {
  /** Records in the file; 0 = not known when it was begun. */
  readonly records: number;
  /** log2 bytes of the pages at whose borders accesses were split; 0 = they were not, or nobody knows. */
  readonly pageShift: number;
  /** "data": instruction fetches were left out. */
  readonly accesses: "all" | "data";
  /** Where the records come from; at most 80 bytes of UTF-8 are kept. */
  readonly source: string;
}

/** The head of a block, or the end of the file. */
export interface MmtHead {
  readonly end: boolean;
  /** Of the block, or of the whole file. */
  readonly records: number;
  readonly continuations: number;
  /** Number of the block; at the end, of blocks. */
  readonly index: number;
  /** Bytes of the operands of a packed block; undefined: the records stand there as they are. */
  readonly operands?: number | undefined;
  readonly sum: bigint;
  readonly weighted: bigint;
}

/** Where the parts of a block begin, in bytes from the end of its head. */
export interface MmtParts {
  /** Of a packed block. */
  readonly operands: number;
  readonly continuations: number;
  /** The next head. */
  readonly end: number;
}

export function partsOf({
  records,
  operands,
  continuations: marks,
}: Pick<MmtHead, "records" | "operands" | "continuations">): MmtParts {
  const packed = padded(records);
  const continuations = operands === undefined ? EVENT_BYTES * records : packed + padded(operands);
  return {
    operands: packed,
    continuations,
    end: continuations + padded(CONTINUATION_BYTES * marks),
  };
}

function padded(bytes: number): number {
  return Math.ceil(bytes / WORD_BYTES) * WORD_BYTES;
}

export function encodeHeader({ records, pageShift, accesses, source }: MmtHeader): Buffer {
  const bytes = Buffer.alloc(MMT_HEADER_BYTES);
  MMT_MAGIC.copy(bytes);
  bytes.writeUInt32LE(MMT_VERSION, 8);
  bytes.writeUInt8(pageShift, 12);
  bytes.writeUInt8(accesses === "data" ? 1 : 0, 13);
  bytes.writeBigUInt64LE(BigInt(records), 16);
  // `write` never leaves half a character behind.
  bytes.write(source, SOURCE_AT, CHECK_AT - SOURCE_AT, "utf8");
  const { sum, weighted } = checksumOf(bytes.subarray(0, CHECK_AT));
  bytes.writeBigUInt64LE(sum, CHECK_AT);
  bytes.writeBigUInt64LE(weighted, CHECK_AT + 8);
  return bytes;
}

/**
 * @param bytes the first of the file, `MMT_HEADER_BYTES` unless it is shorter
 * @throws MmulateError INPUT
 */
export function decodeHeader(file: string, bytes: Buffer): MmtHeader {
  const magic = bytes.subarray(0, MMT_MAGIC.length);
  if (!MMT_MAGIC.equals(magic)) {
    throw damage(file, 0, `found ${quote(magic)}, expected ${quote(MMT_MAGIC)}`);
  }
  if (bytes.length < MMT_HEADER_BYTES) throw ended(file, bytes.length, "the header of 128 bytes");
  const version = bytes.readUInt32LE(8);
  if (version !== MMT_VERSION) {
    throw damage(file, 8, `found format version ${version}, expected ${MMT_VERSION}`);
  }
  const { sum, weighted } = checksumOf(bytes.subarray(0, CHECK_AT));
  const right = sum === bytes.readBigUInt64LE(CHECK_AT);
  if (!right || weighted !== bytes.readBigUInt64LE(CHECK_AT + 8)) {
    throw damage(file, CHECK_AT, "found a checksum that the header does not have: it is damaged");
  }
  const text = bytes.toString("utf8", SOURCE_AT, CHECK_AT);
  return {
    records: Number(bytes.readBigUInt64LE(16)),
    pageShift: bytes.readUInt8(12),
    accesses: bytes.readUInt8(13) === 1 ? "data" : "all",
    source: text.replace(/\0.*$/s, ""),
  };
}

/** @param head of a block; its `end` is false */
export function encodeHead(head: MmtHead): Buffer {
  const bytes = Buffer.alloc(MMT_HEAD_BYTES);
  const block = head.operands === undefined ? TAG_BLOCK : TAG_PACKED;
  bytes.writeUInt32LE(head.end ? TAG_END : block, 0);
  bytes.writeUInt32LE(head.end ? 0 : head.records, 4);
  bytes.writeUInt32LE(head.continuations, 8);
  bytes.writeUInt32LE(head.index, 12);
  bytes.writeBigUInt64LE(BigInt(head.operands ?? 0), 16);
  bytes.writeBigUInt64LE(head.end ? BigInt(head.records) : head.sum, 24);
  bytes.writeBigUInt64LE(head.weighted, 32);
  bytes.writeBigUInt64LE(headCheck(bytes), HEAD_CHECK_AT);
  return bytes;
}

/**
 * @param offset where in the file the bytes begin
 * @param bytes `MMT_HEAD_BYTES` unless the file ends before
 * @param index of the block that is expected here
 * @throws MmulateError INPUT
 */
export function decodeHead(file: string, offset: number, bytes: Buffer, index: number): MmtHead {
  if (bytes.length < MMT_HEAD_BYTES) {
    throw ended(file, offset + bytes.length, "the head of a block or the end marker");
  }
  if (bytes.readBigUInt64LE(HEAD_CHECK_AT) !== headCheck(bytes)) {
    const found = quote(bytes.subarray(0, 8));
    throw damage(file, offset, `found ${found}, expected the head of block ${index}, undamaged`);
  }
  const head = headOf(bytes);
  if (head.index !== index) {
    throw damage(file, offset, `found block ${head.index}, expected ${index}`);
  }
  if (head.end || isPossible(bytes.readUInt32LE(0), head)) return head;
  throw damage(file, offset, `found ${quote(bytes.subarray(0, 8))}, expected a block or the end`);
}

function headOf(bytes: Buffer): MmtHead {
  const [tag, records, continuations, index] = [0, 4, 8, 12].map((at) => bytes.readUInt32LE(at));
  const [operands, sum, weighted] = [16, 24, 32].map((at) => bytes.readBigUInt64LE(at));
  const end = tag === TAG_END;
  return {
    end,
    records: end ? Number(sum) : records,
    continuations,
    index,
    operands: tag === TAG_PACKED ? Number(operands) : undefined,
    sum,
    weighted,
  } as MmtHead;
}

/** Packed blocks that are no smaller than plain ones are not written. */
function isPossible(tag: number, head: MmtHead): boolean {
  const { records, continuations } = head;
  const fits = records > 0 && records <= BLOCK_RECORDS && continuations <= records;
  if (tag === TAG_BLOCK) return fits;
  return (
    tag === TAG_PACKED && fits && partsOf(head).end < partsOf({ ...head, operands: undefined }).end
  );
}

/** Odd factors: no change of one word goes unseen. */
function headCheck(bytes: Buffer): bigint {
  let check = 1n;
  for (let at = 0; at < HEAD_CHECK_AT; at += WORD_BYTES)
    check = check * 31n + bytes.readBigUInt64LE(at);
  return BigInt.asUintN(64, check);
}

/** The error of a damaged file. */
export function damage(file: string, offset: number, what: string): MmulateError {
  return new MmulateError("INPUT", `${file}: byte ${offset}: ${what}`);
}

/** The error of a file that ends too early. */
export function ended(file: string, offset: number, expected: string): MmulateError {
  return damage(file, offset, `the file ends, expected ${expected}; it is truncated`);
}
