// The ring by itself: both sides in one thread, which may not wait, so what would wait is not done.

import fc from "fast-check";
import { expect, test } from "vitest";
import { EVENTS_CAPACITY } from "../../assembly/abi/memory-map.js";
import { newRing, RingReader, RingWriter } from "../../src/trace/ring.js";
import { ownStaging, STAGING_BYTES } from "../../src/trace/staging.js";
import { recordsOf } from "./support.js";

const SLOTS = 8;
const STAGING = ownStaging();

function bothSides() {
  const ring = newRing(STAGING);
  return { writer: new RingWriter(ring), reader: new RingReader(ring) };
}

function batch(seed: number, count: number) {
  const records = new Uint32Array(2 * count + 6).map((_, i) => seed * 977 + i);
  return { records, count };
}

test("batches arrive in order, whoever is ahead", () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 300 })), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(steps, (turns) => {
      const { writer, reader } = bothSides();
      const onTheWay: { records: Uint32Array; count: number }[] = [];
      for (const [writes, count] of turns) {
        expect(reader.wait(0)).toBe(onTheWay.length > 0);
        if (writes && onTheWay.length < SLOTS) {
          const given = batch(turns.length + count, count);
          expect(writer.put(given)).toBe(true);
          onTheWay.push(given);
        } else if (onTheWay.length > 0) {
          const expected = onTheWay.shift() as (typeof onTheWay)[0];
          const taken = reader.take();
          expect(taken?.count).toBe(expected.count);
          expect(taken?.records).toEqual(expected.records.subarray(0, 2 * expected.count));
          reader.release();
        }
      }
    }),
  );
});

test("full batches lie apart, by the word that the core keeps behind them, and inside the staging area", () => {
  const { writer, reader } = bothSides();
  const seen: number[] = [];
  for (let i = 0; i < SLOTS; i++) writer.put(batch(i, EVENTS_CAPACITY));
  for (let i = 0; i < SLOTS; i++) {
    const taken = reader.take();
    if (taken?.staged === undefined) throw new Error("not in the staging area");
    expect(taken.records.byteOffset).toBe(STAGING.at + 8 * taken.staged);
    expect(recordsOf(taken)[0]).toBe((BigInt(977 * i + 1) << 32n) | BigInt(977 * i));
    seen.push(taken.staged);
    reader.release();
  }
  seen.sort((a, b) => a - b);
  seen.slice(1).forEach((at, i) => {
    expect(at - (seen[i] as number)).toBeGreaterThan(EVENTS_CAPACITY);
  });
  expect(8 * ((seen.at(-1) as number) + EVENTS_CAPACITY + 1)).toBeLessThanOrEqual(STAGING_BYTES);
});

test("the end comes after the last batch, and stays", () => {
  const { writer, reader } = bothSides();
  writer.put(batch(1, 3));
  writer.end();
  expect(reader.take()?.count).toBe(3);
  reader.release();
  expect(reader.wait(0)).toBe(true);
  expect(reader.take()).toBeUndefined();
  expect(reader.take()).toBeUndefined();
});

test("who has left gets no more, also when all slots are full", () => {
  const { writer, reader } = bothSides();
  for (let i = 0; i < SLOTS; i++) writer.put(batch(i, 1));
  reader.leave();
  expect(writer.put(batch(9, 1))).toBe(false);
  writer.end();
  expect(reader.take()?.records).toEqual(Uint32Array.of(0, 1));
});
