import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toJson } from "../../src/report/json.js";

const LARGEST = 2n ** 53n - 1n;

describe("JSON of a result", () => {
  it("writes integers up to 2^53 - 1 as numbers, larger ones as strings", () => {
    const text = toJson({ a: 0n, b: LARGEST, c: LARGEST + 1n, d: [2n ** 64n - 1n] });
    expect(text).toBe(
      `{
  "a": 0,
  "b": 9007199254740991,
  "c": "9007199254740992",
  "d": [
    "18446744073709551615"
  ]
}
`,
    );
  });

  it("gives back every counter to the last digit", () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 64n - 1n), (value) => {
        const { counter } = JSON.parse(toJson({ counter: value })) as { counter: number | string };
        expect(BigInt(counter)).toBe(value);
        expect(typeof counter).toBe(value > LARGEST ? "string" : "number");
      }),
    );
  });

  it("leaves out what is undefined, and keeps everything else as it is", () => {
    const plain = { text: "ä\n", yes: true, none: null, rate: 0.25, list: [{ a: 1 }] };
    expect(JSON.parse(toJson({ ...plain, absent: undefined }))).toEqual(plain);
  });
});
