import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ALL,
  cutAt,
  DATA,
  errorOf,
  FETCH,
  READ,
  raw64Batches,
  raw64Bytes,
  WRITE,
} from "./support.js";

const RECORDS = [0x1000n | READ, 0xfffffffffffffff8n | WRITE, 0x401ab70n | FETCH, 0x2000n | READ];

describe("a raw64 trace", () => {
  it("is its records", () => {
    expect(raw64Batches([raw64Bytes(RECORDS)])).toEqual([RECORDS]);
  });

  it("loses its fetches when data accesses were asked for", () => {
    expect(raw64Batches([raw64Bytes(RECORDS)], DATA).flat()).toEqual([
      RECORDS[0],
      RECORDS[1],
      RECORDS[3],
    ]);
  });

  it("has no instruction count to give", () => {
    const options = { ...ALL, instructions: true };
    expect(raw64Batches([raw64Bytes(RECORDS)], options)).toEqual([RECORDS]);
  });

  it("gives the same batches however its chunks are cut", () => {
    const record = fc
      .tuple(fc.bigInt({ min: 0n, max: 2n ** 61n - 1n }), fc.constantFrom(READ, WRITE, FETCH))
      .map(([word, kind]) => (word << 3n) | kind);
    const records = fc.array(record, { minLength: 1, maxLength: 50 });
    const cuts = fc.array(fc.nat(400), { maxLength: 20 });
    fc.assert(
      fc.property(records, cuts, fc.boolean(), (some, offsets, dropFetches) => {
        const kept = [...some, 8n].filter((one) => !dropFetches || (one & 7n) !== FETCH);
        const bytes = raw64Bytes([...some, 8n]);
        const inside = offsets.map((offset) => Math.min(offset, bytes.length));
        const batches = raw64Batches(cutAt(bytes, inside), dropFetches ? DATA : ALL, 7);
        expect(batches.flat()).toEqual(kept);
        expect(batches.slice(0, -1).every((batch) => batch.length === 7)).toBe(true);
      }),
      { seed: 1, numRuns: 300 },
    );
  });
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
