import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { convertTrace } from "../../src/trace/convert.js";
import { decodeHeader } from "../../src/trace/mmt-format.js";
import { batchOf, mmtBytes, readFile } from "./mmt-support.js";
import { ALL, errorOf, inputFolder, raw64Bytes, SORT_TRACE } from "./support.js";

const { path: folder, write } = inputFolder();
const AS_IS = { accesses: "all", split: true } as const;
const TEXT = "I  0fff,4\n L 1ffc,8\n M 3ffe,4\nI  2000,4\n S 10ffff,70\n L 7fff,9000\n";
const at = (name: string): string => join(folder, name);

/** Without what only says where batches end. */
async function accessesOf(path: string, options: Parameters<typeof readFile>[1]) {
  return (await readFile(path, options)).records;
}

describe("a converted trace", () => {
  const line = fc
    .tuple(
      fc.constantFrom("I ", " L", " S", " M"),
      fc.oneof(fc.nat(0xffff), fc.integer({ min: 0xfff0, max: 0x10010 }), fc.nat()),
      fc.oneof(fc.integer({ min: 1, max: 16 }), fc.integer({ min: 1, max: 65536 })),
    )
    .map(([kind, address, size]) => `${kind} ${address.toString(16)},${size}\n`);

  it.each(["out.mmt", "out.mmt.gz"])(
    "gives what the original gives, whatever is left out and however large the pages: %s",
    async (name) => {
      const lines = fc.array(line, { minLength: 1, maxLength: 30 }).map((some) => some.join(""));
      await fc.assert(
        fc.asyncProperty(lines, async (some) => {
          const input = write("in.lackey", `${some} L 8,8\n`);
          const output = at(name);
          await convertTrace(input, output, AS_IS);
          for (const accesses of ["all", "data"] as const) {
            for (const [split, pageShift] of [
              [true, 12],
              [true, 14],
              [true, 16],
              [false, 12],
            ] as const) {
              const options = { ...ALL, accesses, split, pageShift };
              expect(await readFile(output, options)).toEqual(await readFile(input, options));
            }
          }
        }),
        { seed: 1, numRuns: 40 },
      );
    },
  );

  it.each([
    ["data accesses only", { accesses: "data", split: true }],
    ["accesses unsplit", { accesses: "all", split: false }],
  ] as const)("may hold less: %s", async (_, settings) => {
    const [input, output] = [write("less.lackey", TEXT), at("less.mmt")];
    await convertTrace(input, output, settings);
    expect(await accessesOf(output, ALL)).toEqual(await accessesOf(input, { ...ALL, ...settings }));
    // Once more, the other way round: the file knows what it lacks.
    const again = at("again.mmt.gz");
    await convertTrace(output, again, AS_IS);
    expect(gunzipSync(readFileSync(again)).subarray(8, 16)).toEqual(
      readFileSync(output).subarray(8, 16),
    );
    const { accesses, pageShift } = decodeHeader("less", readFileSync(output));
    expect([accesses, pageShift]).toEqual([settings.accesses, settings.split ? 12 : 0]);
  });

  it("holds whole records where they are read as they lie, and few bytes behind gzip", async () => {
    await convertTrace(SORT_TRACE, at("sort.mmt"), AS_IS);
    await convertTrace(SORT_TRACE, at("sort.mmt.gz"), AS_IS);
    const records = decodeHeader("t", readFileSync(at("sort.mmt"))).records;
    expect(statSync(at("sort.mmt")).size).toBeGreaterThan(8 * records);
    expect(gunzipSync(readFileSync(at("sort.mmt.gz"))).length).toBeLessThan(1.5 * records);
  });

  it("can be converted on without loss, and to raw64", async () => {
    const [input, one, two] = [write("on.lackey", TEXT), at("on.mmt.gz"), at("two.mmt")];
    await convertTrace(input, one, AS_IS);
    await convertTrace(one, two, AS_IS);
    expect(await readFile(two)).toEqual(await readFile(input));
    expect(decodeHeader(two, readFileSync(two)).source).toBe("on.lackey (lackey)");
    expect(decodeHeader(two, readFileSync(two)).records).toBe((await readFile(two)).records.length);

    const plain = await accessesOf(input, ALL);
    expect(await convertTrace(two, at("on.raw64"), AS_IS)).toBe(plain.length);
    expect(readFileSync(at("on.raw64"))).toEqual(raw64Bytes(plain));
    await convertTrace(at("on.raw64"), at("back.mmt"), { ...AS_IS, format: "raw64" });
    const back = await readFile(at("back.mmt"), { ...ALL, pageShift: 14 });
    expect(back).toEqual({ records: plain, continuations: [] });
  });

  it("is the same trace of a whole program", async () => {
    const output = at("sort.mmt");
    const seen: number[] = [];
    const records = await convertTrace(SORT_TRACE, output, AS_IS, (count) => seen.push(count));
    expect(records).toBe(decodeHeader(output, readFileSync(output)).records);
    expect(seen.at(-1)).toBe(records);
    const [made, original] = [await readFile(output), await readFile(SORT_TRACE)];
    expect(made.records.every((record, i) => record === original.records[i])).toBe(true);
    expect(made.continuations).toEqual(original.continuations);
  });
});

