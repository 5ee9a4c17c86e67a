// What processes do while schemes of PageAnonExclusive are counted: scripts over one mapping A of so many pages.

import { shuffled } from "../../workload/random.js";

/** Rounds of what is done again and again. */
const ROUNDS = 8;
/** Single writes between two forks of `random`. */
const FORK_EVERY = 64;

type Lines = readonly string[];
type Workload = (pages: number, seed: number) => Lines;

function times(count: number, lines: (i: number) => Lines): string[] {
  return Array.from({ length: count }, (_, i) => lines(i)).flat();
}

/** exec_mmap: the address space that fork copied goes as a whole, and a small one comes. */
const exec = (pages: number): Lines => [
  `in c munmap A 0 ${pages}`,
  "in c mmap B 16 rw private",
  "in c write B 0 16",
];

/** A tenth of the pages. */
const part = (pages: number): number => Math.ceil(pages / 10);

const SCRIPTS: readonly (readonly [string, Workload])[] = [
  [
    "fork-exec",
    (n) =>
      times(ROUNDS, () => [
        "fork c",
        "in c write A 0 4",
        ...exec(n),
        "exit c",
        `write A 0 ${part(n)}`,
      ]),
  ],
  [
    "snapshot",
    (n) => ["fork c", `write A 0 ${part(n)}`, `in c read A 0 ${n}`, "exit c", `write A 0 ${n}`],
  ],
  [
    "zygote",
    (n) => [
      "fork z",
      `in z write A 0 ${part(n)}`,
      "in z fork a",
      "in z fork b",
      `in a write A 0 ${part(n)}`,
      `in b write A ${part(n)} ${part(n)}`,
      "exit a",
      "exit b",
      `in z write A 0 ${2 * part(n)}`,
      "exit z",
      `write A 0 ${n}`,
    ],
  ],
  [
    "pins",
    (n) => [
      "pin A 0 8 read",
      "fork c",
      `write A 0 ${n}`,
      `in c read A 0 ${n}`,
      "exit c",
      "madvise A 8 8 dontfork",
      "pin A 8 8",
      "fork d",
      `write A 0 ${n}`,
      "exit d",
      "unpin A 0 8 read",
    ],
  ],
  [
    "ksm",
    (n) => [`madvise A 0 ${n} mergeable`, "ksm", `write A 0 ${part(n)}`, "ksm", `write A 0 ${n}`],
  ],
  [
    "swap",
    (n) => [
      `madvise A 0 ${n} pageout`,
      `read A 0 ${n}`,
      `mprotect A 0 ${n} r`,
      `madvise A 0 ${n} pageout`,
      `read A 0 ${n}`,
      `madvise A 0 ${n} pageout`,
      `mprotect A 0 ${n} rw`,
      "fork c",
      `read A 0 ${n}`,
      `in c read A 0 ${n}`,
      "exit c",
      `write A 0 ${n}`,
    ],
  ],
  [
    "pressure",
    (n) => [
      ...times(ROUNDS / 2, () => [`write A 0 ${part(n)}`, `reclaim ${n / 4}`, `read A 0 ${n}`]),
      "fork c",
      `reclaim ${n / 2}`,
      `in c read A 0 ${n}`,
      "exit c",
      `write A 0 ${n}`,
    ],
  ],
  [
    "migrate",
    (n) => [
      `migrate A 0 ${n}`,
      `write A 0 ${n}`,
      "fork c",
      `migrate A 0 ${n}`,
      `write A 0 ${part(n)}`,
      "exit c",
      `write A 0 ${n}`,
    ],
  ],
  [
    "mprotect",
    (n) => [
      ...times(ROUNDS, () => [`mprotect A 0 ${n} r`, `mprotect A 0 ${n} rw`, `write A 0 ${n}`]),
      "fork c",
      "exit c",
      `mprotect A 0 ${n} r`,
      `mprotect A 0 ${n} rw`,
      `write A 0 ${n}`,
    ],
  ],
  [
    "force",
    (n) => [
      `mprotect A 0 ${n} r`,
      `force-write A 0 ${part(n)}`,
      "fork c",
      `force-write A 0 ${part(n)}`,
      "exit c",
      `mprotect A 0 ${n} rw`,
      `write A 0 ${n}`,
    ],
  ],
  [
    "gup-fast",
    (n) => [
      `mprotect A 0 ${n} r`,
      ...times(ROUNDS, () => [`pin A 0 ${n} read`, `unpin A 0 ${n} read`]),
      "fork c",
      `pin A 0 ${n} read`,
      "exit c",
      `unpin A 0 ${n} read`,
    ],
  ],
  [
    "split-collapse",
    (n) => [
      "fork c",
      "exit c",
      `split A 0 ${n}`,
      `write A 0 ${n}`,
      `madvise A 0 ${n} collapse`,
      `write A 0 ${n}`,
      "fork d",
      `in d munmap A 0 ${n / 2}`,
      `write A ${n / 2} ${n / 2}`,
      "exit d",
    ],
  ],
  [
    "random",
    (n, seed) =>
      times(ROUNDS, (i) => {
        const written = [...shuffled(n, seed + i).subarray(0, FORK_EVERY)];
        return [`fork c${i}`, ...written.map((page) => `write A ${page} 1`), `exit c${i}`];
      }),
  ],
];

/** The workload that plays a trace. */
export const TRACE = "trace";

/** By name: the script behind the first writes. */
export const WORKLOADS: ReadonlyMap<string, Workload> = new Map(SCRIPTS);

/** What the mapping consists of: base pages, folios of a size, or huge pages of a pool. */
export type Memory = "base" | "64k" | "2m" | "pool";

/** The mapping, all of it written. */
export function beginning(pages: number, memory: Memory): Lines {
  if (memory === "pool")
    return ["hugepages 2m 64", `mmap A ${pages} rw private huge=2m`, `write A 0 ${pages}`];
  return [
    `mmap A ${pages} rw private align=512`,
    ...(memory === "base" ? [] : [`madvise A 0 ${pages} hugepage`]),
    `write A 0 ${pages}`,
  ];
}
