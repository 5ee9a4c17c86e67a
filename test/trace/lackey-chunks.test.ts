import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LACKEY_MIN_BATCH } from "../../src/trace/lackey.js";
import { ALL, cutAt, INSTRUCTIONS, lackeyBatches } from "./support.js";

const TEXT = Buffer.from(
  "==84== Lackey, an example Valgrind tool, with a line that is longer than any access line\n" +
    "\n--84-- x\r\nI  0401ab70,3\n L 1fff000748,8\r\n S 1ffc,8\n==84== \n M 4a18ffe,65536\n M 1fff,65536",
);
const WITH_COUNTS = { ...ALL, instructions: true };
const WHOLE = lackeyBatches([TEXT]);

describe("chunks of lackey text", () => {
  it("may be cut at any byte", () => {
    for (let cut = 0; cut <= TEXT.length; cut++) {
      expect(lackeyBatches(cutAt(TEXT, [cut])), `cut at ${cut}`).toEqual(WHOLE);
    }
  });

  it("may be single bytes", () => {
    expect(lackeyBatches([...TEXT].map((byte) => Uint8Array.of(byte)))).toEqual(WHOLE);
  });

  it("give the same batches wherever a batch becomes full", () => {
    for (let spare = 0; spare < 40; spare++) {
      const capacity = LACKEY_MIN_BATCH + spare;
      const batches = lackeyBatches([TEXT], WITH_COUNTS, capacity);
      expect(batches.flat().filter((record) => (record & 7n) !== INSTRUCTIONS)).toEqual(
        WHOLE.flat(),
      );
      for (let cut = 0; cut <= TEXT.length; cut++) {
        const pieces = cutAt(TEXT, [cut]);
        expect(lackeyBatches(pieces, WITH_COUNTS, capacity), `cut at ${cut}`).toEqual(batches);
      }
    }
  });

  it("give the same batches however they are cut", () => {
    const long = Buffer.from(`${TEXT}\n`.repeat(8));
    const batches = lackeyBatches([long], WITH_COUNTS, LACKEY_MIN_BATCH);
    expect(batches.length).toBeGreaterThan(8);
    const cuts = fc.array(fc.nat(long.length), { maxLength: 40 });
    fc.assert(
      fc.property(cuts, (offsets) => {
        const pieces = cutAt(long, offsets);
        expect(lackeyBatches(pieces, WITH_COUNTS, LACKEY_MIN_BATCH)).toEqual(batches);
      }),
      { seed: 1 },
    );
  });
});
