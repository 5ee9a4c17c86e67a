import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EVENTS_CAPACITY } from "../../assembly/abi/memory-map.js";
import { readTrace, STAGING_BYTES } from "../../src/trace/index.js";
import { decodeHeader, encodeHeader } from "../../src/trace/mmt-format.js";
import { BLOCK_RECORDS } from "../../src/trace/staging.js";
import { batchOf, collect, EVERYTHING, mmtBytes, readChunks, readFile } from "./mmt-support.js";
import { cutAt, inputFolder } from "./support.js";

const { write } = inputFolder();

/** Longer than a block; a continuation every 1000 records, one at each border of blocks and batches. */
const LONG = Array.from({ length: 2 * BLOCK_RECORDS + 777 }, (_, i) => BigInt(i * 4096) | 1n);
const MARKS = LONG.flatMap((_, i) => (i % 1000 === 0 || i % EVENTS_CAPACITY < 2 ? [i] : []));
const LONG_BATCHES = Array.from({ length: Math.ceil(LONG.length / 50_000) }, (_, i) => {
  const first = 50_000 * i;
  const inside = MARKS.map((mark) => mark - first).filter((mark) => mark >= 0 && mark < 50_000);
  return batchOf(LONG.slice(first, first + 50_000), inside);
});

describe("a .mmt trace", () => {
  it("gives the records that were written, however they came and arrive", async () => {
    // Without near ones, no block would be packed.
    const near = fc.bigInt({ min: 0n, max: 2n ** 14n });
    const record = fc.oneof(
      { weight: 4, arbitrary: near },
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    );
    const marked = fc.array(fc.tuple(record, fc.boolean()), { minLength: 1, maxLength: 60 });
    const some = fc.array(marked, { minLength: 1, maxLength: 4 });
    const cuts = fc.array(fc.nat(900), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(some, cuts, fc.boolean(), async (some, at, packed) => {
        const batches = some.map((batch) =>
          batchOf(
            batch.map(([one]) => one),
            batch.flatMap(([, mark], i) => (mark ? [i] : [])),
          ),
        );
        const bytes = await mmtBytes(batches, { packed });
        const inside = at.map((offset) => Math.min(offset, bytes.length));
        const pieces = cutAt(bytes, inside).map((piece) => Buffer.from(piece));
        const all = some.flat();
        expect(await readChunks(pieces)).toEqual({
          records: all.map(([one]) => one),
          continuations: all.flatMap(([, mark], i) => (mark ? [i] : [])),
        });
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it.each([
    ["as they are", false],
    ["packed", true],
  ])("of several blocks, %s, gives them in order, plain and gzip", async (_, packed) => {
    const bytes = await mmtBytes(LONG_BATCHES, { packed });
    expect(bytes.length < 4 * LONG.length).toBe(packed);
    for (const file of [write("long", bytes), write("long.gz", gzipSync(bytes, { level: 1 }))]) {
      const { records, continuations } = await readFile(file);
      // Element by element, this would take the test framework a minute.
      expect(records.every((one, i) => one === LONG[i])).toBe(true);
      expect(records.length).toBe(LONG.length);
      expect(continuations).toEqual(MARKS);
    }
  });

  it("comes in batches of what the core takes at once", async () => {
    const file = write("batches", await mmtBytes(LONG_BATCHES));
    const counts = [];
    for await (const { count } of readTrace(file, EVERYTHING)) counts.push(count);
    expect(counts).toEqual([...new Array<number>(8).fill(EVENTS_CAPACITY), 777]);
  });

  it.each([
    ["as they are", false],
    ["packed", true],
  ])("is read, %s, into memory that may grow and be written meanwhile", async (_, packed) => {
    const memory = new WebAssembly.Memory({ initial: 140, maximum: 200, shared: true });
    const at = 4096;
    const file = write("staged", await mmtBytes(LONG_BATCHES, { packed }));
    let next = 0;
    const batches = readTrace(file, EVERYTHING, { staging: { memory, at } });
    for await (const { records, count, staged } of batches) {
      expect(records.buffer === memory.buffer).toBe(true);
      expect(records.byteOffset).toBe(at + 8 * (staged ?? Number.NaN));
      const words = new BigUint64Array(memory.buffer, records.byteOffset, count);
      expect(words.every((word, i) => word === LONG[next + i])).toBe(true);
      next += count;
      words.fill(0n);
      memory.grow(1);
    }
    expect(next).toBe(LONG.length);
    const behind = new Uint8Array(memory.buffer, at + STAGING_BYTES);
    expect(behind.every((byte) => byte === 0)).toBe(true);
  });

  it("need not be read to the end: nothing is written to its memory afterwards", async () => {
    const file = write("left", await mmtBytes(LONG_BATCHES));
    const memory = new WebAssembly.Memory({ initial: 140, maximum: 140, shared: true });
    for await (const batch of readTrace(file, EVERYTHING, { staging: { memory, at: 0 } })) {
      expect(batch.count).toBe(EVENTS_CAPACITY);
      break;
    }
    const words = new BigUint64Array(memory.buffer).fill(1n);
    expect((await readFile(file)).records.length).toBe(LONG.length);
    expect(words.every((word) => word === 1n)).toBe(true);
  });

  it("is its header, its blocks and nothing else, to the byte", async () => {
    const [first, second] = [
      await mmtBytes([batchOf([1n, 2n])]),
      await mmtBytes([batchOf([1n, 2n])]),
    ];
    expect(first.equals(second)).toBe(true);
    expect(first.length).toBe(128 + 48 + 16 + 48);
    expect(first.subarray(0, 8).toString("latin1")).toBe("\x89MMT\r\n\x1a\n");
    expect(first.readUInt32LE(8)).toBe(2);
    expect(first.readBigUInt64LE(16)).toBe(2n);
    expect(first.readBigUInt64LE(128 + 48)).toBe(1n);
  });
});

describe("the header of .mmt", () => {
  it.each([
    ["as written", "sort.lackey.gz (lackey)", "sort.lackey.gz (lackey)"],
    ["in full characters only", `x${"ü".repeat(60)}`, `x${"ü".repeat(39)}`],
    ["even when it is empty", "", ""],
  ])("holds the source, %s", (_, source, held) => {
    const header = { records: 2 ** 40, pageShift: 12, accesses: "data", source } as const;
    expect(decodeHeader("t", encodeHeader(header))).toEqual({ ...header, source: held });
  });

  it("is told before the first batch", async () => {
    const file = write("told", await mmtBytes([batchOf([8n])]));
    const told: unknown[] = [];
    await collect(readTrace(file, EVERYTHING, { onOpen: (facts) => told.push(facts) }));
    const header = { records: 1, pageShift: 12, accesses: "all", source: "a test" };
    expect(told).toEqual([{ format: "mmt", header }]);
  });
});
