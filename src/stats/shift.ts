// By how much one series of measurements lies above another, with an error bar that no outlier moves far:
// the median of all differences (Hodges and Lehmann), and the interval that the rank test of Mann and Whitney
// does not reject. It asks for no distribution, only that nothing but a shift tells the series apart.
//
//   differences y - x, sorted:   D1 .. Dk .. median .. D(nm+1-k) .. Dnm      interval = Dk .. D(nm+1-k)

/** A difference and its error bar. */
export interface Shift {
  readonly shift: number;
  readonly low: number;
  readonly high: number;
}

const CONFIDENCE = 0.95;

/**
 * The shift from `before` to `after`. With too few values for the confidence, the interval is infinite.
 * @param confidence that the interval holds the true shift
 */
export function shiftOf(
  before: readonly number[],
  after: readonly number[],
  confidence = CONFIDENCE,
): Shift {
  const differences = after.flatMap((y) => before.map((x) => y - x)).sort((a, b) => a - b);
  const k = acceptedFrom(before.length, after.length, (1 - confidence) / 2);
  return {
    shift: medianOf(differences),
    low: differences[k - 1] ?? Number.NEGATIVE_INFINITY,
    high: differences[differences.length - k] ?? Number.POSITIVE_INFINITY,
  };
}

/** Of sorted values; the mean of the two in the middle. */
function medianOf(sorted: readonly number[]): number {
  const middle = (sorted.length - 1) / 2;
  const [low, high] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}

/** Largest k with P(U < k) <= tail, U being the rank statistic of two series without a shift; 0 = none. */
function acceptedFrom(n: number, m: number, tail: number): number {
  const ways = rankWays(n, m);
  const all = ways.reduce((sum, count) => sum + count, 0);
  let below = 0;
  let k = 0;
  for (const count of ways) {
    below += count;
    if (below / all > tail) break;
    k++;
  }
  return k;
}

/**
 * In how many orders of n and m values U has the value 0, 1, .. nm: the coefficients of the Gaussian binomial,
 * (1 - q^(m+1)) .. (1 - q^(m+n)) / ((1 - q) .. (1 - q^n)).
 */
function rankWays(n: number, m: number): number[] {
  const ways = new Array<number>(n * m + 1).fill(0);
  ways[0] = 1;
  for (let i = 1; i <= n; i++) {
    for (let u = ways.length - 1; u >= m + i; u--)
      ways[u] = (ways[u] ?? 0) - (ways[u - m - i] ?? 0);
    for (let u = i; u < ways.length; u++) ways[u] = (ways[u] ?? 0) + (ways[u - i] ?? 0);
  }
  return ways;
}

export type HostVerdict = "same" | "improved" | "regressed" | "inconclusive";

/**
 * Judges a shift of logarithms of time.
 * @param threshold 0.1 = ten per cent
 */
export function judgeShift({ low, high }: Shift, threshold: number): HostVerdict {
  const [slower, faster] = [Math.log1p(threshold), -Math.log1p(threshold)];
  if (low > slower) return "regressed";
  if (high < faster) return "improved";
  return low >= faster && high <= slower ? "same" : "inconclusive";
}
