import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { EVENTS_CAPACITY } from "../../assembly/abi/memory-map.js";
import { readTrace } from "../../src/trace/index.js";
import { LACKEY_MIN_BATCH } from "../../src/trace/lackey.js";
import type { TraceOptions } from "../../src/trace/types.js";
import { ALL, DATA, errorOf, inputFolder, raw64Bytes, recordsOf, SORT_TRACE } from "./support.js";

const { path: folder, write } = inputFolder();

async function batchesOf(path: string, options: TraceOptions): Promise<bigint[][]> {
  const batches = [];
  for await (const batch of readTrace(path, options)) batches.push(recordsOf(batch));
  return batches;
}

describe("the whole run of sort", () => {
  it("has the counts of its description", async () => {
    const kinds = [0, 0, 0, 0, 0, 0, 0, 0];
    const pages = new Set<number>();
    let instructions = 0;
    for await (const batch of readTrace(SORT_TRACE, { accesses: "all", split: false })) {
      for (let at = 0; at < 2 * batch.count; at += 2) {
        const [low = 0, high = 0] = batch.records.subarray(at, at + 2);
        const kind = low & 7;
        kinds[kind] = (kinds[kind] ?? 0) + 1;
        if (kind === 5) instructions += low >>> 3;
        else pages.add(high * 2 ** 20 + (low >>> 12));
      }
    }
    // I, L, S and M lines; M is a load and a store.
    expect(kinds.slice(0, 3)).toEqual([571_949 + 10_388, 290_333 + 10_388, 2_188_611]);
    expect([instructions, pages.size]).toEqual([2_188_611, 238]);
  });
});

describe("a trace file", () => {
  it("is recognised and read, plain or gzip", async () => {
    const text = "==1== x\nI  1000,1\n S 2000,8\n";
    for (const file of [write("t.txt", text), write("t.gz", gzipSync(text))]) {
      expect(await batchesOf(file, ALL)).toEqual([[0x1002n, 0x2001n]]);
    }
  });

  it("is recognised when its first lines come in short pieces", async () => {
    const members = ["\n", "=", "=1== x\n L 10", "00,8\n"].map((part) => gzipSync(part));
    expect(await batchesOf(write("pieces.gz", Buffer.concat(members)), ALL)).toEqual([[0x1000n]]);
  });

  it("is read as raw64 when told so, plain or gzip", async () => {
    const records = Array.from({ length: 150_000 }, (_, index) => BigInt(index) << 3n);
    const options = { ...ALL, format: "raw64" };
    const bytes = raw64Bytes(records);
    for (const file of [write("t.bin", bytes), write("t.bin.gz", gzipSync(bytes))]) {
      const batches = await batchesOf(file, options);
      expect(batches.map((batch) => batch.length)).toEqual([65536, 65536, 150_000 - 2 * 65536]);
      expect(batches.flat()).toEqual(records);
    }
  });

  it("comes in batches of what the core takes at once, all in one buffer", async () => {
    const buffers = new Set<Uint32Array>();
    for await (const { records, count } of readTrace(SORT_TRACE, DATA)) {
      buffers.add(records);
      expect(count).toBeLessThanOrEqual(EVENTS_CAPACITY);
    }
    expect(buffers.size).toBe(1);
  });

  it("never gives an empty batch, not even for messages behind a full one", async () => {
    const full = EVENTS_CAPACITY - LACKEY_MIN_BATCH + 1;
    const file = write("full.txt", `${" L 8,8\n".repeat(full)}==1== x\n`);
    expect((await batchesOf(file, ALL)).map((batch) => batch.length)).toEqual([full]);
  });

  it("need not be read to the end", async () => {
    let batches = 0;
    for await (const batch of readTrace(SORT_TRACE, DATA)) {
      batches += batch.count > 0 ? 1 : 0;
      break;
    }
    expect(batches).toBe(1);
  });
});

describe("a trace file that cannot be used", () => {
  it.each([
    ["empty", Buffer.alloc(0), "auto"],
    ["empty behind gzip", gzipSync(""), "auto"],
    ["empty, format given", Buffer.alloc(0), "raw64"],
  ])("is refused when it is %s", async (_, bytes, format) => {
    const file = write("empty", bytes);
    const error = await errorOf(() => batchesOf(file, { ...ALL, format }));
    expect([error.code, error.message]).toEqual(["INPUT", `${file}: is empty, expected a trace`]);
  });

  it.each([
    ["JSON", '{"a": 1}', /: begins with "\{"a": 1\}", .* known formats: lackey .*, raw64 /],
    ["messages only", "==1== x\n", /: holds no access, /],
    ["a damaged line", " L 8,8\n L 8\n", /: line 2: found " L 8", expected "," and a size/],
    ["a truncated last line", " L 8,8\n L 8", /: line 2: the file ends within " L 8", expected/],
  ])("is refused with the reason: %s", async (_, text, reason) => {
    const file = write("bad", text);
    const error = await errorOf(() => batchesOf(file, ALL));
    expect(error.code).toBe("INPUT");
    expect(error.message.startsWith(file)).toBe(true);
    expect(error.message).toMatch(reason);
  });

  it("is refused when its gzip data is truncated, behind the batches read so far", async () => {
    const whole = gzipSync(" S 2000,8\n".repeat(200_000));
    const file = write("cut.gz", whole.subarray(0, whole.length - 10));
    let records = 0;
    const error = await errorOf(async () => {
      for await (const batch of readTrace(file, ALL)) records += batch.count;
    });
    expect(error.message).toMatch(/: gzip data ends too early, at compressed byte \d+;/);
    expect(records).toBeGreaterThan(0);
  });

  it("is refused when it is missing or a directory", async () => {
    expect((await errorOf(() => batchesOf(join(folder, "none"), ALL))).message).toMatch(
      /no such file/,
    );
    expect((await errorOf(() => batchesOf(folder, ALL))).message).toMatch(/is a directory/);
  });
});

describe("options of a trace that are out of range", () => {
  it("are refused before the file is opened: an unknown format", async () => {
    const options = { ...ALL, format: "vcd" };
    expect((await errorOf(() => batchesOf("none", options))).code).toBe("USAGE");
  });

  it.each([11, 31, 12.5, Number.NaN])("are refused: page shift %d", async (pageShift) => {
    const error = await errorOf(() => batchesOf("none", { ...ALL, pageShift }));
    expect([error.code, error.message]).toEqual([
      "CONFIG",
      `page shift ${pageShift} of a trace; allowed are 12 to 30`,
    ]);
  });
});
