import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readTrace } from "../../src/trace/index.js";
import { LACKEY_MIN_BATCH } from "../../src/trace/lackey.js";
import type { TraceOptions } from "../../src/trace/types.js";
import { oracleRecords } from "./lackey-oracle.js";
import { ALL, lackeyBatches, recordsOf, SORT_TRACE } from "./support.js";

/** Addresses of every length, with many at the edge of a page, of the low word and of the whole space. */
const address = fc
  .tuple(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.integer({ min: 0, max: 63 }), fc.nat(16))
  .chain(([wide, shift, below]) => {
    const any = wide >> BigInt(shift);
    const edge = BigInt.asUintN(64, ((any >> 12n) << 12n) - BigInt(below));
    return fc.constantFrom(any, edge, BigInt.asUintN(64, 2n ** 32n - BigInt(below)));
  });
const size = fc.oneof(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 65536 }));
const access = fc
  .tuple(fc.constantFrom("I ", " L", " S", " M"), address, size, fc.nat(16))
  .map(([head, at, bytes, pad]) => `${head} ${at.toString(16).padStart(pad, "0")},${bytes}`);
const noise = fc.constantFrom("", "==84== ", "==84== Command: sort", "--84-- x", "==");
const ending = fc.constantFrom("\n", "\r\n");
const line = fc
  .tuple(fc.oneof({ weight: 6, arbitrary: access }, noise), ending)
  .map((l) => l.join(""));
const options: fc.Arbitrary<TraceOptions> = fc.record({
  accesses: fc.constantFrom("all", "data"),
  split: fc.boolean(),
  pageShift: fc.constantFrom(12, 14, 16, 21, 30),
  instructions: fc.constant(false),
});

describe("the fast lackey parser", () => {
  it("gives the oracle's records for random lines", () => {
    const lines = fc.array(line, { maxLength: 60 });
    fc.assert(
      fc.property(lines, access, options, (some, last, given) => {
        // One data access, so that there is something to find.
        const text = `${some.join("")} S 8,1\n${last}`;
        const batches = lackeyBatches([Buffer.from(text)], given, LACKEY_MIN_BATCH);
        expect(batches.flat()).toEqual([...oracleRecords(text, given)]);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it.each([
    ["all accesses, split", ALL],
    ["data accesses, not split", { ...ALL, accesses: "data", split: false } as const],
  ])("gives the oracle's records for the whole run of sort: %s", async (_, given) => {
    const expected = oracleRecords(gunzipSync(readFileSync(SORT_TRACE)).toString("latin1"), given);
    let index = 0;
    for await (const batch of readTrace(SORT_TRACE, given)) {
      for (const record of recordsOf(batch)) {
        const want = expected.next().value;
        if (record !== want) expect.fail(`record ${index} is ${record}, the oracle says ${want}`);
        index++;
      }
    }
    expect(expected.next().done).toBe(true);
  });
});
