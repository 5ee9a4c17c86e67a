// What may be chosen in the study of trackers.

import { ARCHITECTURES } from "../../../arch/index.js";
import { KERNEL_VERSIONS } from "../../../arch/linux/kernels.js";
import { VM_SOFT_DIRTY_RULES } from "../../kernel/features.js";
import { TRACKERS } from "../../tracker/index.js";
import { LOCALITIES } from "../locality.js";
import { TRACE_PARAMETERS } from "../trace-parameters.js";
import type { StudyParameter } from "../types.js";

/** The rule of the kernel's own version. */
export const OWN_RULE = "version";
/** As many threads as there are CPUs beside the collector's. */
export const ALL_THREADS = "all";

const names = <T>(map: ReadonlyMap<string, T>): readonly string[] => [...map.keys()];

/** Where and on what. */
const MACHINES = {
  arch: { means: "whose page tables", values: names(ARCHITECTURES), allowed: "selector" },
  kernel: {
    means: "whose memory management",
    values: KERNEL_VERSIONS.slice(-1),
    allowed: "selector",
  },
  cpus: {
    means: "CPUs; where there are several, the last one is the collector's",
    values: ["1"],
    allowed: { from: 1, to: 64 },
  },
  tracker: {
    means: "how written pages are found",
    values: names(TRACKERS),
    allowed: names(TRACKERS),
  },
} as const satisfies Record<string, StudyParameter>;

/** What is written. */
const HEAPS = {
  pages: { means: "base pages of the heap", values: ["2048"], allowed: { from: 16, to: 2 ** 24 } },
  dirty: {
    means: "part of them that a round writes",
    values: ["0.01", "0.1", "0.5", "1"],
    allowed: { from: 0, to: 1, fractions: true },
  },
  locality: {
    means: "which pages a round writes",
    values: ["random"],
    allowed: names(LOCALITIES),
  },
  order: {
    means: "in which order: as the locality has it, or by address",
    values: ["random"],
    allowed: ["random", "ascending"],
  },
  folio: {
    means: "how large the folios of the heap may be (4k: base pages, whatever their size)",
    values: ["4k"],
    allowed: ["4k", "64k", "2m"],
  },
  threads: {
    means: "threads that write, each on a CPU of its own beside the collector's",
    values: [ALL_THREADS],
    allowed: { from: 1, to: 63, words: [ALL_THREADS] },
  },
  work: {
    means: "cycles of the program's own work for each page that it writes",
    values: ["10000"],
    allowed: { from: 0, to: 1_000_000_000 },
  },
} as const satisfies Record<string, StudyParameter>;

/** What goes on for several rounds. */
const COURSES = {
  bandwidth: {
    means: "bytes a microsecond, of what is sent or dumped",
    values: ["4000"],
    allowed: { from: 1, to: 1_000_000 },
  },
  downtime: {
    means: "microseconds that a migration may stand still",
    values: ["300"],
    allowed: { from: 1, to: 10_000_000 },
  },
  dumps: {
    means: "dumps of predump behind the first copy, the last one frozen",
    values: ["3"],
    allowed: { from: 1, to: 1000 },
  },
  rounds: {
    means: "most rounds of a trace, and rounds of race",
    values: ["12"],
    allowed: { from: 1, to: 100_000 },
  },
  ...TRACE_PARAMETERS,
  vmSoftDirty: {
    means: "what VM_SOFTDIRTY means to merging VMAs, of the stories about merging",
    values: [OWN_RULE, ...VM_SOFT_DIRTY_RULES],
    allowed: [OWN_RULE, ...VM_SOFT_DIRTY_RULES],
  },
} as const satisfies Record<string, StudyParameter>;

/** All but the workload, whose names stand where workloads do (points.ts). */
export const PARAMETERS: Readonly<Record<string, StudyParameter>> = {
  ...MACHINES,
  ...HEAPS,
  ...COURSES,
};
