// Simulated physical memory: sparse frames anywhere below 2^52, or a window for tables of the core's own.
//
// Against the plainest model there is: a Map from address to word. With the window on, memory is what the
// tables made so far span, from 0 up, and nothing else can be written.

import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { HASH_LIMIT } from "../../assembly/abi/memory-map.js";
import type { Core } from "../../src/core/core.js";
import { BUILDS, type Build, coreOf, typicalLayout } from "./support.js";

const TOP = 2n ** 52n - 8n;
const word = fc.bigInt(0n, 2n ** 64n - 1n);

/** Few frames, so that pokes and peeks meet; edges of frames and of the address space among them. */
const FRAMES = [0n, 0x1000n, 0xf_f000n, 2n ** 31n, 2n ** 32n, 2n ** 40n, 2n ** 51n];
const inFrame = fc.oneof(
  fc.constantFrom(0n, 8n, 0xff8n),
  fc.bigInt(0n, 511n).map((n) => 8n * n),
);
const address = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constantFrom(...FRAMES), inFrame).map(([f, at]) => f + at) },
  { weight: 1, arbitrary: fc.constantFrom(TOP, TOP - 0xff8n, TOP - 0x1000n) },
  { weight: 1, arbitrary: fc.bigInt(0n, TOP / 8n).map((n) => 8n * n) },
);
/** Where tables lie, with the window. */
const lowAddress = fc.bigInt(0n, 2n ** 18n).map((n) => 8n * n);

type Step =
  | { readonly do: "poke"; readonly at: bigint; readonly value: bigint }
  | { readonly do: "peek"; readonly at: bigint }
  | { readonly do: "reset" }
  | { readonly do: "table"; readonly level: number };

function stepAt(at: fc.Arbitrary<bigint>): fc.WeightedArbitrary<Step>[] {
  return [
    { weight: 8, arbitrary: fc.record({ do: fc.constant("poke" as const), at, value: word }) },
    { weight: 8, arbitrary: fc.record({ do: fc.constant("peek" as const), at }) },
    { weight: 1, arbitrary: fc.constant({ do: "reset" as const }) },
  ];
}

const newTableStep: fc.WeightedArbitrary<Step> = {
  weight: 3,
  arbitrary: fc.record({ do: fc.constant("table" as const), level: fc.constantFrom(0, 1, 2) }),
};
const sparseStep = fc.oneof(...stepAt(address));
const windowStep = fc.oneof(
  ...stepAt(fc.oneof({ weight: 5, arbitrary: lowAddress }, { weight: 1, arbitrary: address })),
  newTableStep,
);

/** arm64 with 64 KiB granules: tables of 64 KiB, and one of 4 KiB at the top. */
const LAYOUT = typicalLayout("arm64", { granule: 64 });
const TABLE_BYTES = [65536n, 65536n, 4096n] as const;

/** What was written since the last reset, and how far the window reaches. */
class Model {
  readonly words = new Map<bigint, bigint>();
  windowEnd = 0n;
  readonly window: boolean;

  constructor(window: boolean) {
    this.window = window;
  }

  reset(): void {
    this.words.clear();
    this.windowEnd = 0n;
  }

  takes(at: bigint): boolean {
    return !this.window || at < this.windowEnd;
  }
}

/** Makes a table and holds it against what a table must be: aligned, its own, all zero. */
function newTable(core: Core, model: Model, level: number): void {
  const bytes = TABLE_BYTES[level] ?? 0n;
  const at = core.exports.newTable(0, level);
  expect(at % bytes).toBe(0n);
  expect(at).toBeGreaterThanOrEqual(model.windowEnd);
  model.windowEnd = at + bytes;
  for (let offset = 0n; offset < bytes; offset += 512n) expect(core.peek(at + offset)).toBe(0n);
}

function poke(core: Core, model: Model, at: bigint, value: bigint): void {
  expect(core.exports.poke(at, value)).toBe(model.takes(at) ? 1 : 0);
  if (model.takes(at)) model.words.set(at, value);
}

/** Does a step on both; a peek compares them. */
function take(core: Core, model: Model, step: Step): void {
  if (step.do === "poke") poke(core, model, step.at, step.value);
  if (step.do === "peek") expect(core.peek(step.at)).toBe(model.words.get(step.at) ?? 0n);
  if (step.do === "table") newTable(core, model, step.level);
  if (step.do === "reset") {
    core.reset(model.window);
    model.reset();
  }
}

