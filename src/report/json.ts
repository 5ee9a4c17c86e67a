// Results as JSON text. Integers above 2^53 become strings, so that no reader loses a digit.

const LARGEST = BigInt(Number.MAX_SAFE_INTEGER);

/** Of `JSON.stringify`: bigints as numbers while no digit is lost, then as strings. */
export function plainIntegers(_name: string, value: unknown): unknown {
  if (typeof value !== "bigint") return value;
  return value <= LARGEST ? Number(value) : value.toString();
}

/** A result, indented, with a line end. */
export function toJson(result: unknown): string {
  return `${JSON.stringify(result, plainIntegers, 2)}\n`;
}
