// Whatever a script does: every process reads what it must, and the kernel's state holds together.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scripts } from "./arbitrary-script.js";
import { MACHINES, play } from "./support.js";

/** `npm run test:long` plays many more. */
const TIMES = process.env.MMULATE_LONG === undefined ? 1 : 120;

describe.each(MACHINES)("random scripts on %s, Linux %s", (arch, kernel) => {
  it("read what they must, and break no invariant", { timeout: 0 }, async () => {
    const property = fc.asyncProperty(scripts(100), async (text) => {
      const { complaints } = await play(text, arch, kernel);
      expect(complaints, text).toEqual([]);
    });
    await fc.assert(property, { numRuns: 15 * TIMES, seed: 5, endOnFailure: true });
  });
});

/** Also with folios of 64 KiB. */
const MIDDLE = [
  ["x86-64", "7.2:mthp=64k"],
  ["x86-64", "6.12:mthp=64k"],
  ["arm64", "6.12:mthp=64k"],
  ["arm64", "7.2:mthp=64k"],
] as const;

describe.each([...MACHINES, ...MIDDLE])("random scripts on %s, Linux %s", (arch, kernel) => {
  it("hold with swap, KSM, pins, huge pages, migration and no memory", { timeout: 0 }, async () => {
    const property = fc.asyncProperty(scripts(80, "all"), async (text) => {
      // A small machine, which is checked faster, and now and then is full.
      const { complaints } = await play(text, arch, `${kernel}:memory=10m`);
      expect(complaints, text).toEqual([]);
    });
    await fc.assert(property, { numRuns: 15 * TIMES, seed: 6, endOnFailure: true });
  });
});
