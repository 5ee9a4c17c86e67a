// Bit ranges as masks.

/** Mask of bits hi..lo, both included; 0 when hi < lo. */
export function maskOf(hi: number, lo: number): bigint {
  return hi < lo ? 0n : ((1n << BigInt(hi - lo + 1)) - 1n) << BigInt(lo);
}

/** Lower-case hex with 0x. */
export function hex(value: bigint | number): string {
  return `0x${value.toString(16)}`;
}
