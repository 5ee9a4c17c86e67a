// Whatever another CPU does in the middle of a call: every process reads what it must, devices see what it writes, and the
// kernel's state holds together, under every scheme that is meant to be right.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PAE_SCHEMES } from "../../src/pae/index.js";
import { races } from "./arbitrary-race.js";
import { playUnder } from "./support.js";

/** `npm run test:long` plays many more. */
const TIMES = process.env.MMULATE_LONG === undefined ? 1 : 40;

const MACHINES = [
  ["x86-64", "6.12:mthp=64k"],
  ["arm64", "7.2:mthp=64k"],
] as const;

const guarded = [...PAE_SCHEMES.keys()].filter((name) => !name.endsWith("-naive"));

describe.each(guarded)("races under %s", (pae) => {
  it.each(MACHINES)("hold on %s, Linux %s", { timeout: 0 }, async (arch, kernel) => {
    const property = fc.asyncProperty(races(60), async (text) => {
      const { complaints } = await playUnder(pae, text, arch, `${kernel}:memory=16m`);
      expect(complaints, text).toEqual([]);
    });
    await fc.assert(property, { numRuns: 8 * TIMES, seed: 13, endOnFailure: true });
  });
});
