import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { inputFolder, raw64Bytes, SORT_TRACE } from "../trace/support.js";
import { hundredPages, linesOf, mmulate, output, TINY } from "./support.js";

const folder = inputFolder();
const at = (name: string): string => join(folder.path, name);
let tiny = "";
let crossing = "";
beforeAll(() => {
  tiny = folder.write("tiny.lackey", TINY);
  // Borders of 4, 16 and 64 KiB; accesses that touch several pages.
  const borders = ["1ffc,8", "3ffc,8", "fffc,8", "7ffe,20000"].map(
    (one) => ` L ${one}\nI  ${one}\n`,
  );
  crossing = folder.write("crossing.lackey", borders.join("").repeat(20_000));
});

/** The counters of a run, cell by cell. */
async function counters(path: string, ...flags: string[]): Promise<unknown> {
  const report = JSON.parse(await output("run", path, ...flags, "--json")) as {
    cells: { counters: unknown; metrics: unknown }[];
  };
  return report.cells.map((cell) => [cell.counters, cell.metrics]);
}

async function convert(input: string, name: string, ...flags: string[]): Promise<string> {
  const { code, out, err } = await mmulate("trace", "convert", input, at(name), ...flags);
  expect([code, out], err).toEqual([0, ""]);
  expect(linesOf(err)).toHaveLength(1);
  return at(name);
}

describe("mmulate trace convert", () => {
  const ARCHS = ["--arch", "x86-64,arm64,arm64:granule=16,arm64:granule=64"];

  it.each([
    ["as they are", []],
    ["unsplit", ["--no-split"]],
    ["of data", ["--accesses", "data"]],
  ])("makes .mmt files whose runs count what runs of the original count: %s", async (_, flags) => {
    const files = [await convert(crossing, "c.mmt"), await convert(crossing, "c.mmt.gz")];
    const original = await counters(crossing, ...ARCHS, ...flags);
    for (const file of files) expect(await counters(file, ...ARCHS, ...flags)).toEqual(original);
  });

  it("does so for a whole program", async () => {
    const file = await convert(SORT_TRACE, "sort.mmt");
    const flags = ["--pages", "base", "--pages", "thp"];
    expect(await counters(file, ...flags)).toEqual(await counters(SORT_TRACE, ...flags));
  });

  it.each([
    ["--no-split", ["--no-split"]],
    ["--accesses data", ["--accesses", "data"]],
  ])("leaves out with %s what a run leaves out", async (_, flags) => {
    const file = await convert(crossing, "less.mmt", ...flags);
    expect(await counters(file, "--arch", "x86-64")).toEqual(
      await counters(crossing, "--arch", "x86-64", ...flags),
    );
  });

  it("takes raw64, and makes it", async () => {
    const input = folder.write("hundred.raw64.gz", gzipSync(hundredPages()));
    const file = await convert(input, "hundred.mmt", "--format", "raw64");
    expect(await counters(file)).toEqual(await counters(input, "--format", "raw64"));
    expect(readFileSync(await convert(file, "back.raw64"))).toEqual(hundredPages());
  });

  it("gives the same where simulated memory grows while a block is run", async () => {
    const far = Array.from({ length: 30_000 }, (_, i) => BigInt(i) << 21n);
    const input = folder.write("far.raw64", raw64Bytes([...far, ...far]));
    const file = await convert(input, "far.mmt", "--format", "raw64");
    const original = await counters(input, "--format", "raw64", "--arch", "x86-64,arm64");
    expect(await counters(file, "--arch", "x86-64,arm64")).toEqual(original);
  });

  it("says what it made", async () => {
    const { err } = await mmulate("trace", "convert", tiny, at("tiny.mmt"));
    expect(err).toBe(`mmulate: ${tiny} to ${at("tiny.mmt")}: 6 records\n`);
  });

  it("keeps what was there when it fails", async () => {
    const bad = folder.write("bad.lackey", `${TINY} L 12\n`);
    const kept = folder.write("kept.mmt", "old");
    const before = readdirSync(folder.path).sort();
    const { code, out, err } = await mmulate("trace", "convert", bad, kept);
    expect([code, out]).toEqual([2, ""]);
    expect(linesOf(err)).toEqual([expect.stringMatching(/^mmulate: .*bad\.lackey: line 7: /)]);
    expect(readFileSync(kept, "utf8")).toBe("old");
    expect(readdirSync(folder.path).sort()).toEqual(before);
  });

  it.each([
    ["a name that says nothing", ["T", "out.bin"], "the name does not say what to write"],
    ["no output", ["T"], "missing required argument 'out'"],
    ["an unknown format", ["T", "out.mmt", "--format", "elf"], 'unknown trace format "elf"'],
    [
      "accesses of no kind",
      ["T", "out.mmt", "--accesses", "none"],
      "Allowed choices are all, data",
    ],
    ["a missing input", ["none", "out.mmt"], "none: no such file"],
  ])("refuses %s", async (_, words, message) => {
    const args = words.map((word) => (word === "T" ? tiny : word.replace(/^out/, at("out"))));
    const { code, out, err } = await mmulate("trace", "convert", ...args);
    expect([code, out]).toEqual([2, ""]);
    expect(linesOf(err)).toEqual([expect.stringContaining(message)]);
  });
});

describe("mmulate trace info", () => {
  it("tells what a .mmt file holds, as text", async () => {
    const file = await convert(crossing, "info.mmt");
    const text = await output("trace", "info", file);
    const shown = text.replaceAll(file, "TRACE");
    await expect(shown).toMatchFileSnapshot("../golden/cli/trace-info.txt");
  });

  it("tells the same of the original but what the header says, as JSON", async () => {
    const file = await convert(tiny, "json.mmt.gz");
    const info = async (path: string) =>
      JSON.parse(await output("trace", "info", path, "--json")) as Record<string, unknown>;
    const expected = {
      records: 6,
      reads: 2,
      writes: 1,
      fetches: 2,
      controls: 0,
      instructions: 2,
      continuations: 0,
      pages: 3,
      lowest: "0x1000",
      highest: "0x7f0000000000",
    };
    expect(await info(tiny)).toEqual({ file: tiny, format: "lackey", header: null, ...expected });
    const header = { source: "tiny.lackey (lackey)", pageShift: 12, accesses: "all" };
    expect(await info(file)).toEqual({ file, format: "mmt", header, ...expected });
  });

  it("refuses what it cannot recognise", async () => {
    const file = folder.write("two.raw64", raw64Bytes([8n, 16n]));
    const { code, err } = await mmulate("trace", "info", file);
    expect(code).toBe(2);
    expect(err).toContain("choose one with --format NAME");
    expect(await output("trace", "info", file, "--format", "raw64")).toContain("reads");
  });
});

describe("mmulate run of a damaged .mmt", () => {
  it("says in one line where the damage is", async () => {
    const file = await convert(tiny, "flip.mmt");
    const bytes = readFileSync(file);
    bytes[188] = 0xff;
    folder.write("flip.mmt", bytes);
    const { code, out, err } = await mmulate("run", file, "--arch", "x86-64");
    expect([code, out]).toEqual([2, ""]);
    expect(linesOf(err)).toEqual([
      `mmulate: ${file}: byte 176: found other records in block 0, ` +
        "expected those that its head gives the checksum of: they are damaged",
    ]);
  });
});
