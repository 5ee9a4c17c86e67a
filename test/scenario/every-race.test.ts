// Every call that may be interrupted, at every step, by everything that another CPU may do there, on memory in every state:
// processes read what they must, devices see what is written, and the kernel's state holds together.

import { describe, expect, it } from "vitest";
import { PAE_SCHEMES } from "../../src/pae/index.js";
import { playUnder } from "./support.js";

/** What has become of A before. A swapped or merged page has no pin, and so on: nothing is left out, it is an errno. */
const STATES: Readonly<Record<string, readonly string[]>> = {
  "base pages": ["mmap A 2 rw private", "write A 0 2"],
  "read-only": ["mmap A 2 rw private", "write A 0 2", "mprotect A 0 2 r"],
  "shared with a child": ["mmap A 2 rw private", "write A 0 2", "fork b"],
  "in swap": ["mmap A 2 rw private", "write A 0 2", "madvise A 0 2 pageout"],
  "freed lazily": ["mmap A 2 rw private", "write A 0 2", "madvise A 0 2 free"],
  mergeable: ["mmap A 2 rw private", "write A 0 2", "madvise A 0 2 mergeable"],
  pinned: ["mmap A 2 rw private", "write A 0 2", "pin A 1 1 read"],
  "a large folio": ["mmap A 16 rw private align=512", "madvise A 0 16 hugepage", "write A 0 16"],
  "in two tables": [
    "mmap A 16 rw private align=512",
    "madvise A 0 16 hugepage",
    "write A 0 16",
    "mremap A 8 8 B",
  ],
  "partly not forked": [
    "mmap A 16 rw private align=512",
    "madvise A 0 16 hugepage",
    "write A 0 16",
    "madvise A 1 1 dontfork",
  ],
  huge: ["mmap A 512 rw private align=512", "madvise A 0 512 hugepage", "write A 0 512"],
};

const PINS = ["pin A 0 1 read", "pin A 1 1", "pin A 1 1 read", "pin B 0 1 read"];
const KERNELS = ["migrate A 0 1", "madvise A 0 2 pageout", "ksm", "reclaim 2", "split A 0 1"];
/** In which order such a one and fork, or a pin, come is for nobody to say. */
const STORES = [
  "write A 0 2",
  "write B 0 1",
  "mprotect A 0 1 r",
  "munmap A 0 1",
  "madvise A 0 2 dontneed",
  "fork c",
];

const CALLS: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ["fork c", ["fork-batch", "fork-tested", "fork-cleaned", "fork-read"], [...PINS, ...KERNELS]],
  ["migrate A 0 2", ["migrate-table", "share-tested"], [...PINS, ...KERNELS, ...STORES]],
  ["madvise A 0 2 pageout", ["share-tested"], [...PINS, ...KERNELS, ...STORES]],
  ["ksm", ["share-tested"], [...PINS, ...KERNELS, ...STORES]],
  ["pin A 0 2 read", ["pin-looked"], [...PINS, ...KERNELS, "fork c"]],
];

/** All scripts on memory in a state. */
function scripts(state: readonly string[]): string[] {
  const hasB = state.some((line) => line.endsWith(" B"));
  return CALLS.flatMap(([call, steps, acts]) =>
    steps.flatMap((step) =>
      [1, 2].flatMap((times) =>
        acts
          .filter((act) => hasB || !act.includes(" B "))
          .map((act) =>
            [
              ...state,
              `meanwhile ${step} ${times} cpu 1 ${act}`,
              call,
              "mprotect A 0 2 rw",
              "write A 0 2",
              "madvise A 0 2 pageout",
              "read A 0 2",
            ].join("\n"),
          ),
      ),
    ),
  );
}

/** `npm run test:long` plays all of them. */
const EVERY = process.env.MMULATE_LONG === undefined ? 37 : 1;

const guarded = [...PAE_SCHEMES.keys()].filter((name) => !name.endsWith("-naive"));
const machines = [
  ["x86-64", "7.2:mthp=64k:memory=16m"],
  ["arm64", "6.12:mthp=64k:memory=16m"],
] as const;

describe.each(guarded)("under %s", (pae) => {
  describe.each(machines)("on %s, Linux %s", (arch, kernel) => {
    it.each(Object.entries(STATES))("%s", { timeout: 0 }, async (_name, state) => {
      const all = scripts(state).filter((_, i) => i % EVERY === 0);
      expect(all).not.toEqual([]);
      for (const text of all) {
        const { complaints } = await playUnder(pae, text, arch, kernel);
        expect(complaints, text).toEqual([]);
      }
    });
  });
});
