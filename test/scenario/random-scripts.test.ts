// Whatever a script does: every process reads what it must, and the kernel's state holds together.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scripts } from "./arbitrary-script.js";
import { MACHINES, play } from "./support.js";

describe.each(MACHINES)("random scripts on %s, Linux %s", (arch, kernel) => {
  it("read what they must, and break no invariant", async () => {
    const property = fc.asyncProperty(scripts(100), async (text) => {
      const { complaints } = await play(text, arch, kernel);
      expect(complaints, text).toEqual([]);
    });
    await fc.assert(property, { numRuns: 50, seed: 5 });
  });
});
