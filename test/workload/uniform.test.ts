// uniform: every page is mapped first, then reads are spread over all of them alike.

import { describe, expect, it } from "vitest";
import { EVENT_KIND_MASK, EventKind } from "../../assembly/abi/event.js";
import { parseWorkload, workloadBatches } from "../../src/workload/index.js";

const FIRST = 64 * 2 ** 30;

/** Records as [kind, place]; controls have place -1. */
function records(text: string, seed = 1): [kind: number, place: number][] {
  const input = parseWorkload(text, seed);
  if (input === null) throw new Error(text);
  return [...workloadBatches(input)].flatMap(({ records: words, count }) =>
    Array.from({ length: count }, (_, i): [number, number] => {
      const [low = 0, high = 0] = words.subarray(2 * i, 2 * i + 2);
      const kind = low & EVENT_KIND_MASK;
      const address = high * 2 ** 32 + (low - kind);
      return [kind, kind === EventKind.Control ? -1 : Math.floor((address - FIRST) / 8192)];
    }),
  );
}

describe("uniform", () => {
  const TEXT = "uniform:pages=64:stride=8192:warmup=100:accesses=6400";

  it("maps every place in order, warms up, and reports as many reads as were asked for", () => {
    const all = records(TEXT);
    const mark = all.findIndex(([kind]) => kind === EventKind.Control);
    expect(all.slice(0, 64)).toEqual(
      Array.from({ length: 64 }, (_, page) => [EventKind.Write, page]),
    );
    expect([mark, all.length - mark - 1]).toEqual([164, 6400]);
    expect(all.slice(mark + 1).every(([kind]) => kind === EventKind.Read)).toBe(true);
  });

  it("reads each place about as often as any other", () => {
    const times = new Uint32Array(64);
    for (const [kind, place] of records(TEXT)) {
      if (kind === EventKind.Read) times[place] = (times[place] ?? 0) + 1;
    }
    // 6,500 reads over 64 places: 102 each, with a standard deviation of 10.
    expect(Math.min(...times)).toBeGreaterThan(50);
    expect(Math.max(...times)).toBeLessThan(155);
  });

  it("is the same for a seed, and another for another", () => {
    expect(records(TEXT, 3)).toEqual(records(TEXT, 3));
    expect(records(TEXT, 3)).not.toEqual(records(TEXT, 4));
  });

  it("is refused beyond 2^46 bytes", () => {
    expect(() => parseWorkload("uniform:pages=131072:stride=1g")).toThrow(
      "pages=131072 at stride=1073741824: up to 2^46 bytes are allowed",
    );
  });
});
