// The layout of .mmt, the binary trace format of mmulate. All numbers are little-endian, everything starts
// at a multiple of 8 bytes.
//
//   header | head, records, continuations | head, records, continuations | … | end head
//
//   header, 128 bytes                        head, 40 bytes
//     0  magic                                 0  u32 tag: block or end
//     8  u32 version                           4  u32 records of the block
//    12  u8  page shift of the split, 0 none   8  u32 continuations of the block
//    13  u8  1: fetches were left out         12  u32 number of the block, from 0
//    16  u64 records in the file, 0 unknown   16  u64, u64 checksum of records and continuations
//    24  u64 0                                    (end: records in the file, 0)
//    32  source, UTF-8, padded with 0         32  u64 check of the four words above
//   112  u64, u64 checksum of the above
//
// Records are those of assembly/abi/event.ts as they are. Continuations are the positions (u32, from 0 in
// the block, ascending, padded to 8 bytes) of records that an access got because it goes on in another page:
// who simulates larger pages, or wants accesses unsplit, leaves them out.

import { Buffer } from "node:buffer";
import { EVENT_BYTES } from "../../assembly/abi/event.js";
import { MmulateError } from "../errors.js";
import { checksumOf } from "./fletcher.js";
import { quote } from "./quote.js";

/** A byte that is no text, the name, and line endings that a transfer as text would change. */
export const MMT_MAGIC = Buffer.from("\x89MMT\r\n\x1a\n", "latin1");
const MMT_VERSION = 1;
export const MMT_HEADER_BYTES = 128;
export const MMT_HEAD_BYTES = 40;
/** The most records of a block: 2 MiB, where what comes once per block no longer shows. */
export const MMT_BLOCK_RECORDS = 262144;
const CONTINUATION_BYTES = 4;

const SOURCE_AT = 32;
const CHECK_AT = 112;
const HEAD_CHECK_AT = 32;
const TAG_BLOCK = 0x62746d6d; // "mmtb"
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
  readonly sum: bigint;
  readonly weighted: bigint;
}

/** Bytes between this head and the next. */
export function payloadBytes({
  records,
  continuations,
}: Pick<MmtHead, "records" | "continuations">): number {
  return EVENT_BYTES * (records + Math.ceil((continuations * CONTINUATION_BYTES) / EVENT_BYTES));
}

/** Room for the longest payload and the head behind it. */
export const MMT_STAGING_BYTES =
  MMT_BLOCK_RECORDS * (EVENT_BYTES + CONTINUATION_BYTES) + MMT_HEAD_BYTES;

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
  bytes.writeUInt32LE(head.end ? TAG_END : TAG_BLOCK, 0);
  bytes.writeUInt32LE(head.end ? 0 : head.records, 4);
  bytes.writeUInt32LE(head.continuations, 8);
  bytes.writeUInt32LE(head.index, 12);
  bytes.writeBigUInt64LE(head.end ? BigInt(head.records) : head.sum, 16);
  bytes.writeBigUInt64LE(head.weighted, 24);
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
  const [tag, records, continuations, number] = [0, 4, 8, 12].map((at) => bytes.readUInt32LE(at));
  const end = tag === TAG_END;
  const [sum, weighted] = [bytes.readBigUInt64LE(16), bytes.readBigUInt64LE(24)];
  const head = { end, records, continuations, index: number, sum, weighted } as MmtHead;
  if (number !== index) throw damage(file, offset, `found block ${number}, expected ${index}`);
  if (end) return { ...head, records: Number(sum) };
  const { records: held } = head;
  if (tag === TAG_BLOCK && held > 0 && held <= MMT_BLOCK_RECORDS && head.continuations <= held) {
    return head;
  }
  throw damage(file, offset, `found ${quote(bytes.subarray(0, 8))}, expected a block or the end`);
}

/** Odd factors: no change of one word goes unseen. */
function headCheck(bytes: Buffer): bigint {
  let check = 1n;
  for (let at = 0; at < HEAD_CHECK_AT; at += 8) check = check * 31n + bytes.readBigUInt64LE(at);
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
