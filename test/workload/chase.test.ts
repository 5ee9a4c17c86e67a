// The chase: which lines, in which order, how often, and where what is reported begins.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Control, EventKind } from "../../assembly/abi/event.js";
import { EVENTS_CAPACITY } from "../../assembly/abi/memory-map.js";
import { type Decoded, recordsOf } from "./support.js";

const READ: number = EventKind.Read;
const WRITE: number = EventKind.Write;
const MARK = { kind: EventKind.Control, address: BigInt(Control.Measure << 3) };
const FIRST = 1n << 36n;

const addressesOf = (records: readonly Decoded[]) => records.map(({ address }) => address);

interface Rounds {
  readonly written: bigint[];
  readonly before: bigint[];
  readonly after: bigint[];
}
function roundsOf(text: string, seed?: number): Rounds {
  const { records } = recordsOf(text, seed);
  const mark = records.findIndex(({ kind }) => kind === EventKind.Control);
  expect(records[mark]).toEqual(MARK);
  const first = records.findIndex(({ kind }) => kind !== WRITE);
  const [written, before, after] = [
    records.slice(0, first),
    records.slice(first, mark),
    records.slice(mark + 1),
  ];
  expect(new Set([...before, ...after].map(({ kind }) => kind))).toEqual(new Set([READ]));
  return {
    written: addressesOf(written),
    before: addressesOf(before),
    after: addressesOf(after),
  };
}

describe("a chase", () => {
  it("has by default one line a page, a line further from page to page", () => {
    const { written } = roundsOf("chase:pages=130");
    const expected = Array.from({ length: 130 }, (_, i) => {
      const [page, line] = [BigInt(i), BigInt(i % 64)];
      return FIRST + page * 4096n + line * 64n;
    });
    expect(written).toEqual(expected);
  });

  it("writes its list in address order, and then follows it round by round in one random order", () => {
    const shape = fc.record({
      pages: fc.integer({ min: 1, max: 80 }),
      stride: fc.constantFrom(64, 192, 512, 1024, 4096, 8192, 2 ** 21),
      lines: fc.integer({ min: 1, max: 64 }),
      rotate: fc.nat(63),
      warmup: fc.nat(3),
      passes: fc.integer({ min: 1, max: 3 }),
      seed: fc.nat(2 ** 32 - 1),
    });
    fc.assert(
      fc.property(shape, ({ seed, ...drawn }) => {
        const lines = Math.min(drawn.lines, Math.min(drawn.stride, 4096) / 64);
        const settings = Object.entries({ ...drawn, lines }).map(
          ([key, value]) => `${key}=${value}`,
        );
        const { written, before, after } = roundsOf(["chase", ...settings].join(":"), seed);
        const count = drawn.pages * lines;
        expect(written).toHaveLength(count);
        // No line twice, each a line, each in its place.
        expect(new Set(written).size).toBe(count);
        expect(written.filter((address) => address % 64n !== 0n)).toEqual([]);
        const places = written.map((address) => Number((address - FIRST) / BigInt(drawn.stride)));
        expect(places).toEqual(written.map((_, i) => Math.floor(i / lines)));
        expect([before.length, after.length]).toEqual([count * drawn.warmup, count * drawn.passes]);
        const order = after.slice(0, count);
        expect(order.toSorted()).toEqual(written.toSorted());
        const rounds = [...before, ...after];
        expect(rounds).toEqual(rounds.map((_, i) => order[i % count]));
      }),
      { numRuns: 40 },
    );
  });

  it("takes another order for another seed, and the same for the same", () => {
    const of = (seed?: number) => roundsOf("chase:pages=64", seed).after;
    expect(of(7)).toEqual(of(7));
    expect(of(1)).toEqual(of());
    expect(of(7)).not.toEqual(of(8));
    expect(of(7).toSorted()).toEqual(of(8).toSorted());
  });

  it.each(["chase:pages=130", "chase:stride=1k:pages=520", "chase:lines=4:pages=130"])(
    "%s spreads over all sets of a cache that is indexed within the page",
    (text) => {
      const counts = new Map<bigint, number>();
      for (const address of roundsOf(text).written) {
        const set = (address / 64n) % 64n;
        counts.set(set, (counts.get(set) ?? 0) + 1);
      }
      expect(counts.size).toBe(64);
      expect(Math.max(...counts.values())).toBeLessThanOrEqual(
        2 * Math.min(...counts.values()) + 4,
      );
    },
  );

  it("visits far from the last line: the order is random, not a pattern", () => {
    const { after } = roundsOf("chase:pages=4096:warmup=0:passes=1");
    const near = after.filter((address, i) => {
      const before = after[i - 1] ?? 0n;
      const apart = address > before ? address - before : before - address;
      return apart < 8n * 4096n;
    });
    // 15 pages of 4,096 are so near: 15 visits are expected, 60 is eleven standard deviations off.
    expect(near.length).toBeLessThan(60);
  });

  // 65,536 records fill a batch: a list of 21,845 lines is written and followed twice in one.
  it.each([21_844, 21_845, 65_535, 65_536])("of %i lines comes in whole batches", (pages) => {
    const { records, sizes } = recordsOf(`chase:pages=${pages}:warmup=1:passes=1`);
    expect(records).toHaveLength(3 * pages + 1);
    for (const size of sizes) expect(size).toBeLessThanOrEqual(EVENTS_CAPACITY);
    for (const size of sizes.slice(0, -1)) expect(size).toBe(EVENTS_CAPACITY);
    expect(records.filter(({ kind }) => kind === EventKind.Control)).toEqual([MARK]);
  });
});
