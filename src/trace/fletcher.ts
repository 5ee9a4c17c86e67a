// The checksum of .mmt files: Fletcher's two sums over little-endian u64 words, modulo 2^64.
//
//   for each word: sum += word; weighted += sum
//
// Any change of one word changes `sum`; words that changed places change `weighted`. Over a block it
// must cost far less than simulating it. Plain JavaScript takes 1 ns per word, half of what the core takes
// for an access; zlib's CRC-32 takes longer still. SIMD takes 0.1 ns, so the loop is a WebAssembly module
// of its own, small enough to be written down here, that works in the memory where the records lie.

import type { Buffer } from "node:buffer";

/** Both sums, 0 to 2^64 - 1. */
export interface Checksum {
  readonly sum: bigint;
  readonly weighted: bigint;
}

const WORD_BYTES = 8;
/** The loop takes so many bytes at a time; words behind the last such group are summed here. */
const GROUP_BYTES = 64;

/** Checksum of a few whole words, such as a header. */
export function checksumOf(bytes: Buffer): Checksum {
  return continued({ sum: 0n, weighted: 0n }, bytes, 0);
}

function continued(begun: Checksum, bytes: Uint8Array, from: number): Checksum {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let { sum, weighted } = begun;
  for (let at = from; at < bytes.length; at += WORD_BYTES) {
    sum += view.getBigUint64(at, true);
    weighted += sum;
  }
  return { sum: BigInt.asUintN(64, sum), weighted: BigInt.asUintN(64, weighted) };
}

/** Sums of every fourth word, from the first to the fourth on, and then their running totals. */
type Lanes = readonly [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint];

/** Computes checksums of ranges of one memory. */
export class MemoryChecksum {
  private readonly lanes: (from: number, to: number) => Lanes;

  constructor(private readonly memory: WebAssembly.Memory) {
    compiled ??= new WebAssembly.Module(new Uint8Array(moduleBytes()));
    const { exports } = new WebAssembly.Instance(compiled, { e: { m: memory } });
    this.lanes = exports.f as typeof this.lanes;
  }

  /**
   * @param at linear address of the first word
   * @param bytes a multiple of 8
   */
  of(at: number, bytes: number): Checksum {
    const grouped = bytes - (bytes % GROUP_BYTES);
    const [a, b, c, d, ...totals] = this.lanes(at, at + grouped);
    // The last word weighs 1, the one before 2, and so on; within a group of four that is one less each.
    const sums = { sum: a + b + c + d, weighted: -(b + 2n * c + 3n * d) };
    for (const total of totals) sums.weighted += 4n * total;
    return continued(sums, new Uint8Array(this.memory.buffer, at, bytes), grouped);
  }
}

let compiled: WebAssembly.Module | undefined;

// Locals of the function: addresses (i32), then vectors of two sums and of two running totals.
const [AT, END, SUMS_AB, TOTALS_AB, SUMS_CD, TOTALS_CD] = [0, 1, 2, 3, 4, 5];

const I32 = 0x7f;
const I64 = 0x7e;
const V128 = 0x7b;
const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;
const LOCAL_TEE = 0x22;
const I64X2_ADD = [0xfd, 0xce, 0x01];

/** `sums += the two words at AT + offset; totals += sums` */
function step(sums: number, totals: number, offset: number): number[] {
  const load = [LOCAL_GET, AT, 0xfd, 0x00, 3, offset];
  const add = [...load, LOCAL_GET, sums, ...I64X2_ADD, LOCAL_TEE, sums];
  return [...add, LOCAL_GET, totals, ...I64X2_ADD, LOCAL_SET, totals];
}

const lane = (local: number, index: number): number[] => [LOCAL_GET, local, 0xfd, 0x1d, index];
const both = (local: number): number[] => [...lane(local, 0), ...lane(local, 1)];
/** A vector or section: its length, then its bytes. Lengths below 128 are one byte, longer ones two. */
const sized = (bytes: number[]): number[] =>
  bytes.length < 128
    ? [bytes.length, ...bytes]
    : [(bytes.length & 0x7f) | 0x80, bytes.length >> 7, ...bytes];

/** `f(at: i32, end: i32) -> eight i64`, the memory imported as `e.m`. */
function moduleBytes(): number[] {
  const body = [
    ...[1, 4, V128],
    ...[0x02, 0x40, 0x03, 0x40], // block, loop
    ...[LOCAL_GET, AT, LOCAL_GET, END, 0x4f, 0x0d, 1], // i32.ge_u, br_if out
    ...step(SUMS_AB, TOTALS_AB, 0),
    ...step(SUMS_CD, TOTALS_CD, 16),
    ...step(SUMS_AB, TOTALS_AB, 32),
    ...step(SUMS_CD, TOTALS_CD, 48),
    ...[LOCAL_GET, AT, 0x41, 0xc0, 0x00, 0x6a, LOCAL_SET, AT], // i32.const 64, i32.add
    ...[0x0c, 0, 0x0b, 0x0b], // br, end, end
    ...[SUMS_AB, SUMS_CD, TOTALS_AB, TOTALS_CD].flatMap(both),
    0x0b,
  ];
  const results = Array.from({ length: 8 }, () => I64);
  return [
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, ...sized([1, 0x60, 2, I32, I32, ...sized(results)])],
    ...[2, ...sized([1, 1, 0x65, 1, 0x6d, 2, 0, 0])],
    ...[3, ...sized([1, 0])],
    ...[7, ...sized([1, 1, 0x66, 0, 0])],
    ...[10, ...sized([1, ...sized(body)])],
  ];
}
