// Under every scheme of PageAnonExclusive that is meant to be right, whatever a script does: every process reads what it
// must, and the kernel's state holds together.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PAE_SCHEMES } from "../../src/pae/index.js";
import { scripts } from "./arbitrary-script.js";
import { playUnder } from "./support.js";

/** `npm run test:long` plays many more. */
const TIMES = process.env.MMULATE_LONG === undefined ? 1 : 40;

const MACHINES = [
  ["x86-64", "6.1"],
  ["x86-64", "7.2:mthp=64k"],
  ["arm64", "6.12:mthp=64k"],
  ["arm64:granule=64", "7.2"],
  ["riscv64", "7.2"],
] as const;

const guarded = [...PAE_SCHEMES.keys()].filter(
  (name) => name !== "page" && !name.endsWith("-naive"),
);

describe.each(guarded)("random scripts under %s", (pae) => {
  it.each(MACHINES)("hold on %s, Linux %s", { timeout: 0 }, async (arch, kernel) => {
    const property = fc.asyncProperty(scripts(60, "all"), async (text) => {
      const { complaints } = await playUnder(pae, text, arch, `${kernel}:memory=10m`);
      expect(complaints, text).toEqual([]);
    });
    await fc.assert(property, { numRuns: 8 * TIMES, seed: 11, endOnFailure: true });
  });
});
