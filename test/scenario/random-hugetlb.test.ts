// Whatever a script does with huge pages of a pool: every process reads what it must, or finds the pool empty, and
// the kernel's state holds together.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scripts } from "./arbitrary-huge-script.js";
import { play } from "./support.js";

describe.each([
  ["x86-64", "6.1", { size: "2m", pages: 512 }],
  ["x86-64", "7.2", { size: "2m", pages: 512 }],
  ["arm64", "6.12", { size: "2m", pages: 512 }],
  ["arm64:ha=false:hd=false", "7.2", { size: "2m", pages: 512 }],
  ["arm64:granule=16", "7.2", { size: "32m", pages: 2048 }],
  ["arm64", "7.2", { size: "64k", pages: 16 }],
  ["arm64:ha=false:hd=false", "6.12", { size: "64k", pages: 16 }],
  ["arm64:granule=16", "7.2", { size: "2m", pages: 128 }],
] as const)("random scripts with huge pages on %s, Linux %s", (arch, kernel, huge) => {
  it("read what they must, and break no invariant", async () => {
    const property = fc.asyncProperty(scripts(60, huge), async (text) => {
      const { complaints } = await play(text, arch, kernel);
      expect(complaints, text).toEqual([]);
    });
    await fc.assert(property, { numRuns: 30, seed: 7 });
  });
});
