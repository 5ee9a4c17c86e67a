import { describe, expect, it } from "vitest";
import { linesOf, mmulate } from "./support.js";

/** Columns of a whole table are wider. */
const narrow = (line: string): string => line.replaceAll(/ +/g, " ");

describe("mmulate demo", () => {
  it("shows real numbers, the commands that give them, and what to try next", async () => {
    const { code, out } = await mmulate("demo");
    expect(code).toBe(0);
    // The figures are those of the README and of the studies.
    expect(out).toMatch(/^page walks +238 +34 +0\.143$/m);
    expect(out).toMatch(/^13 +pagemap A +pages 1 x PWXE/m);
    const commands = linesOf(out).filter((line) => line.startsWith("$ mmulate run "));
    expect(commands).toHaveLength(3);
    for (const command of commands) {
      const again = await mmulate(...command.split(" ").slice(2));
      expect(again.code).toBe(0);
      // Each line that the demo shows of a result is one of what its command prints.
      const figures = linesOf(again.out).filter((line) => /^(page walks|13 +pagemap)/.test(line));
      expect(figures).toHaveLength(1);
      for (const line of figures) expect(linesOf(out).map(narrow)).toContain(narrow(line));
    }
    expect(out).toContain("What to try next:\n");
  });
});
