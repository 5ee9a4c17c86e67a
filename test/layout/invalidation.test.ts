// TLB operations: what they are compiled to, and which operands are refused, in words.

import { describe, expect, it } from "vitest";
import { define } from "../../arch/define.js";
import { ARCHITECTURES } from "../../arch/index.js";
import type { Descriptor, DescriptorInput } from "../../arch/schema.js";
import * as abi from "../../assembly/abi/invalidate.js";
import { compileLayout } from "../../src/layout/compile.js";
import type { CompiledLayout } from "../../src/layout/compiled.js";
import { type InvalidationOperands, requestOf } from "../../src/layout/invalidation.js";

const layoutOf = (name: string, mode = {}): CompiledLayout =>
  compileLayout(ARCHITECTURES.get(name) as Descriptor, mode);
const X86 = layoutOf("x86-64");
const ARM = layoutOf("arm64");
const LAST = 2n ** 64n - 1n;

describe("an operation", () => {
  it.each([
    [
      X86,
      "INVLPG",
      { va: 0x1234n },
      abi.INVALIDATE_GLOBAL | abi.INVALIDATE_CURRENT | abi.INVALIDATE_TABLES,
    ],
    [X86, "INVPCID address", { va: 0x1234n, context: 3 }, abi.INVALIDATE_TABLES_ON_WAY],
    [ARM, "VALE1IS", { va: 0x1234n, context: 3 }, abi.INVALIDATE_GLOBAL | abi.INVALIDATE_EVERY_CPU],
  ] as const)("%#: of one address names that address", (layout, name, operands, flags) => {
    const request = requestOf(layout, name, operands);
    const context = "context" in operands ? operands.context : 0;
    expect(request).toEqual({
      flags: flags | abi.INVALIDATE_OWN,
      context,
      first: 0x1234n,
      last: 0x1234n,
    });
  });

  it("of all addresses names the first to the last", () => {
    expect(requestOf(ARM, "ASIDE1", { context: 510 })).toEqual({
      flags: abi.INVALIDATE_OWN | abi.INVALIDATE_TABLES,
      context: 510,
      first: 0n,
      last: LAST,
    });
  });

  it("that keeps everything drops nothing", () => {
    expect(requestOf(X86, "MOV CR3 keep", { context: 1 }).flags).toBe(0);
  });

  // (NUM + 1) * 2^(5 * SCALE + 1) granules.
  it.each([
    [4, 0, 0],
    [4, 31, 0],
    [4, 0, 3],
    [16, 31, 3],
    [64, 12, 2],
  ])("of a range counts granules of %i KiB: NUM %i, SCALE %i", (granule, num, scale) => {
    const layout = layoutOf("arm64", { granule });
    const bytes = BigInt(num + 1) * 2n ** BigInt(5 * scale + 1) * BigInt(granule) * 1024n;
    const va = 0x7000_0000n;
    const { first, last } = requestOf(layout, "RVAAE1", { va: va + 123n, bytes });
    expect([first, last]).toEqual([va, va + bytes - 1n]);
  });

  it("of a range ends where addresses end", () => {
    const va = -4096n;
    expect(requestOf(ARM, "RVAALE1IS", { va, bytes: 8192n })).toMatchObject({
      first: 2n ** 64n - 4096n,
      last: LAST,
    });
  });
});

describe("refused, with what is allowed", () => {
  it.each<[CompiledLayout, string, InvalidationOperands, RegExp]>([
    [
      X86,
      "INVLPGA",
      {},
      /x86-64 has no TLB operation "INVLPGA"; did you mean "INVLPG"\? \(it has INVLPG, /,
    ],
    [ARM, "INVLPG", {}, /arm64 has no TLB operation "INVLPG" \(it has VMALLE1, VMALLE1IS, /],
    [X86, "INVLPG", {}, /x86-64: INVLPG needs operand "va"/],
    [X86, "INVLPG", { va: 0n, context: 0 }, /INVLPG takes no operand "context"/],
    [X86, "INVPCID all", { va: 0n }, /INVPCID all takes no operand "va"/],
    [ARM, "VAE1", { va: 0n, bytes: 4096n, context: 0 }, /VAE1 takes no operand "bytes"/],
    [ARM, "VAE1", { va: 0n }, /VAE1 needs operand "context"/],
    [ARM, "RVAE1", { va: 0n, context: 0 }, /RVAE1 needs operand "bytes"/],
    [ARM, "ASIDE1", { context: 511 }, /ASIDE1: context 511, but 0 to 510 is allowed/],
    [ARM, "ASIDE1", { context: -1 }, /context -1/],
    [ARM, "ASIDE1", { context: 1.5 }, /context 1.5/],
    [ARM, "RVAAE1", { va: 0n, bytes: 0n }, /0 bytes, but 1 to 32 times 0x2000 or 0x40000 or /],
    [ARM, "RVAAE1", { va: 0n, bytes: 4096n }, /4096 bytes/],
    [ARM, "RVAAE1", { va: 0n, bytes: 33n * 8192n }, /270336 bytes/],
  ])("%#: %s", (layout, name, operands, message) => {
    expect(() => requestOf(layout, name, operands)).toThrow(
      expect.objectContaining({ code: "CONFIG", message: expect.stringMatching(message) }),
    );
  });

  it.each([
    ["a range without sizes", { addresses: "range" as const }],
    ["sizes without a range", { sizes: { counts: 1, log2: [0] } }],
  ])("a row with %s", (_, change) => {
    const descriptor = structuredClone(ARCHITECTURES.get("x86-64")) as DescriptorInput;
    const [row] = descriptor.invalidations ?? [];
    if (row === undefined) throw new Error("no row");
    expect(() => define({ ...descriptor, invalidations: [{ ...row, ...change }] })).toThrow(
      /a range has sizes/,
    );
  });
});
