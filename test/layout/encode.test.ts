/** Encoded layouts, read back by an independent reader, hold what was compiled, in any mode. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arm64 } from "../../arch/arm64.js";
import { x8664 } from "../../arch/x86-64.js";
import { LAYOUT_BYTES } from "../../assembly/abi/layout.js";
import { LAYOUT_REGION } from "../../assembly/abi/memory-map.js";
import { compileLayout } from "../../src/layout/compile.js";
import { encodeLayout, hashBytes } from "../../src/layout/encode.js";
import type { ModeInput } from "../../src/layout/mode.js";
import { decodeLayout, expectedOf } from "./decode.js";
import { arbitraryMode } from "./modes.js";
import { oddities } from "./variants.js";

const DESCRIPTORS = [x8664, arm64, oddities()];

function hashOf(descriptor: (typeof DESCRIPTORS)[number], mode: ModeInput): string {
  return hashBytes(encodeLayout(compileLayout(descriptor, mode)));
}

describe.each(DESCRIPTORS)("an encoded layout of $name", (descriptor) => {
  it("holds every field where the core reads it, and nothing else", () => {
    fc.assert(
      fc.property(arbitraryMode(descriptor), (mode) => {
        const layout = compileLayout(descriptor, mode);
        const decoded = decodeLayout(encodeLayout(layout));
        expect(decoded.layout).toEqual(expectedOf(layout));
        expect(decoded).toMatchObject({ overlaps: [], strays: [] });
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  it("is the same for the same mode, in bytes of its own", () => {
    fc.assert(
      fc.property(arbitraryMode(descriptor), (mode) => {
        const layout = compileLayout(descriptor, mode);
        const [first, second] = [encodeLayout(layout), encodeLayout(layout)];
        expect(first.buffer).not.toBe(second.buffer);
        expect(hashBytes(first)).toBe(hashBytes(second));
      }),
      { numRuns: 20, seed: 1 },
    );
  });

  it("has the size that the core reserves", () => {
    expect(encodeLayout(compileLayout(descriptor))).toHaveLength(LAYOUT_BYTES);
    expect(LAYOUT_BYTES).toBeLessThanOrEqual(LAYOUT_REGION);
  });
});

/** Per architecture: a mode, and one parameter that must change what the core reads. */
const DECISIVE: Record<string, [ModeInput, ModeInput][]> = {
  "x86-64": [
    [{}, { levels: 5 }],
    [{}, { wp: true }],
    [{}, { nx: true }],
    [{}, { smep: true }],
    [{}, { smap: true }],
    [{ smap: true }, { ac: true }],
    [{}, { pge: true }],
    [{}, { pke: true }],
    [{ pke: true }, { pkru: 1 }],
    [{ pke: true }, { pkru: 0x8000_0000 }],
    [{ pke: true, pkru: 2 }, { wp: true }],
    [{}, { maxphyaddr: 39 }],
    [{}, { pse1g: false }],
  ],
  arm64: [
    [{}, { granule: 16 }],
    [{}, { granule: 64 }],
    [{}, { t0sz: 17 }],
    [{}, { t1sz: 17 }],
    [{}, { ha: true }],
    [{ ha: true }, { hd: true }],
    [{}, { wxn: true }],
    [{}, { pan: true }],
    [{}, { hpd0: true }],
    [{}, { hpd1: true }],
    [{}, { ds: true }],
    [{}, { ips: 44 }],
    [{ granule: 64 }, { pamax: 48 }],
  ],
};

/** Parameters that have no effect where another one is as given. */
const IDLE: Record<string, [ModeInput, ModeInput][]> = {
  "x86-64": [
    [{}, { ac: true }],
    [{}, { pkru: 0xffff_ffff }],
  ],
  arm64: [
    [{}, { hd: true }],
    [{ granule: 64 }, { ds: true }],
    [{}, { pamax: 48 }],
  ],
};

describe.each([x8664, arm64])("the bytes of a layout of $name", (descriptor) => {
  const cases = DECISIVE[descriptor.name] ?? [];
  const idle = IDLE[descriptor.name] ?? [];

  it.each(cases)("tell %o from the same with %o", (mode, change) => {
    expect(hashOf(descriptor, { ...mode, ...change })).not.toBe(hashOf(descriptor, mode));
  });

  it.each(idle)("are those of %o also with %o, which is idle then", (mode, change) => {
    expect(hashOf(descriptor, { ...mode, ...change })).toBe(hashOf(descriptor, mode));
  });

  it("tell every parameter of the descriptor in some mode", () => {
    const told = new Set(cases.flatMap(([, change]) => Object.keys(change)));
    expect([...told].sort()).toEqual(Object.keys(descriptor.parameters).sort());
  });
});

describe("the hash of bytes", () => {
  // The published test vectors of 64-bit FNV-1a.
  it.each([
    ["", "cbf29ce484222325"],
    ["a", "af63dc4c8601ec8c"],
    ["foobar", "85944171f73967e8"],
  ])("is FNV-1a: %o", (text, hash) => {
    expect(hashBytes(new TextEncoder().encode(text))).toBe(hash);
  });

  it("keeps its leading zeros", () => {
    const hashes = Array.from({ length: 256 }, (_, byte) => hashBytes(Uint8Array.of(byte, byte)));
    expect(hashes.every((hash) => /^[0-9a-f]{16}$/.test(hash))).toBe(true);
    expect(hashes.some((hash) => hash.startsWith("0"))).toBe(true);
  });
});
