// The checksum of .mmt files, of a few words such as a header. Blocks are summed by assembly/codec/checksum.ts,
// which says what it finds.

import type { Buffer } from "node:buffer";

/** Both sums, 0 to 2^64 - 1. */
export interface Checksum {
  readonly sum: bigint;
  readonly weighted: bigint;
}

const WORD_BYTES = 8;

/** @param bytes a multiple of 8 of them */
export function checksumOf(bytes: Buffer): Checksum {
  let [sum, weighted] = [0n, 0n];
  for (let at = 0; at < bytes.length; at += WORD_BYTES) {
    sum += bytes.readBigUInt64LE(at);
    weighted += sum;
  }
  return { sum: BigInt.asUintN(64, sum), weighted: BigInt.asUintN(64, weighted) };
}
