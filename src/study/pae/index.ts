// Where PageAnonExclusive may live: what each place costs, and what breaks.

import { ARCHITECTURES } from "../../../arch/index.js";
import { KERNEL_VERSIONS } from "../../../arch/linux/kernels.js";
import { MmulateError } from "../../errors.js";
import { PAE_SCHEMES } from "../../pae/index.js";
import { combinations } from "../combinations.js";
import type { Chosen, PointResult, Study, StudyPoint, StudyRun } from "../types.js";
import { assemble } from "./assemble.js";
import { runHazard } from "./hazard-run.js";
import { HAZARD_KERNEL, HAZARDS } from "./hazards.js";
import { runRound } from "./round.js";
import { WORKLOADS } from "./workloads.js";

const SCHEMES = [...PAE_SCHEMES.keys()];
const HAZARD_IDS = HAZARDS.map(({ id }) => id);
const NONE = "none";

const PARAMETERS: Study["parameters"] = {
  arch: {
    means: "whose page tables",
    values: [...ARCHITECTURES.keys()].slice(0, 2),
    allowed: "selector",
  },
  kernel: {
    means: "whose memory management",
    values: KERNEL_VERSIONS.slice(-1),
    allowed: "selector",
  },
  pae: { means: "how a page is known to be exclusive", values: SCHEMES, allowed: SCHEMES },
  workload: {
    means: "what processes do",
    values: [...WORKLOADS.keys()],
    allowed: [...WORKLOADS.keys(), NONE],
  },
  hazard: {
    means: "what may go wrong",
    values: HAZARD_IDS,
    allowed: [...HAZARD_IDS, NONE],
  },
  folio: {
    means: "how large the folios may be",
    values: ["4k", "64k"],
    allowed: ["4k", "64k", "2m"],
  },
  pages: { means: "base pages written", values: ["512"], allowed: { from: 32, to: 2 ** 16 } },
};

function plan(chosen: Chosen): StudyPoint[] {
  const asked = (name: string): string[] => (chosen[name] ?? []).filter((each) => each !== NONE);
  const names = ["kernel", "pages", "arch", "folio", "workload", "pae"] as const;
  const rounds = combinations({ ...chosen, workload: asked("workload") }, names).map((keys) => {
    const { arch, folio, pae } = keys;
    const kernel = `${keys.kernel}${folio === "64k" ? ":thp=never:mthp=64k" : ""}:pae=${pae}`;
    return { keys, machine: { arch, kernel }, values: keys };
  });
  const risky = ["kernel", "arch", "hazard", "pae"] as const;
  const hazards = combinations({ ...chosen, hazard: asked("hazard") }, risky).map((keys) => {
    const kernel = `${keys.kernel}:${HAZARD_KERNEL}:pae=${keys.pae}`;
    return { keys, machine: { arch: keys.arch, kernel }, values: keys };
  });
  return [...rounds, ...hazards];
}

function run(on: StudyRun, { values }: StudyPoint): PointResult {
  if ("hazard" in values) {
    const hazard = HAZARDS.find(({ id }) => id === values.hazard);
    if (hazard === undefined) throw new MmulateError("INTERNAL", `no hazard ${values.hazard}`);
    return runHazard(on, hazard);
  }
  return runRound(on.boot(), {
    workload: String(values.workload),
    pages: Number(values.pages),
    large: values.folio !== "4k",
    seed: on.seed,
  });
}

export const pae: Study = {
  summary: "where PageAnonExclusive may live, what each place costs, and what breaks there",
  about: [
    "Each workload begins with a mapping that was written as a whole; what comes then is counted: events of the kernel, and what the scheme itself does, atomic operations, cache lines of struct pages that are no folio's first, cache lines of bitmaps, entries written for this alone. Cycles are those of the kernel's events, without the scheme's own: what these cost on a machine nobody has measured, so they are counts.",
    "A hazard's script is played with the oracle watching. A scheme is *broken* where the oracle finds a rule broken, or the last pagemap shows something else than under `page`; *guarded* where the hazard is about schemes of its kind and the script passes; *safe* where it is not about them. Hazards that live between the steps of two CPUs cannot be shown by scripts; they say so.",
    "Real traces are not among the workloads: `random` writes single pages in random order, with a fork every 64 writes.",
  ],
  parameters: PARAMETERS,
  plan,
  run,
  assemble,
};
