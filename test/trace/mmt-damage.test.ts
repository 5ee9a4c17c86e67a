import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { checksumOf } from "../../src/trace/fletcher.js";
import { encodeHead } from "../../src/trace/mmt-format.js";
import { batchOf, EVERYTHING, mmtBytes, readChunks, readFile } from "./mmt-support.js";
import { errorOf, inputFolder } from "./support.js";

const { write } = inputFolder();

const RECORDS = [0x1000n, 0x2001n, 0x3000n, 0x4002n, 0x7fff_ffff_f001n];
const SMALL = (packed = false) => mmtBytes([batchOf(RECORDS, [2, 4])], { packed });
const HEAD = 128;
const HEAD_BYTES = 48;
const PAYLOAD = HEAD + HEAD_BYTES;
const END = PAYLOAD + 8 * RECORDS.length + 8;
const KINDS = [
  ["as it is", false],
  ["packed", true],
] as const;

/** The one error of a file: INPUT, with the file's name in front. */
async function refusal(bytes: Uint8Array, format = "auto", name = "damaged"): Promise<string> {
  const file = write(name, bytes);
  const error = await errorOf(() => readFile(file, { ...EVERYTHING, format }));
  expect(error.code).toBe("INPUT");
  expect(error.message.startsWith(`${file}: `)).toBe(true);
  expect(error.message).not.toContain("\n");
  return error.message.slice(file.length + 2);
}

describe("a .mmt trace that was cut short", () => {
  it.each(KINDS)("is refused at every length, %s, and says where it ends", async (_, packed) => {
    const whole = await SMALL(packed);
    for (let length = 1; length < whole.length; length++) {
      const cut = whole.subarray(0, length);
      const message = await refusal(cut, "mmt");
      const expected =
        length < 8
          ? /^byte 0: found ".*", expected "/
          : new RegExp(`^byte ${length}: the file ends, `);
      expect(message).toMatch(expected);
      if (length >= 8) expect(await refusal(cut)).toBe(message);
      else expect(await refusal(cut)).toMatch(/^begins with ".*", which is no trace format/);
      expect(await refusal(gzipSync(cut), "mmt")).toBe(message);
    }
    expect(await refusal(whole.subarray(0, 0), "mmt")).toBe("is empty, expected a trace");
  });

  it("is refused when its gzip data is cut at any length", async () => {
    const zipped = gzipSync(await SMALL());
    for (let length = 2; length < zipped.length; length++) {
      const message = await refusal(zipped.subarray(0, length), "mmt");
      expect(message).toMatch(/^gzip data ends too early/);
    }
  });
});

describe("a .mmt trace with one wrong byte", () => {
  it.each(KINDS)("is refused wherever the byte stands, %s", async (_, packed) => {
    const whole = await SMALL(packed);
    const end = whole.length - HEAD_BYTES;
    expect(end < END).toBe(packed);
    for (let at = 0; at < whole.length; at++) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const wrong = Buffer.from(whole);
        wrong.writeUInt8(wrong.readUInt8(at) ^ flip, at);
        const message = await refusal(wrong, "mmt");
        expect(message).toMatch(new RegExp(`^byte ${placeOf(at, end)}: found `));
      }
    }
  });

  /** Where the message says that the damage is: the start of what has the checksum. */
  function placeOf(at: number, end: number): number {
    if (at < 8) return 0;
    if (at < 12) return 8;
    if (at < HEAD) return 112;
    if (at < PAYLOAD) return HEAD;
    return at < end ? PAYLOAD : end;
  }

  it.each([
    [0, 'begins with "XMMT\\x0d\\x0a\\x1a\\x0a', "auto"],
    [0, 'byte 0: found "XMMT\\x0d\\x0a\\x1a\\x0a", expected "\\x89MMT\\x0d\\x0a\\x1a\\x0a"', "mmt"],
    [8, "byte 8: found format version 88, expected 2", "auto"],
    [40, "byte 112: found a checksum that the header does not have", "auto"],
    [HEAD, 'byte 128: found "Xmtb\\x05\\x00\\x00\\x00", expected the head of block 0', "auto"],
    [PAYLOAD + 9, "byte 176: found other records in block 0, expected those ", "auto"],
  ])("says what was expected: byte %d", async (at, message, format) => {
    const wrong = await SMALL();
    wrong.write("X", at, "latin1");
    expect((await refusal(wrong, format)).startsWith(message)).toBe(true);
  });
});

