/** The CPU profiles' machines as they stand in their sources, written down apart from the profiles. */

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** Profiles of real machines. */
export const MACHINES = [
  "golden-cove",
  "skylake-sp",
  "zen4",
  "neoverse-n1",
  "neoverse-v2",
] as const;
export type Machine = (typeof MACHINES)[number];

/** Bytes that pages of one size (log2) can cover, per structure; 0 = no array for them. */
export const REACH: Record<Machine, Record<string, Record<number, number>>> = {
  "golden-cove": {
    data: { 12: 384 * KIB, 21: 64 * MIB, 30: 8 * GIB },
    fetch: { 12: MIB, 21: 64 * MIB, 30: 0 },
    store: { 12: 64 * KIB, 21: 32 * MIB, 30: 16 * GIB },
    second: { 12: 8 * MIB, 21: 2 * GIB, 30: 1024 * GIB },
  },
  "skylake-sp": {
    data: { 12: 256 * KIB, 21: 64 * MIB, 30: 4 * GIB },
    fetch: { 12: 512 * KIB, 21: 16 * MIB, 30: 0 },
    second: { 12: 6 * MIB, 21: 3 * GIB, 30: 16 * GIB },
  },
  zen4: {
    data: { 12: 288 * KIB, 21: 144 * MIB, 30: 72 * GIB },
    fetch: { 12: 256 * KIB, 21: 128 * MIB, 30: 64 * GIB },
    second: { 12: 12 * MIB, 21: 6 * GIB, 30: 0 },
  },
  "neoverse-n1": {
    data: { 12: 192 * KIB, 14: 768 * KIB, 16: 3 * MIB, 21: 96 * MIB, 25: 0, 29: 24 * GIB, 30: 0 },
    fetch: {
      12: 192 * KIB,
      14: 768 * KIB,
      16: 3 * MIB,
      21: 96 * MIB,
      25: 1536 * MIB,
      29: 0,
      30: 0,
    },
    second: {
      12: 5 * MIB,
      14: 20 * MIB,
      16: 80 * MIB,
      21: 2560 * MIB,
      25: 40 * GIB,
      29: 640 * GIB,
    },
  },
  "neoverse-v2": {
    data: { 12: 192 * KIB, 14: 768 * KIB, 16: 3 * MIB, 21: 96 * MIB, 25: 0, 29: 24 * GIB, 30: 0 },
    fetch: { 12: 192 * KIB, 14: 768 * KIB, 16: 3 * MIB, 21: 96 * MIB, 25: 0, 29: 0, 30: 0 },
    second: { 12: 8 * MIB, 14: 32 * MIB, 16: 128 * MIB, 21: 4 * GIB, 25: 64 * GIB, 29: 1024 * GIB },
  },
};

/** What a structure keeps a page as: log2 of its size -> log2 of the entry's. */
type Kept = Record<number, number>;
const WHOLE_4K: Kept = { 12: 12, 16: 16, 21: 21 };
const WHOLE_16K: Kept = { 14: 14, 21: 21 };
const WHOLE_64K: Kept = { 16: 16, 21: 21 };

/** Of Arm's machines, per granule, with the sizes that only LPA2 and 52-bit addresses have. */
export const KEPT_ON_ARM: Record<
  "neoverse-n1" | "neoverse-v2",
  Record<4 | 16 | 64, Record<"data" | "fetch" | "second", Kept>>
> = {
  "neoverse-n1": {
    4: {
      data: { ...WHOLE_4K, 25: 21, 30: 21, 34: 21, 39: 21 },
      fetch: { ...WHOLE_4K, 25: 25, 30: 25, 34: 25, 39: 25 },
      second: { ...WHOLE_4K, 25: 25, 30: 30, 34: 30, 39: 30 },
    },
    16: {
      data: { ...WHOLE_16K, 25: 21, 30: 21, 36: 21 },
      fetch: { ...WHOLE_16K, 25: 25, 30: 25, 36: 25 },
      second: { ...WHOLE_16K, 25: 25, 30: 30, 36: 25 },
    },
    64: {
      data: { ...WHOLE_64K, 29: 29, 34: 29, 42: 29 },
      fetch: { ...WHOLE_64K, 29: 21, 34: 21, 42: 21 },
      second: { ...WHOLE_64K, 29: 29, 34: 29, 42: 29 },
    },
  },
  "neoverse-v2": {
    4: {
      data: { ...WHOLE_4K, 25: 21, 30: 21, 34: 21, 39: 21 },
      fetch: { ...WHOLE_4K, 25: 21, 30: 21, 34: 21, 39: 21 },
      second: { ...WHOLE_4K, 25: 25, 30: 30, 34: 30, 39: 30 },
    },
    16: {
      data: { ...WHOLE_16K, 25: 21, 30: 21, 36: 21 },
      fetch: { ...WHOLE_16K, 25: 21, 30: 21, 36: 21 },
      second: { ...WHOLE_16K, 25: 25, 30: 30, 36: 25 },
    },
    64: {
      data: { ...WHOLE_64K, 29: 29, 34: 29, 42: 29 },
      fetch: { ...WHOLE_64K, 29: 21, 34: 21, 42: 21 },
      second: { ...WHOLE_64K, 29: 29, 34: 29, 42: 29 },
    },
  },
};

/** Of x86-64's, levels 4 and 5 alike. */
export const KEPT_ON_X86: Record<
  "golden-cove" | "skylake-sp" | "zen4",
  Record<"data" | "fetch" | "second", Kept>
> = {
  "golden-cove": {
    data: { 12: 12, 21: 21, 30: 30 },
    fetch: { 12: 12, 21: 21, 30: 21 },
    second: { 12: 12, 21: 21, 30: 30 },
  },
  "skylake-sp": {
    data: { 12: 12, 21: 21, 30: 30 },
    fetch: { 12: 12, 21: 21, 30: 21 },
    second: { 12: 12, 21: 21, 30: 30 },
  },
  zen4: {
    data: { 12: 12, 21: 21, 30: 30 },
    fetch: { 12: 12, 21: 21, 30: 30 },
    second: { 12: 12, 21: 21, 30: 21 },
  },
};

/** Cache name, KiB, sets, cycles; then memory's nanoseconds. */
export const MEMORY_SIDE: Record<
  Machine,
  { caches: [string, number, number, number][]; ns: number }
> = {
  "golden-cove": {
    caches: [
      ["L1D", 48, 64, 5],
      ["L2", 2048, 2048, 16],
      ["LLC", 4096, 4096, 148],
    ],
    ns: 145,
  },
  "skylake-sp": {
    caches: [
      ["L1D", 32, 64, 4],
      ["L2", 1024, 1024, 14],
      ["LLC", 22528, 32768, 60],
    ],
    ns: 90,
  },
  zen4: {
    caches: [
      ["L1D", 32, 64, 4],
      ["L2", 1024, 2048, 14],
      ["L3", 32768, 32768, 50],
    ],
    ns: 75,
  },
  "neoverse-n1": {
    caches: [
      ["L1D", 64, 256, 4],
      ["L2", 1024, 2048, 11],
      ["SLC", 32768, 32768, 75],
    ],
    ns: 81,
  },
  "neoverse-v2": {
    caches: [
      ["L1D", 64, 256, 4],
      ["L2", 2048, 4096, 10],
      ["SLC", 32768, 32768, 70],
    ],
    ns: 115,
  },
};
