import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judgeShift, shiftOf } from "../../src/stats/shift.js";

/** P(U <= u) of two series without a shift, by trying every order. */
function below(n: number, m: number): number[] {
  const counts = new Array<number>(n * m + 1).fill(0);
  const place = (at: number, left: number, u: number): void => {
    if (at === n + m) {
      if (left === 0) counts[u] = (counts[u] ?? 0) + 1;
      return;
    }
    // A value of the first series stands before all of the second that are still to come.
    if (left > 0) place(at + 1, left - 1, u + (n + m - at - left));
    if (n + m - at > left) place(at + 1, left, u);
  };
  place(0, n, 0);
  const all = counts.reduce((sum, count) => sum + count, 0);
  let sum = 0;
  return counts.map((count) => {
    sum += count;
    return sum / all;
  });
}

describe("the shift of two series", () => {
  it("is the median of all differences", () => {
    expect(shiftOf([1, 2, 4], [11, 12, 14]).shift).toBe(10);
    expect(shiftOf([1, 2], [3, 5]).shift).toBe(2.5);
  });

  it("is hardly moved by outliers", () => {
    const quiet = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    const { shift, high } = shiftOf(quiet, [...quiet.slice(0, 8), 1e9]);
    expect(shift).toBe(0);
    expect(high).toBeLessThan(8);
  });

  it.each([
    [4, 4],
    [5, 5],
    [3, 7],
    [6, 5],
  ])("has the interval that every order of %i and %i values gives", (n, m) => {
    const table = below(n, m);
    const k = table.findIndex((p) => p > 0.025);
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -50, max: 50 }), { minLength: n, maxLength: n }),
        fc.array(fc.integer({ min: -50, max: 50 }), { minLength: m, maxLength: m }),
        (before, after) => {
          const all = after.flatMap((y) => before.map((x) => y - x)).sort((a, b) => a - b);
          const { low, high } = shiftOf(before, after);
          expect(low).toBe(k > 0 ? all[k - 1] : Number.NEGATIVE_INFINITY);
          expect(high).toBe(k > 0 ? all[n * m - k] : Number.POSITIVE_INFINITY);
        },
      ),
    );
  });

  it("with too few values could be anything", () => {
    const { low, high } = shiftOf([1, 1, 1], [2, 2, 2]);
    expect([low, high]).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
  });

  it("says the opposite, seen from the other side", () => {
    const series = fc.array(fc.integer({ min: -99, max: 99 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(series, series, (before, after) => {
        const there = shiftOf(before, after);
        const back = shiftOf(after, before);
        expect(back.shift + 0).toBe(-there.shift + 0);
        expect([back.low + 0, back.high + 0]).toEqual([-there.high + 0, -there.low + 0]);
      }),
    );
  });
});

describe("a shift of logarithms against a threshold of ten per cent", () => {
  const bar = (low: number, high: number) =>
    judgeShift({ shift: 0, low: Math.log(low), high: Math.log(high) }, 0.1);

  it.each([
    [1.11, 1.3, "regressed"],
    [1.05, 1.3, "inconclusive"],
    [0.5, 2, "inconclusive"],
    [0.95, 1.09, "same"],
    [0.8, 0.95, "inconclusive"],
    [0.7, 0.9, "improved"],
  ] as const)("%f .. %f is %s", (low, high, verdict) => {
    expect(bar(low, high)).toBe(verdict);
  });
});
