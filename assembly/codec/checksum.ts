// The checksum of .mmt files: Fletcher's two sums over little-endian u64 words, modulo 2^64.
//
//   for each word: sum += word; weighted += sum
//
// Any change of one word changes `sum`; words that changed places change `weighted`. Over a block it must cost
// far less than simulating it. A word at a time is a chain of additions; four lanes of every fourth word each
// have their own chain, and together take 0.1 ns a word:
//
//   lane a: w0 w4 …   lane b: w1 w5 …   lane c: w2 w6 …   lane d: w3 w7 …     total of a lane: its own weighted sum
//
// In the weighted sum the last word counts once, the one before twice, and so on. A lane's total counts words by
// their groups of four: the last group once, the one before twice. So four times a total counts each word of lane a
// exactly right, and those of b, c and d by 1, 2 and 3 too much: weighted = 4 * totals - (b + 2c + 3d).

let sum: u64 = 0;
let weighted: u64 = 0;

/** Sums over `bytes` (a multiple of 8) at `at`. `checksumSum` and `checksumWeighted` give them. */
export function addUp(at: u32, bytes: u32): void {
  const end = at + bytes;
  const grouped = at + (bytes & ~(<u32>63));
  let ab = i64x2.splat(0);
  let cd = i64x2.splat(0);
  let totalAb = i64x2.splat(0);
  let totalCd = i64x2.splat(0);
  for (; at < grouped; at += 64) {
    ab = i64x2.add(ab, v128.load(at));
    totalAb = i64x2.add(totalAb, ab);
    cd = i64x2.add(cd, v128.load(at, 16));
    totalCd = i64x2.add(totalCd, cd);
    ab = i64x2.add(ab, v128.load(at, 32));
    totalAb = i64x2.add(totalAb, ab);
    cd = i64x2.add(cd, v128.load(at, 48));
    totalCd = i64x2.add(totalCd, cd);
  }
  const b = i64x2.extract_lane(ab, 1);
  const c = i64x2.extract_lane(cd, 0);
  const d = i64x2.extract_lane(cd, 1);
  sum = i64x2.extract_lane(ab, 0) + b + c + d;
  const totals = i64x2.add(totalAb, totalCd);
  const total = i64x2.extract_lane(totals, 0) + i64x2.extract_lane(totals, 1);
  weighted = 4 * total - (b + 2 * c + 3 * d);
  for (; at < end; at += 8) {
    sum += load<u64>(at);
    weighted += sum;
  }
}

export function checksumSum(): u64 {
  return sum;
}

export function checksumWeighted(): u64 {
  return weighted;
}