describe("a conversion that fails", () => {
  const DAMAGED = `${" L 1000,8\n".repeat(200_000)} L 12\n`;

  it.each(["old.mmt", "old.mmt.gz", "old.raw64"])(
    "leaves %s as it was, and nothing else",
    async (name) => {
      const [input, output] = [write("damaged.lackey", DAMAGED), write(name, "old content")];
      const before = readdirSync(folder).sort();
      const error = await errorOf(() => convertTrace(input, output, AS_IS));
      expect(error.message).toMatch(/damaged\.lackey: line 200001: /);
      expect(readFileSync(output, "utf8")).toBe("old content");
      expect(readdirSync(folder).sort()).toEqual(before);
    },
  );

  it("leaves nothing where nothing was", async () => {
    const input = write("cut.gz", gzipSync(DAMAGED).subarray(0, -9));
    const before = readdirSync(folder).sort();
    const message = (await errorOf(() => convertTrace(input, at("none.mmt"), AS_IS))).message;
    expect(message).toMatch(/cut\.gz: (gzip data ends too early|line 200001)/);
    expect(readdirSync(folder).sort()).toEqual(before);
  });

  it("refuses records that raw64 cannot hold", async () => {
    const input = write("cpus.mmt", await mmtBytes([batchOf([0x1000n, 0x2000n, (3n << 3n) | 3n])]));
    const error = await errorOf(() => convertTrace(input, at("cpus.raw64"), AS_IS));
    expect([error.code, error.message]).toEqual([
      "INPUT",
      `${input}: a control record of kind 3 stands behind 2 accesses; raw64 holds kinds 0 to 2 only`,
    ]);
  });

  it.each(["x", "x.gz", "x.lackey", "x.mmt.zip"])("refuses the name %s", async (name) => {
    const error = await errorOf(() => convertTrace("not-read", at(name), AS_IS));
    expect([error.code, error.message]).toEqual([
      "USAGE",
      `${at(name)}: the name does not say what to write; it ends in .mmt or .raw64, .gz may follow`,
    ]);
  });

  it("refuses a folder, and what lies in none", async () => {
    const input = write("fine.lackey", TEXT);
    mkdirSync(at("folder.mmt"));
    const message = async (name: string) =>
      (await errorOf(() => convertTrace(input, at(name), AS_IS))).message;
    expect(await message("folder.mmt")).toBe(
      `cannot write ${at("folder.mmt")}: it is there and no file`,
    );
    expect(await message("no/x.mmt")).toBe(`cannot write ${at("no/x.mmt")}: ENOENT`);
    expect(await message("no/x.mmt.gz")).toBe(`cannot write ${at("no/x.mmt.gz")}: ENOENT`);
  });
});

describe("a file that a conversion replaces", () => {
  it("keeps its rights, and a link that leads to it", async () => {
    const input = write("fine2.lackey", TEXT);
    const file = write("real.mmt", "old");
    chmodSync(file, 0o600);
    symlinkSync(file, at("link.mmt"));
    await convertTrace(input, at("link.mmt"), AS_IS);
    expect(lstatSync(at("link.mmt")).isSymbolicLink()).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await readFile(file)).toEqual(await readFile(input));
  });

  it("may be the input itself", async () => {
    const file = write("self.mmt", await mmtBytes([batchOf([8n, 16n])]));
    await convertTrace(file, file, AS_IS);
    expect((await readFile(file)).records).toEqual([8n, 16n]);
    expect(existsSync(file)).toBe(true);
  });
});
