// A whole program on several architectures and page sizes: golden counters, and beside them what can be
// known of the counters without a simulator.

import { describe, expect, it } from "vitest";
import { EVENT_KIND_MASK, EventKind } from "../../assembly/abi/event.js";
import { toJson } from "../../src/report/json.js";
import { readTrace } from "../../src/trace/index.js";
import { ALL, SORT_TRACE } from "../trace/support.js";
import { runOne } from "./support.js";

interface Expected {
  readonly arch: string;
  readonly pages: string;
  /** log2 bytes of the base page, where accesses are split. */
  readonly base: number;
  /** log2 bytes mapped by one first touch, and by one entry of it. */
  readonly touch: number;
  readonly entry: number;
  /** log2 bytes covered by one table of each level below the root. */
  readonly tables: readonly number[];
}

// From the manuals: 9 bits a level with 4 KiB pages, 11 with 16, 13 with 64; 48 translated bits (57 with
// five levels), whatever is left for the root. A table of 512 PTEs covers 2 MiB, and so on.
const CELLS: readonly Expected[] = [
  { arch: "x86-64", pages: "base", base: 12, touch: 12, entry: 12, tables: [21, 30, 39] },
  { arch: "x86-64", pages: "contiguous", base: 12, touch: 16, entry: 12, tables: [21, 30, 39] },
  { arch: "x86-64", pages: "thp", base: 12, touch: 21, entry: 21, tables: [30, 39] },
  { arch: "x86-64", pages: "1g", base: 12, touch: 30, entry: 30, tables: [39] },
  {
    arch: "x86-64:levels=5",
    pages: "base",
    base: 12,
    touch: 12,
    entry: 12,
    tables: [21, 30, 39, 48],
  },
  { arch: "arm64", pages: "base", base: 12, touch: 12, entry: 12, tables: [21, 30, 39] },
  { arch: "arm64", pages: "contiguous", base: 12, touch: 16, entry: 12, tables: [21, 30, 39] },
  { arch: "arm64", pages: "32m", base: 12, touch: 25, entry: 21, tables: [30, 39] },
  { arch: "arm64:granule=16", pages: "base", base: 14, touch: 14, entry: 14, tables: [25, 36, 47] },
  {
    arch: "arm64:granule=16",
    pages: "contiguous",
    base: 14,
    touch: 21,
    entry: 14,
    tables: [25, 36, 47],
  },
  { arch: "arm64:granule=64", pages: "base", base: 16, touch: 16, entry: 16, tables: [29, 42] },
  { arch: "arm64:granule=64", pages: "thp", base: 16, touch: 29, entry: 29, tables: [42] },
];

interface Facts {
  readonly reads: bigint;
  readonly writes: bigint;
  readonly fetches: bigint;
  /** Every base page that is touched. */
  readonly pages: ReadonlySet<number>;
  readonly written: ReadonlySet<number>;
}

const known = new Map<number, Promise<Facts>>();

/** What the trace itself says, split at pages of this size. */
function factsOf(pageShift: number): Promise<Facts> {
  const facts = known.get(pageShift) ?? readFacts(pageShift);
  known.set(pageShift, facts);
  return facts;
}

async function readFacts(pageShift: number): Promise<Facts> {
  const pages = new Set<number>();
  const written = new Set<number>();
  const kinds = [0n, 0n, 0n];
  for await (const { records, count } of readTrace(SORT_TRACE, { ...ALL, pageShift })) {
    for (let at = 0; at < 2 * count; at += 2) {
      const [low = 0, high = 0] = records.subarray(at, at + 2);
      const kind = low & EVENT_KIND_MASK;
      const page = Math.floor((high * 2 ** 32 + low) / 2 ** pageShift);
      kinds[kind] = (kinds[kind] ?? 0n) + 1n;
      pages.add(page);
      if (kind === EventKind.Write) written.add(page);
    }
  }
  const [reads = 0n, writes = 0n, fetches = 0n] = kinds;
  return { reads, writes, fetches, pages, written };
}

/** How many pieces of 2^to bytes the pages of 2^from bytes lie in. */
function pieces(pages: ReadonlySet<number>, from: number, to: number): bigint {
  return BigInt(new Set([...pages].map((page) => Math.floor(page / 2 ** (to - from)))).size);
}

describe.each(CELLS)("the sort trace on $arch with $pages pages", (cell) => {
  const { arch, pages, base, touch, entry, tables } = cell;
  let running: ReturnType<typeof runOne> | undefined;
  const result = () => {
    running ??= runOne({ path: SORT_TRACE, arch, pages });
    return running;
  };

  it("has the counters and cycles of the golden file", async () => {
    const { counters, cycles, checks } = await result();
    const name = `${arch} ${pages}`.replaceAll(/[^a-z0-9-]+/g, "-");
    await expect(toJson({ counters, cycles })).toMatchFileSnapshot(
      `../golden/report/sort-${name}.json`,
    );
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  });

  it("touches the pages and makes the tables that the addresses alone demand", async () => {
    const [{ counters }, facts] = [await result(), await factsOf(base)];
    const { reads, writes, fetches } = facts;
    const touches = pieces(facts.pages, base, touch);
    expect(counters).toMatchObject({
      reads,
      writes,
      fetches,
      demand_mappings: touches,
      demand_entries: touches * 2n ** BigInt(touch - entry),
      demand_tables: tables.reduce((sum, to) => sum + pieces(facts.pages, base, to), 0n),
    });
    // Every page that is written is made dirty once. A contiguous group is one TLB entry, so that one of
    // its entries may stand for others; x86-64 has no groups, only neighbours mapped together.
    const dirty = pieces(facts.written, base, Math.max(base, entry));
    if (touch === entry || arch === "x86-64") expect(counters.dirty_set).toBe(dirty);
    else expect(counters.dirty_set).toBeLessThan(dirty);
  });
});
