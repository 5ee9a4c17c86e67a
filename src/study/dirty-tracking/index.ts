// Who finds the dirty pages, at what price.

import { ARCHITECTURES } from "../../../arch/index.js";
import { KERNEL_VERSIONS } from "../../../arch/linux/kernels.js";
import { MmulateError } from "../../errors.js";
import { TRACKERS } from "../../tracker/index.js";
import { combinations } from "../combinations.js";
import type { Chosen, PointResult, Study, StudyPoint, StudyRun } from "../types.js";
import { assemble } from "./assemble.js";
import { type RoundValues, runRound } from "./round.js";

const PARAMETERS: Study["parameters"] = {
  arch: {
    means: "whose page tables",
    values: [...ARCHITECTURES.keys()],
    allowed: "selector",
  },
  kernel: {
    means: "whose memory management",
    values: KERNEL_VERSIONS.slice(-1),
    allowed: "selector",
  },
  tracker: {
    means: "how written pages are found",
    values: [...TRACKERS.keys()],
    allowed: [...TRACKERS.keys()],
  },
  pages: {
    means: "base pages that are watched",
    values: ["4096"],
    allowed: { from: 16, to: 2 ** 24 },
  },
  dirty: {
    means: "part of them that is written",
    values: ["0.01", "0.1", "1"],
    allowed: { from: 0, to: 1, fractions: true },
  },
  order: {
    means: "in which order these pages, chosen at random, are written",
    values: ["random", "ascending"],
    allowed: ["random", "ascending"],
  },
  work: {
    means: "cycles of the program's own work for each page that it writes",
    values: ["10000"],
    allowed: { from: 0, to: 1_000_000_000 },
  },
};
/** Bytes of simulated memory for each watched page: itself, tables, what else a kernel needs. */
const BYTES_A_PAGE = 4096 * 1.25;

function plan(chosen: Chosen): StudyPoint[] {
  const names = ["kernel", "pages", "work", "order", "dirty", "arch", "tracker"] as const;
  return combinations(chosen, names).map((keys) => ({
    keys,
    machine: {
      arch: keys.arch,
      kernel: keys.kernel,
      memory: Number(keys.pages) * BYTES_A_PAGE,
    },
    values: {
      pages: Number(keys.pages),
      dirty: Number(keys.dirty),
      work: Number(keys.work),
      order: keys.order,
      tracker: keys.tracker,
    },
  }));
}

function run(on: StudyRun, { values }: StudyPoint): PointResult {
  const tracker = TRACKERS.get(String(values.tracker));
  if (tracker === undefined) throw new MmulateError("INTERNAL", `no tracker ${values.tracker}`);
  try {
    return runRound(on.boot(), tracker, { ...valuesOf(values), seed: on.seed });
  } catch (error) {
    // What a kernel has not is an answer, too.
    if (!(error instanceof MmulateError) || error.code !== "CONFIG") throw error;
    return { metrics: {}, checks: [], found: { refused: error.message } };
  }
}

function valuesOf({ pages, dirty, work, order }: StudyPoint["values"]): Omit<RoundValues, "seed"> {
  return {
    pages: Number(pages),
    dirty: Number(dirty),
    work: Number(work),
    order: order === "random" ? "random" : "ascending",
  };
}

export const dirtyTracking: Study = {
  summary: "who finds the dirty pages, and at what price",
  about: [
    "A heap is written as a whole, then watched; a part of it, chosen at random, is written page by page; then what was written is collected, and watched again. Cycles are those of the cost profile `golden-cove-linux` on every architecture, so that architectures differ by what has to be done, not by how fast a machine does it.",
    "An oracle judges each collection: every page that changed must be reported. Pages reported beyond that are false positives.",
  ],
  parameters: PARAMETERS,
  plan,
  run,
  assemble,
};
