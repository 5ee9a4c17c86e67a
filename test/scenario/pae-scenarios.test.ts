// The twelve stories that tell schemes of PageAnonExclusive apart, on each architecture and page size: every scheme that
// is meant to be right comes out as it must, and the oracle finds nothing.

import { describe, expect, it } from "vitest";
import { PAE_SCHEMES } from "../../src/pae/index.js";
import type { Played } from "../../src/scenario/play-script.js";
import { playUnder } from "./support.js";

/** Folios of 16 pages on each; the parts of one are 4 KiB, 16 KiB or 64 KiB. */
const MACHINES = [
  ["x86-64", "7.2:mthp=64k"],
  ["arm64", "7.2:mthp=64k"],
  ["arm64:granule=16", "7.2:mthp=256k"],
  ["arm64:granule=64", "7.2:mthp=1m"],
  ["riscv64", "7.2:mthp=64k"],
  ["radix-fixture", "7.2:mthp=1m"],
] as const;
const SCHEMES = [...PAE_SCHEMES.keys()].filter((name) => !name.endsWith("-naive"));
/** Large base pages differ in groups and tables, which these know of. */
const FEWER = ["page", "folio", "bitmap", "pte-strict"];

const LARGE = ["mmap A 16 rw private align=512", "madvise A 0 16 hugepage", "write A 0 1"];
const SMALL = ["mmap A 1 rw private", "write A 0 1"];

interface Story {
  readonly name: string;
  readonly script: readonly string[];
  /** Minor faults of operations, by their text. */
  readonly faults?: Readonly<Record<string, number>>;
  /** How often events happened in all. */
  readonly events?: Readonly<Record<string, number>>;
  /** States (`state REGION`) in which every page, or none, is exclusive. */
  readonly exclusive?: Readonly<Record<string, boolean>>;
  readonly also?: (played: Played) => void;
}

const STORIES: readonly Story[] = [
  {
    name: "1: made read-only and writable again, a page is written without a fault",
    script: [...SMALL, "mprotect A 0 1 r", "mprotect A 0 1 rw", "in P write A 0 1", "state A"],
    faults: { "in P write A 0 1": 0 },
    exclusive: { "state A": true },
  },
  {
    name: "2: after the child's end, a page is taken back by one fault",
    script: [...SMALL, "fork c", "exit c", "in P write A 0 1", "state A"],
    faults: { "in P write A 0 1": 1 },
    events: { fault_copy: 0 },
    exclusive: { "state A": true },
  },
  {
    name: "2: so are pages of a large folio, from 6.15 on",
    script: [...LARGE, "fork c", "exit c", "write A 0 4"],
    faults: { "write A 0 4": 4 },
    events: { fault_copy: 0 },
  },
  {
    name: "3: a pinned page stays writable over fork; the child has a copy",
    script: [
      ...SMALL,
      "pin A 0 1 read",
      "fork c",
      "in P write A 0 1",
      "in c read A 0 1",
      "state A",
    ],
    faults: { "in P write A 0 1": 0 },
    exclusive: { "state A": true },
    also: ({ observations }) => expect(observations.at(-2)?.data).toEqual([[1, 2]]),
  },
  {
    name: "4: a pinned read-only page stays exclusive over MADV_FREE",
    script: [...SMALL, "mprotect A 0 1 r", "pin A 0 1 read", "madvise A 0 1 free", "state A"],
    exclusive: { "state A": true },
  },
  {
    name: "4: and is not copied away from whoever pinned it",
    script: [
      ...SMALL,
      "mprotect A 0 1 r",
      "pin A 0 1 read",
      "madvise A 0 1 free",
      "mprotect A 0 1 rw",
      "in P write A 0 1",
    ],
    events: { fault_copy: 0 },
  },
  {
    name: "5: pages that the child no longer maps are copied while it maps others",
    script: [...LARGE, "fork c", "in c munmap A 0 8", "write A 0 16"],
    faults: { "write A 0 16": 16 },
    events: { fault_copy: 16 },
  },
  {
    name: "6: a pinned half that is not forked stays as it is, and the other half is copied for the child",
    script: [
      ...LARGE,
      "madvise A 8 8 dontfork",
      "pin A 8 8 read",
      "fork c",
      "write A 0 16",
      "in c read A 0 8",
    ],
    faults: { "write A 0 16": 0 },
    also: ({ observations }) =>
      expect(observations.at(-1)?.data).toEqual([
        [1, 3],
        [7, 0],
      ]),
  },
  {
    name: "7: soft-dirty is exactly what was written",
    script: [
      "mmap A 4 rw private",
      "write A 0 4",
      "clear_refs",
      "fork c",
      "exit c",
      "write A 1 1",
      "pagemap A",
    ],
    also: ({ observations }) => {
      const letters = (observations.at(-1)?.pages ?? []).flatMap(([count, text]) =>
        Array(count).fill(text.includes("D")),
      );
      const tracked = letters.some(Boolean);
      expect(letters).toEqual([false, tracked, false, false]);
    },
  },
  {
    name: "8: swapped pages that were forked are nobody's alone",
    script: [
      "mmap A 2 rw private",
      "write A 0 2",
      "madvise A 0 2 pageout",
      "fork c",
      "read A 0 2",
      "in c read A 0 2",
      "state A",
      "in c state A",
    ],
    exclusive: { "state A": false, "in c state A": false },
  },
  {
    name: "9: in a group of which a part is exclusive, nothing spreads",
    script: [
      ...LARGE,
      "madvise A 8 8 dontfork",
      "fork c",
      "madvise A 8 8 dofork",
      "mprotect A 0 16 r",
      "mprotect A 0 16 rw",
      "write A 0 1",
      "in c read A 0 1",
    ],
    also: ({ observations }) => expect(observations.at(-1)?.data).toEqual([[1, 3]]),
  },
  {
    name: "10: pins and forks in turns: no page is pinned and not exclusive",
    script: [
      "mmap A 2 rw private",
      "write A 0 2",
      "pin A 0 1 read",
      "fork c",
      "pin A 1 1 read",
      "fork d",
      "in P write A 0 2",
      "state A",
    ],
    exclusive: { "state A": true },
  },
  {
    name: "11: KSM does not merge a pinned page",
    script: [
      "mmap A 2 rw private",
      "madvise A 0 2 mergeable",
      "write A 0 2",
      "pin A 0 1 read",
      "ksm",
      "state A",
    ],
    events: { ksm_merge: 0 },
  },
  {
    name: "12: migration between two batches of fork: both have their own",
    script: [
      "mmap A 8 rw private align=512",
      "write A 0 8",
      "meanwhile fork-batch 4 cpu 1 migrate A 0 8",
      "fork c",
      "write A 0 8",
      "in c read A 0 8",
    ],
    also: ({ observations }) => expect(observations.at(-1)?.data).toEqual([[8, 2]]),
  },
  {
    name: "10: a pin without locks in the middle of fork waits for it",
    script: [
      "mmap A 2 rw private",
      "write A 0 2",
      "mprotect A 0 2 r",
      "meanwhile fork-tested 1 cpu 1 pin A 0 1 read",
      "fork c",
      "mprotect A 0 2 rw",
      "write A 0 2",
      "in c read A 0 2",
    ],
    also: ({ observations }) => {
      expect(observations[3]?.waited).toBe(true);
      expect(observations.at(-1)?.data).toEqual([[2, 2]]);
    },
  },
  {
    name: "huge pages of a pool: pinned over fork, copied at a write, unshared for a pin",
    script: [
      "mmap A 1024 rw private huge=2m",
      "write A 0 1",
      "write A 512 1",
      "pin A 0 1 read",
      "fork c",
      "in P write A 0 1",
      "write A 512 1",
      "in c read A 0 1",
      "in c read A 512 1",
      "in c pin A 512 1 read",
      "in c write A 512 1",
      "state A",
    ],
    faults: { "in P write A 0 1": 0 },
    also: ({ observations }) => {
      expect(observations.at(-5)?.data).toEqual([[1, 2]]);
      expect(observations.at(-4)?.data).toEqual([[1, 3]]);
    },
  },
  {
    name: "12: fork while pages are on their way: whatever was said before, both have their own",
    script: [
      ...LARGE,
      "madvise A 8 8 dontfork",
      "migrate A 0 16 hold",
      "fork c",
      "migrate-end A 0 16",
      "write A 0 16",
      "in c read A 0 8",
    ],
    also: ({ observations }) =>
      expect(observations.at(-1)?.data).toEqual([
        [1, 3],
        [7, 0],
      ]),
  },
];