const RUNS: Record<Build, number> = { release: 300, debug: 100 };

describe.each(BUILDS)("on the %s build", (build) => {
  it.each([
    ["sparse memory", false, sparseStep],
    ["memory with the window", true, windowStep],
  ] as const)(
    "%s holds what was written, and nothing else, until it is reset",
    (_, window, step) => {
      const core = coreOf(build);
      core.loadLayout(LAYOUT);
      fc.assert(
        fc.property(fc.array<Step>(step, { maxLength: 100, size: "max" }), (steps) => {
          core.reset(window);
          const model = new Model(window);
          for (const one of steps) take(core, model, one);
          for (const [at, value] of model.words) expect(core.peek(at)).toBe(value);
        }),
        { numRuns: RUNS[build] },
      );
    },
  );

  it("an address means its 8-byte word", () => {
    const core = coreOf(build);
    core.poke(TOP + 7n, 5n);
    for (let byte = 0n; byte < 8n; byte++) expect(core.peek(TOP + byte)).toBe(5n);
    expect(core.peek(TOP - 8n)).toBe(0n);
  });

  it("peeking makes no frame: absent memory costs nothing", () => {
    const core = coreOf(build);
    const before = core.exports.memory.buffer.byteLength;
    for (let frame = 0n; frame < BigInt(2 * HASH_LIMIT); frame++) core.peek(frame << 20n);
    expect(core.exports.memory.buffer.byteLength).toBe(before);
    expect(core.exports.poke(0n, 1n)).toBe(1);
  });

  it("a new table starts at 0 in the window, whatever was there before the reset", () => {
    const core = coreOf(build);
    core.loadLayout(typicalLayout("x86-64"));
    core.reset(true);
    core.poke(core.exports.newTable(0, 3) + 8n, 7n);
    core.reset(true);
    expect(core.exports.newTable(0, 3)).toBe(0n);
    expect(core.peek(8n)).toBe(0n);
  });

  describe("with as many frames as the hash holds", () => {
    const core = coreOf(build);
    /** Frames all over the address space. Mixed well, so that hashes collide, and probes wrap around. */
    const frameAt = (i: number): bigint => {
      let mixed = BigInt.asUintN(64, BigInt(i + 1) * 0x9e37_79b9_7f4a_7c15n);
      mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 30n)) * 0xbf58_476d_1ce4_e5b9n);
      mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 27n)) * 0x94d0_49bb_1331_11ebn);
      return ((mixed ^ (mixed >> 31n)) >> 24n) << 12n;
    };

    beforeAll(() => {
      for (let i = 0; i < HASH_LIMIT; i++) core.poke(frameAt(i) + 8n, BigInt(i) + 1n);
    });

    it("keeps the word of each", () => {
      const wrong: number[] = [];
      for (let i = 0; i < HASH_LIMIT; i++) {
        if (core.peek(frameAt(i) + 8n) !== BigInt(i) + 1n) wrong.push(i);
      }
      expect(wrong).toEqual([]);
    });

    it("refuses one more, and says so", () => {
      expect(core.exports.poke(frameAt(HASH_LIMIT), 1n)).toBe(0);
      expect(core.peek(frameAt(HASH_LIMIT))).toBe(0n);
      expect(() => core.poke(frameAt(HASH_LIMIT), 1n)).toThrow(
        expect.objectContaining({ code: "MEMORY" }),
      );
    });

    it("still writes to those it has", () => {
      core.poke(frameAt(0) + 16n, 99n);
      expect(core.peek(frameAt(0) + 16n)).toBe(99n);
      expect(core.peek(frameAt(0) + 8n)).toBe(1n);
    });

    it("takes new ones after a reset, which come up empty", () => {
      core.reset(false);
      expect(core.exports.poke(frameAt(HASH_LIMIT), 1n)).toBe(1);
      expect(core.peek(frameAt(HASH_LIMIT) + 8n)).toBe(0n);
      for (const i of [0, 1, HASH_LIMIT - 1]) expect(core.peek(frameAt(i) + 8n)).toBe(0n);
    });
  });
});
