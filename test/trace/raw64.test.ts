import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EVENTS_CAPACITY } from "../../assembly/abi/memory-map.js";
import { readTrace } from "../../src/trace/index.js";
import { BLOCK_RECORDS } from "../../src/trace/staging.js";
import type { TraceOptions } from "../../src/trace/types.js";
import {
  ALL,
  cutAt,
  DATA,
  errorOf,
  FETCH,
  inputFolder,
  READ,
  raw64Batches,
  raw64Bytes,
  recordsOf,
  WRITE,
} from "./support.js";

const { write } = inputFolder();

/** Two blocks and a bit; of the second, all are fetches. */
const LONG = Array.from({ length: 2 * BLOCK_RECORDS + 777 }, (_, i) => {
  const fetch = i >= BLOCK_RECORDS && i < 2 * BLOCK_RECORDS;
  return (BigInt(i) << 12n) | (fetch ? FETCH : BigInt(i % 2));
});
const LONG_BYTES = raw64Bytes(LONG);

const RECORDS = [0x1000n | READ, 0xfffffffffffffff8n | WRITE, 0x401ab70n | FETCH, 0x2000n | READ];

describe("a raw64 trace", () => {
  it("is its records", async () => {
    expect(await raw64Batches([raw64Bytes(RECORDS)])).toEqual([RECORDS]);
  });

  it("loses its fetches when data accesses were asked for", async () => {
    expect((await raw64Batches([raw64Bytes(RECORDS)], DATA)).flat()).toEqual([
      RECORDS[0],
      RECORDS[1],
      RECORDS[3],
    ]);
  });

  it("has no instruction count to give", async () => {
    const options = { ...ALL, instructions: true };
    expect(await raw64Batches([raw64Bytes(RECORDS)], options)).toEqual([RECORDS]);
  });

  it("gives the same records however its chunks are cut", async () => {
    const record = fc
      .tuple(fc.bigInt({ min: 0n, max: 2n ** 61n - 1n }), fc.constantFrom(READ, WRITE, FETCH))
      .map(([word, kind]) => (word << 3n) | kind);
    const records = fc.array(record, { minLength: 1, maxLength: 50 });
    const cuts = fc.array(fc.nat(400), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(records, cuts, fc.boolean(), async (some, offsets, dropFetches) => {
        const kept = [...some, 8n].filter((one) => !dropFetches || (one & 7n) !== FETCH);
        const bytes = raw64Bytes([...some, 8n]);
        const inside = offsets.map((offset) => Math.min(offset, bytes.length));
        const batches = await raw64Batches(cutAt(bytes, inside), dropFetches ? DATA : ALL);
        expect(batches).toEqual([kept]);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it("of several blocks comes in order, in batches of what the core takes at once", async () => {
    const { batches, seen } = await longRead(LONG.length, ALL);
    expect(batches).toEqual([...new Array<number>(8).fill(EVENTS_CAPACITY), 777]);
    expect(seen.every((one, i) => one === LONG[i])).toBe(true);
    expect(seen.length).toBe(LONG.length);
  });

  it("that ends with a block, or leaves nothing of one, is read all the same", async () => {
    const whole = await longRead(BLOCK_RECORDS, ALL);
    expect(whole.batches).toEqual(new Array<number>(4).fill(EVENTS_CAPACITY));
    const data = await longRead(LONG.length, DATA);
    const expected = LONG.filter((one) => (one & 7n) !== FETCH);
    expect(data.seen.length).toBe(expected.length);
    expect(data.seen.every((one, i) => one === expected[i])).toBe(true);
  });

  /** Reads the first records of `LONG` from a file. */
  async function longRead(records: number, options: TraceOptions) {
    const file = write(`long-${records}`, LONG_BYTES.subarray(0, 8 * records));
    const batches = [];
    const seen: bigint[] = [];
    for await (const batch of readTrace(file, { ...options, format: "raw64" })) {
      batches.push(batch.count);
      for (const one of recordsOf(batch)) seen.push(one);
    }
    return { batches, seen };
  }
});

describe("a damaged raw64 trace", () => {
  it.each([3n, 4n, 5n, 6n, 7n])("is refused for a record of kind %d", async (kind) => {
    const bytes = raw64Bytes([...RECORDS, 0x3000n | kind, 0n]);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const error = await errorOf(() => raw64Batches(cutAt(bytes, [cut]), DATA));
      expect(error.code).toBe("INPUT");
      expect(error.message).toBe(
        `t.raw64: byte 32: found a record of kind ${kind}, expected 0 read, 1 write or 2 fetch`,
      );
    }
  });

  it("is refused when it ends within a record", async () => {
    const bytes = raw64Bytes([0x2000n, 0x4142434445464748n]);
    for (let length = 9; length < 16; length++) {
      const error = await errorOf(() => raw64Batches(cutAt(bytes.subarray(0, length), [3, 10])));
      const found = `"${"HGFEDCBA".slice(0, length - 8)}"`;
      expect(error.message).toBe(
        `t.raw64: byte 8: the file ends within a record: found ${found}, expected 8 bytes`,
      );
    }
  });

  it("is refused when it holds fetches only and data accesses were asked for", async () => {
    const error = await errorOf(() => raw64Batches([raw64Bytes([FETCH, FETCH])], DATA));
    expect(error.message).toBe(
      "t.raw64: holds only instruction fetches (2), expected data accesses",
    );
  });
});
