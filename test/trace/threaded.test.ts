// Reading in a thread, against reading in this one. The thread's program is a file of the build.

import { existsSync, readdirSync, readlinkSync, truncateSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { EVENTS_CAPACITY } from "../../assembly/abi/memory-map.js";
import type { EventBatch } from "../../src/trace/batch.js";
import { readTrace } from "../../src/trace/index.js";
import { ownStaging } from "../../src/trace/staging.js";
import type * as Threaded from "../../src/trace/threaded.js";
import type { TraceOptions } from "../../src/trace/types.js";
import { batchOf, EVERYTHING, mmtBytes } from "./mmt-support.js";
import { inputFolder, raw64Bytes, SORT_TRACE } from "./support.js";

const BUILT = fileURLToPath(new URL("../../dist/src/trace/threaded.js", import.meta.url));
const STAGING = ownStaging();
const RAW64: TraceOptions = { ...EVERYTHING, format: "raw64" };
const folder = inputFolder();

/** More batches than the ring has slots. */
const RECORDS = 11 * EVENTS_CAPACITY + 77;
const records = Array.from(
  { length: RECORDS },
  (_, i) => (BigInt.asUintN(48, BigInt(i) * 0x9e3779b97f4a8n) & ~7n) | BigInt(i % 3),
);

let threaded: typeof Threaded;
let files: { raw64: string; mmt: string; packed: string };
let mmt: Buffer;

beforeAll(async () => {
  if (!existsSync(BUILT)) throw new Error("dist is missing: run npm run build (npm test does)");
  threaded = await import(BUILT);
  const batches = [0, 1, 2, 3].map((i) => {
    const part = records.slice(Math.floor((RECORDS * i) / 4), Math.floor((RECORDS * (i + 1)) / 4));
    return batchOf(part);
  });
  mmt = await mmtBytes(batches);
  files = {
    raw64: folder.write("a.raw64", raw64Bytes(records)),
    mmt: folder.write("a.mmt", mmt),
    packed: folder.write("a.mmt.gz", gzipSync(await mmtBytes(batches, { packed: true }))),
  };
});

/** Sizes and records of batches, and what ended them. */
async function outcome(batches: AsyncIterable<EventBatch>) {
  const counts: number[] = [];
  const pieces: Uint32Array[] = [];
  let ended = "";
  try {
    for await (const { count, records } of batches) {
      counts.push(count);
      pieces.push(records.slice(0, 2 * count));
    }
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    ended = `${code}: ${message}`;
  }
  return { counts, pieces, ended };
}

async function expectSame(path: string, options: TraceOptions): Promise<string> {
  const here = await outcome(readTrace(path, options));
  const there = await outcome(threaded.readInThread(path, options, STAGING));
  expect(there.counts).toEqual(here.counts);
  expect(
    there.pieces.every((piece, i) => Buffer.compare(bytesOf(piece), bytesOf(here.pieces[i])) === 0),
  ).toBe(true);
  expect(there.ended).toBe(here.ended);
  return there.ended;
}

function bytesOf(words: Uint32Array = new Uint32Array()): Buffer {
  return Buffer.from(words.buffer, words.byteOffset, words.byteLength);
}

describe("a thread reads what this one reads", () => {
  test("records as they are", async () => {
    expect(await expectSame(files.raw64, RAW64)).toBe("");
    expect(await expectSame(files.mmt, EVERYTHING)).toBe("");
  });
  test("packed records", async () => {
    expect(await expectSame(files.packed, EVERYTHING)).toBe("");
  });
  test("text, with options", async () => {
    expect(await expectSame(SORT_TRACE, { ...EVERYTHING, accesses: "data", pageShift: 21 })).toBe(
      "",
    );
  });
  test("several traces at once", async () => {
    const one = outcome(threaded.readInThread(files.raw64, RAW64, STAGING));
    const other = outcome(threaded.readInThread(files.packed, EVERYTHING, ownStaging()));
    expect((await one).counts.reduce((a, b) => a + b)).toBe(RECORDS);
    expect((await other).counts.reduce((a, b) => a + b)).toBe(RECORDS);
  });
});

describe("errors are those of reading here, behind the same records", () => {
  test("a file that ends too early", async () => {
    const cut = folder.write("cut.mmt", mmt.subarray(0, mmt.length - 100_000));
    expect(await expectSame(cut, EVERYTHING)).toMatch(
      /^INPUT: .*cut\.mmt: byte \d+: the file ends/,
    );
  });
  test("a changed byte", async () => {
    const changed = Buffer.from(mmt);
    changed[changed.length >> 1] = ~(changed[changed.length >> 1] as number);
    const path = folder.write("changed.mmt", changed);
    expect(await expectSame(path, EVERYTHING)).toMatch(/^INPUT: .*they are damaged$/);
  });
  test("no file; a format that does not exist", async () => {
    expect(await expectSame(`${folder.path}/none`, EVERYTHING)).toMatch(/no such file$/);
    expect(await expectSame(files.mmt, { ...EVERYTHING, format: "x" })).toMatch(/^USAGE: /);
  });
});

test("who leaves early leaves no open file behind, and the thread reads on", async () => {
  for await (const { count } of threaded.readInThread(files.raw64, RAW64, STAGING)) {
    expect(count).toBe(EVENTS_CAPACITY);
    break;
  }
  const open = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return "";
    }
  });
  expect(open).not.toContain(files.raw64);
  expect(await expectSame(files.raw64, RAW64)).toBe("");
});

test("a thread is for files that take longer to read than it takes to start", () => {
  const large = folder.write("large.mmt", mmt.subarray(0, 4096));
  expect(threaded.isWorthThread(files.mmt)).toBe(false);
  truncateSync(large, 1 << 29);
  const gzip = folder.write("large.gz", gzipSync(Buffer.alloc(10)));
  expect(threaded.isWorthThread(gzip)).toBe(false);
  truncateSync(gzip, 1 << 22);
  const others = availableParallelism() > 1;
  expect(threaded.isWorthThread(large)).toBe(others);
  expect(threaded.isWorthThread(gzip)).toBe(others);
  expect(threaded.isWorthThread(folder.path)).toBe(false);
  expect(threaded.isWorthThread(`${folder.path}/none`)).toBe(false);
});
