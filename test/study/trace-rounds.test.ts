// Traces cut into rounds, against lists made one access at a time.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { traceRounds } from "../../src/runner/trace-rounds.js";
import { RoundCutter } from "../../src/study/trace-rounds.js";

/** Kinds 0 to 2 are accesses, 4 and 5 controls of one record, 7 one with as many operands as `more`. */
interface Drawn {
  readonly kind: 0 | 1 | 2 | 4 | 5 | 7;
  readonly address: bigint;
  readonly more: number;
}

const arbitraryRecord = fc.record({
  kind: fc.constantFrom(0, 1, 1, 1, 2, 4, 5, 7) as fc.Arbitrary<Drawn["kind"]>,
  address: fc
    .record({ near: fc.nat(2 ** 17), far: fc.constantFrom(0n, 1n << 33n, 1n << 46n) })
    .map(({ near, far }) => BigInt(near) + far),
  more: fc.nat(3),
});

/** Words of a record, operands behind it among them; operands look like writes. */
function wordsOf({ kind, address, more }: Drawn): bigint[] {
  if (kind !== 7) return [(address & ~7n) | BigInt(kind)];
  const head = (BigInt(more) << 11n) | 7n;
  return [head, ...Array.from({ length: more }, () => (address & ~7n) | 1n)];
}

function packed(records: readonly Drawn[]): Uint32Array {
  return new Uint32Array(new BigUint64Array(records.flatMap(wordsOf)).buffer);
}

describe("the cutter", () => {
  it("has of each round the pages written, in the order of their first writes", () => {
    const drawn = fc.array(arbitraryRecord, { maxLength: 60 });
    const shifts = fc.constantFrom(12, 14, 16);
    fc.assert(
      fc.property(
        ...([
          drawn,
          shifts,
          fc.integer({ min: 1, max: 9 }),
          fc.integer({ min: 1, max: 6 }),
        ] as const),
        (records, pageShift, accesses, rounds) => {
          const cutter = new RoundCutter({ accesses, rounds, pageShift });
          const words = packed(records);
          // In two batches, wherever the border is.
          const border = Math.floor(words.length / 4);
          cutter.add(words.subarray(0, 2 * border), border);
          cutter.add(words.subarray(2 * border), words.length / 2 - border);
          const all = records.filter(({ kind }) => kind <= 2).slice(0, accesses * rounds);
          const pageOf = ({ address }: Drawn): number => Number(address >> BigInt(pageShift));
          const wanted = Array.from({ length: Math.ceil(all.length / accesses) }, (_, i) => {
            const own = all.slice(i * accesses, (i + 1) * accesses);
            const writes = own.filter(({ kind }) => kind === 1);
            const written = [...new Set(writes.map(pageOf))];
            return { accesses: own.length, writes: writes.length, written };
          });
          const pages = [...new Set(all.map(pageOf))].sort((a, b) => a - b);
          expect(cutter.finish()).toEqual({ rounds: wanted, pages });
        },
      ),
    );
  });
});

describe("the trace that ships", () => {
  const trace = { path: "sort", format: "auto", accesses: 250_000 };

  it("comes out with the counts that `trace info` tells of it", async () => {
    const { rounds, pages } = await traceRounds({ ...trace, rounds: 100 }, 12);
    expect(rounds.reduce((sum, { writes }) => sum + writes, 0)).toBe(300_744);
    expect(rounds.map(({ accesses }) => accesses)).toEqual([
      ...Array.from({ length: 12 }, () => 250_000),
      72_004,
    ]);
    expect(pages).toHaveLength(238);
  });

  it("is left where its rounds end", async () => {
    const { rounds } = await traceRounds({ ...trace, rounds: 2 }, 12);
    expect(rounds).toHaveLength(2);
  });
});
