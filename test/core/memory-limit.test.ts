import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { buildFile } from "../../src/build-file.js";
import { Core } from "../../src/core/core.js";
import { limitMemory } from "../../src/core/memory-limit.js";

const BUILT = readFileSync(buildFile("release.wasm"));
const PAGE = 64 * 1024;

/** Grows an instance's memory page by page. Returns how many pages it has at last. */
function mostPages(bytes: number): number {
  const { memory } = new Core(new WebAssembly.Module(limitMemory(BUILT, bytes))).exports;
  for (;;) {
    try {
      memory.grow(1);
    } catch {
      return memory.buffer.byteLength / PAGE;
    }
  }
}

describe("a module with a limit of memory", () => {
  it.each([
    [4 << 20, 64],
    [(4 << 20) + PAGE, 65],
    [(8 << 20) + PAGE - 1, 128],
    [20 << 20, 320],
  ])("of %i bytes grows to %i pages, and no further", (bytes, pages) => {
    expect(mostPages(bytes)).toBe(pages);
  });

  it("is as long as before, and differs in the maximum alone", () => {
    const limited = limitMemory(BUILT, 8 << 20);
    const differing = [...limited.keys()].filter((i) => limited[i] !== BUILT[i]);
    expect(limited).toHaveLength(BUILT.length);
    expect(differing.length).toBeGreaterThan(0);
    expect(differing.length).toBeLessThanOrEqual(3);
    expect(limitMemory(BUILT, 2 ** 32)).toEqual(new Uint8Array(BUILT));
  });

  it.each([0, (4 << 20) - 1, 2 ** 32 + PAGE, Number.NaN])("cannot have %f bytes", (bytes) => {
    expect(() => limitMemory(BUILT, bytes)).toThrow("4 to 4096 MiB are allowed");
  });
});
