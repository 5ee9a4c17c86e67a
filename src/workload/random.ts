// Random numbers that are the same everywhere: splitmix32 (G. Steele et al., "Fast splittable pseudorandom
// number generators", OOPSLA 2014, in the 32-bit form with murmur3's finaliser).

const GAMMA = 0x9e3779b9;
const WORDS = 2 ** 32;

/** Whole numbers from 0 to below `end`, uniform to within `end` / 2^32. */
export function randomBelow(seed: number): (end: number) => number {
  let state = seed >>> 0;
  return (end) => {
    state = (state + GAMMA) >>> 0;
    let x = state;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return Math.floor((((x ^ (x >>> 16)) >>> 0) / WORDS) * end);
  };
}

/** The numbers from 0 to below `count` in random order (Fisher and Yates). */
export function shuffled(count: number, seed: number): Uint32Array {
  const below = randomBelow(seed);
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = below(i + 1);
    const held = order[i] ?? 0;
    order[i] = order[j] ?? 0;
    order[j] = held;
  }
  return order;
}
