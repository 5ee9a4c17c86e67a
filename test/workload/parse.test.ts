// What an input that names a workload may say, and what is said to one that may not.

import { describe, expect, it } from "vitest";
import { MmulateError } from "../../src/errors.js";
import { parseWorkload } from "../../src/workload/index.js";

const DEFAULTS = { pages: 4096, stride: 4096, lines: 1, rotate: 1, warmup: 2, passes: 2 };

describe("an input", () => {
  it("names a workload with its parameters, in any order", () => {
    expect(parseWorkload("chase")).toEqual({ workload: "chase", parameters: DEFAULTS, seed: 1 });
    expect(parseWorkload("chase:stride=8k:pages=2m", 9)).toEqual({
      workload: "chase",
      parameters: { ...DEFAULTS, stride: 8192, pages: 2 ** 21 },
      seed: 9,
    });
  });

  it.each([
    "trace.mmt",
    "./chase",
    "chase.raw64",
    "/data/chase:pages=3",
    "a b:c",
    "C:/x=1",
    "toString",
  ])("that reads %s is a file", (text) => {
    expect(parseWorkload(text)).toBeNull();
  });

  it.each([
    [
      "chaes:pages=3",
      'unknown workload "chaes"; did you mean "chase"? (known: chase, uniform, predump, page-costs)',
    ],
    [
      "chase:page=3",
      'unknown parameter of chase "page"; did you mean "pages"? (known: pages, stride, lines, rotate, warmup, passes)',
    ],
    ["chase:", '"chase:": "" is not PARAMETER=VALUE'],
    ["chase:pages", '"chase:pages": "pages" is not PARAMETER=VALUE'],
    ["chase:pages=1:pages=2", '"chase:pages=1:pages=2" sets pages twice'],
    ["chase:pages=0", '"chase:pages=0": pages=0: whole numbers from 1 to 16777216 are allowed'],
    [
      "chase:pages=1.5",
      '"chase:pages=1.5": pages=1.5: whole numbers from 1 to 16777216 are allowed',
    ],
    ["chase:pages=1t", '"chase:pages=1t": pages=1t: whole numbers from 1 to 16777216 are allowed'],
    [
      "chase:stride=100",
      '"chase:stride=100": stride=100: multiples of 64 from 64 to 1073741824 are allowed',
    ],
    [
      "chase:stride=1k:lines=17",
      '"chase:stride=1k:lines=17": lines=17: a stride of 1024 bytes has room for 16',
    ],
    [
      "chase:pages=1m:lines=17",
      '"chase:pages=1m:lines=17": pages=1048576 of lines=17: up to 16777216 lines are allowed',
    ],
    [
      "chase:pages=128k:stride=1g",
      '"chase:pages=128k:stride=1g": pages=131072 at stride=1073741824: up to 2^46 bytes are allowed',
    ],
  ])("that reads %s is refused", (text, message) => {
    expect(() => parseWorkload(text)).toThrow(new MmulateError("USAGE", message));
  });

  it.each([-1, 1.5, 2 ** 32])("has no seed %d", (seed) => {
    const message = `seed ${seed}: 0 to 4294967295 are allowed`;
    expect(() => parseWorkload("chase", seed)).toThrow(new MmulateError("USAGE", message));
  });
});
