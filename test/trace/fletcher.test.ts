import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Codec } from "../../src/trace/codec.js";
import { checksumOf } from "../../src/trace/fletcher.js";
import { raw64Bytes } from "./support.js";

const MASK = 2n ** 64n - 1n;
const MEMORY = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
const CODEC = new Codec(MEMORY);

function inMemory(words: bigint[], at: number) {
  new Uint8Array(MEMORY.buffer).fill(0xa5);
  new Uint8Array(MEMORY.buffer).set(raw64Bytes(words), at);
  return CODEC.checksum(at, 8 * words.length);
}

function byDefinition(words: bigint[]) {
  let [sum, weighted] = [0n, 0n];
  for (const word of words) {
    sum = (sum + word) & MASK;
    weighted = (weighted + sum) & MASK;
  }
  return { sum, weighted };
}

const WORDS = fc.array(fc.bigInt({ min: 0n, max: MASK }), { maxLength: 40 });

describe("the checksum", () => {
  it("is Fletcher's, in memory and of a header", () => {
    fc.assert(
      fc.property(WORDS, fc.nat(100), (words, slot) => {
        const expected = byDefinition(words);
        expect(inMemory(words, 8 * slot)).toEqual(expected);
        expect(checksumOf(raw64Bytes(words))).toEqual(expected);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it("sees every change of one bit, and words that changed places", () => {
    const words = Array.from({ length: 19 }, (_, i) => (BigInt(i) * 0x9e3779b97f4a7c15n) & MASK);
    const before = inMemory(words, 0);
    for (const [i, word] of words.entries()) {
      for (let bit = 0n; bit < 64n; bit++) {
        expect(inMemory(words.with(i, word ^ (1n << bit)), 0).sum).not.toBe(before.sum);
      }
      for (const [j, other] of words.entries()) {
        if (i === j) continue;
        expect(inMemory(words.with(i, other).with(j, word), 0)).not.toEqual(before);
      }
    }
  });

  it("is right after the memory grew", () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
    const codec = new Codec(memory);
    memory.grow(1);
    new BigUint64Array(memory.buffer, 65536, 9).fill(3n);
    expect(codec.checksum(65536, 72)).toEqual(byDefinition(new Array<bigint>(9).fill(3n)));
  });
});
