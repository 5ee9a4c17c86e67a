import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CODEC_TABLE_BYTES, Codec } from "../../src/trace/codec.js";
import { unpacked } from "./packed-oracle.js";
import { FETCH, READ, raw64Bytes, WRITE } from "./support.js";

const MEMORY = new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true });
const CODEC = new Codec(MEMORY);
const TABLE = 65536;
/** Room for 1000 records at each of these. */
const [FROM, TOKENS, OPERANDS, OUT] = [0, 8192, 16384, 32768];

/** Packs records. The table is left full of what must not matter. */
function packed(records: bigint[]) {
  const bytes = new Uint8Array(MEMORY.buffer);
  bytes.fill(0xa5);
  bytes.set(raw64Bytes(records), FROM);
  const end = CODEC.pack(FROM, records.length, TOKENS, OPERANDS, TABLE);
  return {
    tokens: bytes.slice(TOKENS, TOKENS + records.length),
    operands: bytes.slice(OPERANDS, end),
  };
}

/** What the codec makes of tokens and operands. */
function byCodec(tokens: Uint8Array, operands: Uint8Array) {
  const bytes = new Uint8Array(MEMORY.buffer);
  bytes.fill(0x5a);
  bytes.set(tokens, TOKENS);
  bytes.set(operands, OPERANDS);
  const end = CODEC.unpack(TOKENS, tokens.length, OPERANDS, OUT, TABLE);
  const records = [...new BigUint64Array(MEMORY.buffer, OUT, tokens.length)];
  return { records, taken: end - OPERANDS };
}

const ANY = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const NEAR = fc.bigInt({ min: 0n, max: 2n ** 12n });
const FAR = NEAR.map((record) => record + 0x7fff_0000_0000n);
const KERNEL = NEAR.map((record) => record + 0xffff_8000_0000_0000n);
const RECORDS = fc.array(fc.oneof(NEAR, NEAR, FAR, KERNEL, ANY), { minLength: 1, maxLength: 60 });

describe("packed records", () => {
  it("are those that were packed, by codec and description", () => {
    fc.assert(
      fc.property(RECORDS, (records) => {
        const { tokens, operands } = packed(records);
        const expected = { records, taken: operands.length };
        expect(unpacked(tokens, operands)).toEqual(expected);
        expect(byCodec(tokens, operands)).toEqual(expected);
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  it("mean by the description what the codec takes them for, whatever the bytes", () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(bytes, fc.uint8Array({ minLength: 320, maxLength: 320 }), (tokens, operands) => {
        expect(byCodec(tokens, operands)).toEqual(unpacked(tokens, operands));
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  it.each([
    [-32n, 0],
    [24n, 0],
    [-40n, 1],
    [32n, 1],
    [-8192n, 1],
    [8184n, 1],
    [-8200n, 2],
    [8192n, 2],
    [-(2n ** 21n), 2],
    [2n ** 21n - 8n, 2],
    [-(2n ** 21n) - 8n, 8],
    [2n ** 21n, 8],
    [2n ** 63n, 8],
    [2n ** 63n - 8n, 8],
  ])("take the fewest bytes: a difference of %d takes %d of operand", (difference, bytes) => {
    const fetch = (address: bigint) => BigInt.asUintN(64, address) | FETCH;
    const first = 2n ** 40n;
    const before = packed([fetch(first)]).operands.length;
    const records = [fetch(first), fetch(first + difference)];
    expect(packed(records).operands.length - before).toBe(bytes);
  });

  it("take one byte each in a loop over an array and a stack, but for the first rounds", () => {
    const round = (i: number) => [
      0x401000n | FETCH,
      BigInt(0x10000 + 8 * i) | READ,
      0x401008n | FETCH,
      0x7fff_ffff_f000n | READ,
      0x7fff_ffff_f000n | WRITE,
    ];
    const operands = (rounds: number) =>
      packed(Array.from({ length: rounds }, (_, i) => round(i)).flat()).operands.length;
    expect(operands(100)).toBe(operands(2));
  });

  it("do not write beyond the table", () => {
    const bytes = new Uint8Array(MEMORY.buffer);
    packed(Array.from({ length: 900 }, (_, i) => BigInt(i * 0x9e37_79b9) << 3n));
    const behind = bytes.subarray(TABLE + CODEC_TABLE_BYTES);
    expect(behind.length > 0 && behind.every((byte) => byte === 0xa5)).toBe(true);
  });
});

describe("the kinds of records", () => {
  it("are seen wherever they stand", () => {
    const words = new BigUint64Array(MEMORY.buffer, FROM, 9);
    for (let length = 1; length <= 9; length++) {
      for (let at = 0; at < length; at++) {
        for (let kind = 0n; kind < 8n; kind++) {
          words.fill(2n ** 64n - 8n).fill(7n, length);
          words[at] = (words[at] as bigint) | kind;
          const { fetches, controls } = CODEC.kinds(FROM, length);
          expect(controls).toBe(kind > FETCH);
          if (!controls) expect(fetches).toBe(kind === FETCH);
        }
      }
    }
  });
});
