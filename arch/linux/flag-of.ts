// The usual flag: one bit, set and cleared by itself.

type Values = Record<string, number>;

/** A flag that is one field of one bit. */
export function flagOf(
  field: string,
  cite: string,
): { tests: [Values]; set: [{ to: Values }]; clear: [{ to: Values }]; cite: string } {
  return {
    tests: [{ [field]: 1 }],
    set: [{ to: { [field]: 1 } }],
    clear: [{ to: { [field]: 0 } }],
    cite,
  };
}
