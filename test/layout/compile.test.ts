/**
 * Compiling is a pure function. It remembers parts of layouts by the parameters they depend on; a part
 * remembered under too few of them would turn up in a mode where it is wrong.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arm64 } from "../../arch/arm64.js";
import { define } from "../../arch/define.js";
import { x8664 } from "../../arch/x86-64.js";
import { compileLayout } from "../../src/layout/compile.js";
import type { Mode } from "../../src/layout/mode.js";
import { arbitraryMode } from "./modes.js";
import { oddities } from "./variants.js";

describe.each([x8664, arm64, oddities()])("a layout of $name", (descriptor) => {
  it("is that of a copy of the descriptor that was never compiled before", () => {
    fc.assert(
      fc.property(arbitraryMode(descriptor), (mode) => {
        const fresh = compileLayout(define(structuredClone(descriptor)), mode);
        expect(compileLayout(descriptor, mode)).toEqual(fresh);
      }),
      { numRuns: 40, seed: 1 },
    );
  });

  it("does not depend on the order in which a mode names its parameters", () => {
    fc.assert(
      fc.property(arbitraryMode(descriptor), (mode) => {
        const turned = Object.fromEntries(Object.entries(mode).reverse());
        const [layout, again] = [
          compileLayout(descriptor, mode),
          compileLayout(descriptor, turned),
        ];
        expect(again).toEqual(layout);
        expect(Object.keys(again.mode)).toEqual(Object.keys(layout.mode));
      }),
      { numRuns: 20, seed: 2 },
    );
  });

  it("carries the whole mode that it was compiled for", () => {
    fc.assert(
      fc.property(arbitraryMode(descriptor), (mode) => {
        const given: Mode = Object.freeze(mode);
        expect(compileLayout(descriptor, given).mode).toEqual(given);
        expect(compileLayout(descriptor, given).architecture).toBe(descriptor.name);
      }),
      { numRuns: 20, seed: 3 },
    );
  });
});
