// What assembly/scatter.ts and assembly/nested.ts compute, in whole numbers without a width.

const [FIRST, SECOND, THIRD] = [0x6a09e667f3bcc909n, 0xbb67ae8584caa73bn, 0x3c6ef372fe94f82bn];

/** Which set a hashed array takes: the low bits of this. */
export function hashOf(value: bigint): bigint {
  const once = BigInt.asUintN(64, (value ^ (value >> 29n)) * FIRST);
  const twice = BigInt.asUintN(64, (once ^ (once >> 32n)) * SECOND);
  return twice ^ (twice >> 29n);
}

/** A permutation of the numbers of `bits` bits. */
function placeOf(number: bigint, bits: number): bigint {
  const fold = (x: bigint) => x ^ (x >> BigInt(Math.floor(bits / 2)));
  const times = (x: bigint, factor: bigint) => BigInt.asUintN(bits, x * factor);
  return fold(times(fold(times(fold(times(number, FIRST)), SECOND)), THIRD));
}

/** Where a host with pages of 2^shift bytes keeps a guest-physical address. */
export function hostAddress(shift: number, gpa: bigint): bigint {
  const page = gpa >> BigInt(shift);
  return placeOf(page, 52 - shift) * 2n ** BigInt(shift) + (gpa - page * 2n ** BigInt(shift));
}

/** Where its entry for that lies: tables of 512 entries, above all pages. */
export function hostEntryAddress(shift: number, gpa: bigint): bigint {
  const page = gpa >> BigInt(shift);
  return 2n ** 52n + placeOf(page / 512n, 40) * 4096n + (page % 512n) * 8n;
}
