import { describe, expect, it } from "vitest";
import { BatchWriter } from "../../src/trace/batch.js";
import { LACKEY_MIN_BATCH, LackeyParser } from "../../src/trace/lackey.js";
import { ALL, DATA, FETCH, INSTRUCTIONS, lackeyBatches, READ } from "./support.js";

const TEXT = "I  1000,3\nI  1003,3\n L 2000,8\nI  1006,3\n";

/** The instruction count that the last record of each batch carries; 0 where it carries none. */
function reported(batches: bigint[][]): number[] {
  return batches.map((batch) => {
    const last = batch.at(-1) ?? 0n;
    return (last & 7n) === INSTRUCTIONS ? Number(last >> 3n) : 0;
  });
}

describe("the instruction count", () => {
  it("stands in one record at the end of the batch", () => {
    const options = { ...ALL, instructions: true };
    expect(lackeyBatches([Buffer.from(TEXT)], options)).toEqual([
      [
        0x1000n | FETCH,
        0x1000n | FETCH,
        0x2000n | READ,
        0x1000n | FETCH,
        (3n << 3n) | INSTRUCTIONS,
      ],
    ]);
  });

  it("is there as well when the fetches are dropped", () => {
    const options = { ...DATA, instructions: true };
    expect(lackeyBatches([Buffer.from(TEXT)], options)).toEqual([
      [0x2000n | READ, (3n << 3n) | INSTRUCTIONS],
    ]);
  });

  it("is left out on request", () => {
    expect(lackeyBatches([Buffer.from(TEXT)], DATA)).toEqual([[0x2000n | READ]]);
  });

  it("counts from batch to batch, and is left out where there were none", () => {
    const text = ["I  1000,3\n".repeat(100), " L 2000,8\n".repeat(300), "I  1000,3\n".repeat(7)];
    const options = { ...DATA, instructions: true };
    const counts = reported(
      lackeyBatches([Buffer.from(text.join(""))], options, 2 * LACKEY_MIN_BATCH),
    );
    expect(counts[0]).toBe(100);
    expect(counts.slice(1, -1)).toContain(0);
    expect(counts.at(-1)).toBe(7);
  });

  it("is known to the parser afterwards, whether records carry it or not", () => {
    const parser = new LackeyParser("t.lackey", new BatchWriter(), DATA);
    parser.parse(Buffer.from(TEXT), 0);
    parser.finish();
    expect(parser.instructions).toBe(3);
  });

  it("may exceed what the low word of a record holds", () => {
    const batch = new BatchWriter();
    const parser = new LackeyParser("t.lackey", batch, { ...DATA, instructions: true });
    parser.instructions = 2 ** 33 + 5;
    parser.endBatch();
    const [low = 0, high = 0] = batch.take().records;
    expect((BigInt(high) << 32n) | BigInt(low)).toBe((BigInt(2 ** 33 + 5) << 3n) | INSTRUCTIONS);
  });
});