describe("a .mmt trace that was put together wrongly", () => {
  const end = (records: number, index: number) =>
    encodeHead({ end: true, records, continuations: 0, index, sum: 0n, weighted: 0n });

  it("has bytes behind its end", async () => {
    const whole = await SMALL();
    const message = "byte 272: found more bytes, expected the end of the file";
    expect(await refusal(Buffer.concat([whole, Buffer.of(0)]))).toBe(message);
    expect(await refusal(Buffer.concat([whole, whole]))).toBe(message);
  });

  it("lacks a block, or has one twice", async () => {
    const whole = await SMALL();
    const [begin, block] = [whole.subarray(0, HEAD), whole.subarray(HEAD, END)];
    expect(await refusal(Buffer.concat([begin, end(5, 1)]))).toBe(
      "byte 128: found block 1, expected 0",
    );
    const twice = Buffer.concat([begin, block, block, end(10, 2)]);
    expect(await refusal(twice)).toBe("byte 224: found block 0, expected 1");
  });

  it("counts other records at its end, or in its header", async () => {
    const whole = await SMALL();
    const wrong = Buffer.concat([whole.subarray(0, END), end(6, 1)]);
    expect(await refusal(wrong)).toBe("byte 224: found 5 records, the end marker tells 6");
    const other = await mmtBytes([batchOf([...RECORDS, 8n])]);
    const header = Buffer.concat([other.subarray(0, HEAD), whole.subarray(HEAD)]);
    expect(await refusal(header)).toBe("byte 224: found 5 records, the header tells 6");
  });

  it("holds a block of no size that there is", async () => {
    const whole = await SMALL();
    for (const [records, continuations] of [
      [0, 0],
      [262_145, 0],
      [5, 6],
    ] as const) {
      const head = { end: false, records, continuations, index: 0, sum: 0n, weighted: 0n };
      const wrong = Buffer.concat([whole.subarray(0, HEAD), encodeHead(head), Buffer.alloc(99)]);
      expect(await refusal(wrong)).toMatch(
        /^byte 128: found "mmtb.*, expected a block or the end$/,
      );
    }
  });

  it("packs records in more bytes than they have", async () => {
    const whole = await SMALL();
    const head = { end: false, records: 5, continuations: 0, index: 0, sum: 0n, weighted: 0n };
    const wrong = [
      whole.subarray(0, HEAD),
      encodeHead({ ...head, operands: 33 }),
      Buffer.alloc(99),
    ];
    expect(await refusal(Buffer.concat(wrong))).toMatch(
      /^byte 128: found "mmtp.*, expected a block/,
    );
  });

  it("packs records whose operands are other than its head tells", async () => {
    const whole = await SMALL(true);
    const found = whole.readUInt32LE(HEAD + 16);
    for (const operands of [found - 1, found + 1]) {
      const payload = whole.subarray(PAYLOAD, PAYLOAD + 8 + 8 * Math.ceil(operands / 8));
      const sums = checksumOf(payload);
      const size = { records: 5, continuations: 0, index: 0, operands };
      const head = encodeHead({ end: false, ...size, ...sums });
      const wrong = Buffer.concat([whole.subarray(0, HEAD), head, payload, end(5, 1)]);
      expect(await refusal(wrong)).toBe(
        `byte 176: found records of ${found} bytes of operands in block 0, its head tells ${operands}`,
      );
    }
  });

  it("is read all the same when its header does not know the number of records", async () => {
    const whole = await SMALL();
    const unknown = await mmtBytes([]);
    const read = await readChunks([unknown.subarray(0, HEAD), whole.subarray(HEAD)]);
    expect(read.records).toEqual(RECORDS);
  });
});

describe("a .mmt trace without what was asked for", () => {
  it("is refused: no record at all", async () => {
    expect(await refusal(await mmtBytes([]))).toBe("holds no record, expected accesses");
  });

  it("is refused: fetches only", async () => {
    const file = write("fetches", await mmtBytes([batchOf([0x1002n, 0xdn])]));
    const error = await errorOf(() => readFile(file, { ...EVERYTHING, accesses: "data" }));
    expect(error.message).toBe(
      `${file}: holds no access that was asked for, expected data accesses`,
    );
  });
});
