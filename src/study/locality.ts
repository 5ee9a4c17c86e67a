// Which pages of a heap a round writes, and in which order.
//
//   random     .x...x..x....x.   anywhere
//   clustered  ...xxxx....xxxx   runs of 16 pages at aligned places
//   strided    x...x...x...x..   as far from each other as can be
//   hot        ......xxxxx..x.   nine of ten side by side, the rest anywhere

import { randomBelow, shuffled } from "../workload/random.js";

const CLUSTER = 16;
const HOT_PART = 0.9;

type Choose = (pages: number, count: number, seed: number) => Uint32Array;

const random: Choose = (pages, count, seed) => shuffled(pages, seed).subarray(0, count);

const clustered: Choose = (pages, count, seed) => {
  const chosen = new Uint32Array(count);
  let filled = 0;
  for (const cluster of shuffled(Math.ceil(pages / CLUSTER), seed)) {
    const end = Math.min(pages, (cluster + 1) * CLUSTER);
    for (let page = cluster * CLUSTER; page < end && filled < count; page++) {
      chosen[filled++] = page;
    }
    if (filled === count) break;
  }
  return chosen;
};

const strided: Choose = (pages, count) =>
  Uint32Array.from({ length: count }, (_, i) => Math.floor((i * pages) / count));

const hot: Choose = (pages, count, seed) => {
  const first = randomBelow(seed)(pages - count + 1);
  const outside = Math.min(count - Math.round(count * HOT_PART), pages - count);
  const near = shuffled(count, seed).subarray(0, count - outside);
  const far = shuffled(pages - count, seed).subarray(0, outside);
  const chosen = [
    ...Array.from(near, (page) => first + page),
    ...Array.from(far, (page) => (page < first ? page : page + count)),
  ];
  return shuffled(count, seed + 1).map((i) => chosen[i] ?? 0);
};

/** Localities by name. Each chooses `count` different pages of 0 to below `pages`, in the order of their writes. */
export const LOCALITIES: ReadonlyMap<string, Choose> = new Map([
  ["random", random],
  ["clustered", clustered],
  ["strided", strided],
  ["hot", hot],
]);
