import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Line, readLines } from "../../src/verify/read-lines.js";
import { errorOf, inputFolder } from "../trace/support.js";

const folder = inputFolder();

async function linesOf(path: string): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const line of readLines(path)) lines.push(line);
  return lines;
}

/** The lines that are not blank, with their numbers, the simple way. */
function split(text: string): Line[] {
  const lines = text.split("\n").map((line, i) => ({ text: line, number: i + 1 }));
  return lines.filter(({ text: line }) => line.trim() !== "");
}

describe("the lines of a file", () => {
  it.each([
    ["one line", "a\n", [[1, "a"]]],
    [
      "no line end behind the last",
      "a\nb",
      [
        [1, "a"],
        [2, "b"],
      ],
    ],
    [
      "blank lines, which are counted but not given",
      "\n \t\na\n\n\nb\n\n",
      [
        [3, "a"],
        [6, "b"],
      ],
    ],
    ["nothing", "", []],
    ["line ends only", "\n\n\n", []],
    [
      "carriage returns, which stay with their lines",
      "a\r\n\r\nb\r\n",
      [
        [1, "a\r"],
        [3, "b\r"],
      ],
    ],
    [
      "a zero byte and other alphabets",
      "a\0é\n日本\n",
      [
        [1, "a\0é"],
        [2, "日本"],
      ],
    ],
  ] as const)("with %s", async (name, text, expected) => {
    const plain = await linesOf(folder.write(name.replaceAll(" ", "-"), text));
    expect(plain.map(({ number, text: line }) => [number, line])).toEqual(expected);
    const zipped = await linesOf(folder.write(`${name.replaceAll(" ", "-")}.gz`, gzipSync(text)));
    expect(zipped).toEqual(plain);
  });

  it("are those of all members of a gzip file, even where a line runs on in the next", async () => {
    const path = folder.write("two.gz", Buffer.concat([gzipSync("a\nb"), gzipSync("c\nd\n")]));
    expect(await linesOf(path)).toEqual(split("a\nbc\nd\n"));
  });

  // The file is read 64 KiB first and 1 MiB after that, gzip data comes out by 256 KiB: text is laid so
  // that line ends and letters of several bytes fall before, on and behind those edges.
  const EDGES = [64 * 1024, 256 * 1024, 1024 * 1024 + 64 * 1024];
  const tail = fc.array(fc.constantFrom("\n", "x", "é", "日", "😀", "\r\n", " ", "xyz\n"), {
    minLength: 4,
    maxLength: 24,
  });

  it("are the same wherever a chunk ends", async () => {
    const drawn = fc.record({
      edge: fc.constantFrom(...EDGES),
      before: fc.integer({ min: 0, max: 12 }),
      lineLength: fc.constantFrom(500, 5000, 2 ** 22),
      tail: tail.map((letters) => letters.join("")),
    });
    await fc.assert(
      fc.asyncProperty(drawn, async ({ edge, before, lineLength, tail: end }) => {
        const lead = Buffer.alloc(edge - before, "y");
        for (let at = lineLength; at < lead.length; at += lineLength + 1) lead[at] = 10;
        const bytes = Buffer.concat([lead, Buffer.from(end.repeat(3))]);
        const expected = split(bytes.toString());
        expect(await linesOf(folder.write("edge", bytes))).toEqual(expected);
        expect(await linesOf(folder.write("edge.gz", gzipSync(bytes, { level: 1 })))).toEqual(
          expected,
        );
      }),
      { numRuns: 25 },
    );
  });

  // Chunks of a plain file share one buffer: what is left of one must not change when the next is read.
  // The first line fills the first chunk, so that the second is not joined to a rest, which would copy it.
  it("are whole in a file of many chunks", async () => {
    const lines = Array.from({ length: 450 }, (_, i) => `${i}:`.repeat(2500));
    const text = ["x".repeat(64 * 1024 - 1), ...lines].join("\n");
    expect(text.length).toBeGreaterThan(3 * 2 ** 20);
    expect(await linesOf(folder.write("chunks", text))).toEqual(split(text));
    expect(await linesOf(folder.write("chunks.gz", gzipSync(text)))).toEqual(split(text));
  });

  it("may be far longer than a chunk", async () => {
    const long = "0123456789".repeat(2 * 2 ** 20);
    const path = folder.write("long", `a\n${long}\n\n${long}b`);
    const lines = await linesOf(path);
    expect(lines.map(({ number, text }) => [number, text.length])).toEqual([
      [1, 1],
      [2, long.length],
      [4, long.length + 1],
    ]);
    // Not by `toEqual`, whose message would have them in full.
    expect(lines[1]?.text === long).toBe(true);
    expect(lines[2]?.text === `${long}b`).toBe(true);
  });

  it("may be left before the last", async () => {
    const path = folder.write("many", "x\n".repeat(200_000));
    for await (const { number } of readLines(path)) {
      if (number === 3) break;
    }
    expect(await linesOf(path)).toHaveLength(200_000);
  });
});

describe("a line of more than 64 MiB", () => {
  const MIB = 2 ** 20;

  it("is refused with its number, behind those before it", async () => {
    const path = folder.write(
      "endless",
      Buffer.concat([Buffer.from("a\n\n"), Buffer.alloc(66 * MIB, "x")]),
    );
    const seen: number[] = [];
    const error = await errorOf(async () => {
      for await (const { number } of readLines(path)) seen.push(number);
    });
    expect(error.code).toBe("INPUT");
    expect(error.message).toBe(`${path}:3: a line of more than 64 MiB`);
    expect(seen).toEqual([1]);
  });

  // Chunks end at 64 KiB and every MiB behind it: here each has a line end near its beginning, so that
  // nearly a whole MiB is left of each.
  it("is not what 72 MiB of shorter lines are", async () => {
    const bytes = Buffer.alloc(72 * MIB, "x");
    for (let at = MIB / 8; at < bytes.length; at += MIB) bytes[at] = 10;
    expect(await linesOf(folder.write("lines", bytes))).toHaveLength(73);
  });
});

describe("a file that cannot be read", () => {
  it("is reported with its name", async () => {
    const path = `${folder.path}/absent`;
    const error = await errorOf(() => linesOf(path));
    expect(error.code).toBe("INPUT");
    expect(error.message).toBe(`${path}: no such file`);
  });

  it("is reported after the lines that could be read", async () => {
    const whole = gzipSync(`${"a".repeat(1000)}\n`.repeat(20_000), { level: 0 });
    const path = folder.write("cut.gz", whole.subarray(0, whole.length / 2));
    const seen: number[] = [];
    const error = await errorOf(async () => {
      for await (const { number } of readLines(path)) seen.push(number);
    });
    expect(error.message).toContain(`${path}: gzip data ends too early, at compressed byte `);
    expect(seen.length).toBeGreaterThan(1000);
    expect(seen).toEqual(seen.map((_, i) => i + 1));
  });
});
