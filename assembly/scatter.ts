// Numbers that look random and are always the same: which set a hashed array takes, where a host's page
// lies. Rounds of multiply (by odd numbers) and shift. Each can be undone, so different numbers stay different.

/** Odd numbers without pattern: the fractions of the square roots of 2, 3 and 5, as 64 bits. */
const FIRST: u64 = 0x6a09e667f3bcc909;
const SECOND: u64 = 0xbb67ae8584caa73b;
const THIRD: u64 = 0x3c6ef372fe94f82b;

/** A hash whose low bits depend on all bits of `value`. */
export function hashOf(value: u64): u64 {
  let x = (value ^ (value >> 29)) * FIRST;
  x = (x ^ (x >> 32)) * SECOND;
  return x ^ (x >> 29);
}

/** A permutation of the numbers below 2^bits. */
export function placeOf(number: u64, bits: u64): u64 {
  const mask: u64 = ((<u64>1) << bits) - 1;
  const half = bits >> 1;
  let x = (number * FIRST) & mask;
  x = ((x ^ (x >> half)) * SECOND) & mask;
  x = ((x ^ (x >> half)) * THIRD) & mask;
  return x ^ (x >> half);
}