describe.each(MACHINES)("on %s, Linux %s", (arch, kernel) => {
  describe.each(/granule|fixture/.test(arch) ? FEWER : SCHEMES)("under %s", (pae) => {
    it.each(STORIES)(
      "$name",
      async ({ script, faults = {}, events = {}, exclusive = {}, also }) => {
        const played = await playUnder(pae, script.join("\n"), arch, kernel);
        expect(played.complaints).toEqual([]);
        const ops = played.observations.map(({ op }) => op);
        const named = [...Object.keys(faults), ...Object.keys(exclusive)];
        expect(ops).toEqual(expect.arrayContaining(named));
        for (const { op, minflt, state } of played.observations) {
          if (op in faults) expect(minflt, op).toBe(faults[op]);
          if (op in exclusive)
            expect(
              state?.map(([, { x }]) => x === 1),
              op,
            ).toEqual(state?.map(() => exclusive[op]));
        }
        for (const [name, times] of Object.entries(events)) expect(played.events[name]).toBe(times);
        also?.(played);
      },
    );
  });
});

/** Of each naive scheme a script that it does not survive. */
const CAUGHT = [
  ["folio-naive", [...LARGE, "madvise A 8 8 dontfork", "fork c", "write A 8 8"], "I2"],
  ["bitmap-naive", [...SMALL, "fork c fail-after=7", "write A 0 1"], "I1"],
  ["pte-naive", [...SMALL, "mprotect A 0 1 r", "pin A 0 1 read", "madvise A 0 1 free"], "I3"],
] as const;

describe.each(CAUGHT)("%s", (pae, script, rule) => {
  it("is caught by a script that passes under page", async () => {
    const text = script.join("\n");
    expect((await playUnder("page", text, "x86-64", "7.2:mthp=64k")).complaints).toEqual([]);
    const { complaints } = await playUnder(pae, text, "x86-64", "7.2:mthp=64k");
    expect(complaints?.map(({ id }) => id.slice(0, 2))).toContain(rule);
  });
});
