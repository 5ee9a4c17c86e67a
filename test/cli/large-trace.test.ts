// Traces large enough for a thread of their own (src/trace/threaded.ts): the same results and errors as others,
// and the program ends.

import { gzipSync } from "node:zlib";
import { beforeAll, expect, it } from "vitest";
import type { Report } from "../../src/stats/report.js";
import { inputFolder, raw64Bytes } from "../trace/support.js";
import { mmulate, output } from "./support.js";

const folder = inputFolder();
/** Over 4 MiB, as gzip holds them at level 0. */
const RECORDS = 600_000;
const records = Array.from({ length: RECORDS }, (_, i) => {
  const page = (BigInt(i) * 0x9e3779b97f4a7c15n) >> 12n;
  return ((page & 0x3ffn) << 12n) | (BigInt(i * 0x9e3779b1) & 0xff8n) | BigInt(i % 3);
});
const RUN = ["--format", "raw64", "--arch", "x86-64,arm64", "--json"];
let zipped = "";

beforeAll(() => {
  zipped = folder.write("large.raw64.gz", gzipSync(raw64Bytes(records), { level: 0 }));
});

const countersOf = (text: string) =>
  (JSON.parse(text) as Report).cells.map((cell) => cell.counters);

it("count what the same records count where they are read without", async () => {
  const plain = folder.write("large.raw64", raw64Bytes(records));
  const expected = countersOf(await output("run", plain, ...RUN, "--workers", "1"));
  const one = await output("run", zipped, ...RUN, "--workers", "1");
  expect(countersOf(one)).toEqual(expected);
  expect(await output("run", zipped, ...RUN, "--workers", "2")).toBe(one);
});

it.each(["1", "2"])("stop where an access cannot be translated, with --workers %s", async (n) => {
  const wrong = [...records];
  wrong[1000] = 0x0001_0000_0000_0000n;
  const data = raw64Bytes(wrong);
  const here = folder.write("wrong.raw64", data);
  const there = folder.write("wrong.raw64.gz", gzipSync(data, { level: 0 }));
  const run = [...RUN, "--workers", n];
  const [expected, found] = [
    await mmulate("run", here, ...run),
    await mmulate("run", there, ...run),
  ];
  expect(expected.code).toBe(1);
  expect(found).toEqual({ ...expected, err: expected.err.replaceAll(here, there) });
});

it.each(["1", "2"])("tell damage with its place, with --workers %s", async (n) => {
  const data = raw64Bytes([...records, 7n, 0n]);
  const here = folder.write("damaged.raw64", data);
  const there = folder.write("damaged.raw64.gz", gzipSync(data, { level: 0 }));
  const run = [...RUN, "--workers", n];
  const [expected, found] = [
    await mmulate("run", here, ...run),
    await mmulate("run", there, ...run),
  ];
  expect(expected.err).toContain(`byte ${8 * RECORDS}: found a record of kind 7`);
  expect(found.code).toBe(expected.code);
  expect(found.err.trim().split("\n").at(-1)).toBe(
    expected.err.trim().split("\n").at(-1)?.replaceAll(here, there),
  );
});
