import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PageSet } from "../../src/trace/page-set.js";
import { surveyTrace } from "../../src/trace/survey.js";
import { batchOf, mmtBytes } from "./mmt-support.js";
import { inputFolder, raw64Bytes, SORT_TRACE } from "./support.js";

const { write } = inputFolder();

describe("what a trace holds", () => {
  it("is the description of the whole run of sort", async () => {
    const seen: number[] = [];
    const survey = await surveyTrace(SORT_TRACE, "auto", (records) => seen.push(records));
    expect(survey).toMatchObject({
      format: "lackey",
      header: null,
      fetches: 2_188_813,
      pages: 238,
    });
    expect(survey.instructions).toBe(2_188_611n);
    expect(seen.at(-1)).toBe(survey.records);
  });

  it("is counted by kind; operands of controls have none", async () => {
    const control = 7n | (2n << 11n);
    const records = [
      0x1000n,
      0x2009n,
      0x402n,
      24n | 5n,
      11n,
      control,
      0x99992n,
      2n,
      2n ** 64n - 8n,
    ];
    const file = write("kinds.mmt", await mmtBytes([batchOf(records, [1])]));
    expect(await surveyTrace(file, "auto")).toEqual({
      format: "mmt",
      header: { source: "a test", pageShift: 12, accesses: "all" },
      records: 9,
      reads: 2,
      writes: 1,
      fetches: 1,
      controls: 2,
      instructions: 3n,
      continuations: 1,
      lowest: 0x400n,
      highest: 2n ** 64n - 8n,
      pages: 4,
    });
  });

  it("needs a format by name for raw64", async () => {
    const file = write("two.raw64", raw64Bytes([8n, 16n]));
    expect(await surveyTrace(file, "raw64")).toMatchObject({ format: "raw64", reads: 2, pages: 1 });
  });
});

describe("the pages of addresses", () => {
  it("are counted, and their range is known", () => {
    const near = fc.bigInt({ min: 0n, max: 2n ** 15n });
    const address = fc.oneof(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      near,
      // Pages that share a slot with them.
      near.map((one) => one + 2n ** 24n),
      near.map((one) => one + 2n ** 45n),
    );
    fc.assert(
      fc.property(fc.array(address, { maxLength: 60 }), (addresses) => {
        const pages = new PageSet();
        for (const one of addresses) {
          pages.add(Number(BigInt.asIntN(32, one)), Number(one >> 32n));
        }
        const sorted = [...addresses].sort((a, b) => (a < b ? -1 : 1));
        expect(pages.size).toBe(new Set(addresses.map((one) => one >> 12n)).size);
        expect(pages.lowest).toBe(sorted[0] ?? null);
        expect(pages.highest).toBe(sorted.at(-1) ?? null);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it("are none without any address", () => {
    expect([new PageSet().size, new PageSet().lowest]).toEqual([0, null]);
  });
});
