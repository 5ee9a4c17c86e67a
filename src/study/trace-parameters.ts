// What a study asks of a trace that it plays in rounds.

import type { StudyParameter } from "./types.js";

/** Of one trace, and of how it is cut; how many rounds there are at most, each study says in its own words. */
export const TRACE_PARAMETERS = {
  trace: {
    means: "of the workload trace: a file, or sort, which ships",
    values: ["sort"],
    allowed: "selector",
  },
  format: {
    means: "its format, where it cannot be recognised",
    values: ["auto"],
    allowed: "selector",
  },
  accesses: {
    means: "its accesses in a round",
    values: ["250000"],
    allowed: { from: 1, to: 1_000_000_000_000 },
  },
} as const satisfies Record<string, StudyParameter>;
