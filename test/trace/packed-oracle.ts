// Packed records (assembly/codec/packed.ts), decoded by their description: slowly, with bigints, and one thing after
// the other.

const MASK = 2n ** 64n - 1n;
const FETCH = 2n;
const OPERAND_BYTES = [0, 1, 2, 8] as const;

/** The records, and how many bytes of operands they took. */
export function unpacked(tokens: Uint8Array, operands: Uint8Array) {
  const accessed = new Map<number, bigint>();
  const records: bigint[] = [];
  let [fetched, last] = [FETCH, 0n];
  let since = 0;
  let taken = 0;
  for (const token of tokens) {
    const kind = BigInt(token & 7);
    const bytes = OPERAND_BYTES[(token >> 3) & 3] as number;
    const operand = littleEndian(operands.subarray(taken, taken + bytes));
    taken += bytes;
    const low = BigInt(token >> 5);
    const difference = bytes === 0 ? BigInt.asIntN(3, low) << 3n : (operand << 6n) | (low << 3n);
    if (kind === FETCH) {
      fetched = (fetched + difference) & MASK;
      records.push(fetched);
      since = 0;
      continue;
    }
    const place = (hash(fetched) + since) % 4096;
    const behindFetch = since < 4;
    const guess = behindFetch ? (accessed.get(place) ?? 0n) : last;
    last = (guess + difference) & MASK;
    if (behindFetch) accessed.set(place, last);
    since++;
    records.push(last | kind);
  }
  return { records, taken };
}

/** Two's complement. */
function littleEndian(bytes: Uint8Array): bigint {
  const value = [...bytes].reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return BigInt.asIntN(8 * bytes.length, value);
}

/** Bits 31:20 of the product of the low 32 bits. */
function hash(word: bigint): number {
  return Number(BigInt.asUintN(32, BigInt.asUintN(32, word) * 0x9e3779b1n) >> 20n);
}
