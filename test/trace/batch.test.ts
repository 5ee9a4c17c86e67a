import { describe, expect, it } from "vitest";
import { EVENTS_CAPACITY } from "../../assembly/abi/memory-map.js";
import { BatchWriter } from "../../src/trace/batch.js";
import { recordsOf } from "./support.js";

describe("a batch writer", () => {
  it("has room for what the core takes at once", () => {
    expect(new BatchWriter().words.length).toBe(2 * EVENTS_CAPACITY);
  });

  it("keeps records as low word, high word", () => {
    const batch = new BatchWriter(2);
    batch.push(0x89abcdef, 0x01234567);
    expect(recordsOf(batch.take())).toEqual([0x0123456789abcdefn]);
  });

  it("starts anew in the same buffer and goes on counting the total", () => {
    const batch = new BatchWriter(2);
    batch.push(8, 0);
    const taken = batch.take();
    batch.push(16, 0);
    expect([taken.records, taken.count]).toEqual([batch.words, 1]);
    expect([batch.count, batch.total]).toEqual([1, 2]);
  });
});
