// The yardstick's machine beside a model that shares no code with it, on traces made to hurt: sets that
// overflow, walk caches that thrash, both page sizes, stores through clean and stale copies.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { COUNTER_LIST } from "../../src/stats/counters.js";
import { inputFolder, raw64Bytes } from "../trace/support.js";
import { runOne } from "./support.js";
import { YardstickModel } from "./yardstick-model.js";

const folder = inputFolder();

/** A small linear congruential generator: the same trace for the same seed, everywhere. */
function* numbers(seed: number): Generator<number, never, undefined> {
  for (let state = seed >>> 0; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

interface Region {
  readonly base: number;
  readonly stride: number;
  readonly count: number;
}

/** A region wears out what its stride aliases in: a set of the TLBs, or one of the walk caches. */
const STRIDES = [4096, 16 * 4096, 128 * 4096, 2 ** 21, 2 ** 24, 2 ** 30, 2 ** 39];
const small = fc.record({
  base: fc.integer({ min: 0, max: 2 ** 30 }).map((page) => page * 4096),
  stride: fc.constantFrom(...STRIDES),
  count: fc.integer({ min: 1, max: 120 }),
});
const large = fc.record({
  base: fc.integer({ min: 2 ** 25, max: 2 ** 25 + 2 ** 16 }).map((unit) => unit * 2 ** 21),
  stride: fc.constantFrom(2 ** 21, 2 ** 24, 2 ** 28, 2 ** 30),
  count: fc.integer({ min: 1, max: 2000 }),
});

interface Access {
  readonly va: number;
  readonly write: boolean;
}

/** Accesses that wander between the regions: mostly near the last one, sometimes anywhere. */
function accessesOf(regions: readonly Region[], seed: number, count: number): Access[] {
  const random = numbers(seed);
  const upTo = (n: number): number => Math.floor(random.next().value * n);
  let region = regions[0];
  let step = 0;
  return Array.from({ length: count }, () => {
    if (upTo(8) === 0) region = regions[upTo(regions.length)];
    const { base, stride, count: steps } = region ?? { base: 0, stride: 0, count: 1 };
    step = upTo(2) === 0 ? upTo(steps) : (step + 1) % steps;
    return { va: base + step * stride + 8 * upTo(512), write: upTo(4) === 0 };
  });
}

function modelled(accesses: readonly Access[]): Record<string, bigint> {
  const model = new YardstickModel();
  for (const { va, write } of accesses) model.access(va, write);
  // A report says nothing of a second stage where there is none.
  const named = COUNTER_LIST.filter(({ name }) => !name.startsWith("second_stage_"));
  const zeroes = Object.fromEntries(named.map(({ name }) => [name, 0n]));
  return { ...zeroes, ...model.counters };
}

async function simulated(name: string, accesses: readonly Access[]) {
  const records = accesses.map(({ va, write }) => BigInt(va) | (write ? 1n : 0n));
  const path = folder.write(name, raw64Bytes(records));
  return runOne({ path, arch: "x86-64", cpu: "yardstick", format: "raw64" });
}

describe("the yardstick profile", () => {
  it("counts as an independent model does, whatever the trace", async () => {
    const regions = fc.array(fc.oneof(small, small, large), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(regions, fc.nat(), async (drawn, seed) => {
        const accesses = accessesOf(drawn, seed, 2000);
        const { counters } = await simulated("drawn.raw64", accesses);
        expect(counters).toEqual(modelled(accesses));
      }),
      { numRuns: 60 },
    );
  });

  // One long trace over several batches, on which everything the model can count does happen: without
  // this, the property above might agree on nothing.
  it("counts as the model does where every kind of event happens", async () => {
    const accesses = accessesOf(
      [
        { base: 0x40_0000, stride: 4096, count: 3000 },
        { base: 2 ** 40, stride: 2 ** 39, count: 60 },
        { base: 2 ** 32, stride: 2 ** 30, count: 90 },
        { base: 2 ** 31, stride: 2 ** 21, count: 120 },
        { base: 2 ** 46, stride: 2 ** 21, count: 2500 },
        { base: 2 ** 46 + 2 ** 45, stride: 2 ** 30, count: 300 },
      ],
      1,
      150_000,
    );
    const result = await simulated("long.raw64", accesses);
    const model = modelled(accesses);
    expect(result.counters).toEqual(model);
    expect(result.checks.filter(({ ok }) => !ok)).toEqual([]);
    const silent = COUNTER_LIST.filter(({ name }) => model[name] === 0n).map(({ name }) => name);
    expect(
      silent.filter(
        (name) =>
          !/^(fault_|itlb_|fetches|instructions|walk_from_|data_from_|nested_|invalidat)/.test(
            name,
          ),
      ),
    ).toEqual([
      "walk_loads_level4",
      "walk_loads_level5",
      "walk_cache_hit_level4",
      "walk_cache_hit_level5",
    ]);
  });
});
