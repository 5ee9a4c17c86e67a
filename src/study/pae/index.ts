// Where PageAnonExclusive may live: what each place costs, and what breaks.

import { KERNEL_VERSIONS } from "../../../arch/linux/kernels.js";
import { MmulateError } from "../../errors.js";
import { PAE_SCHEMES } from "../../pae/index.js";
import { parseScript } from "../../scenario/script.js";
import { cpusNeeded } from "../../scenario/threads.js";
import { combinations } from "../combinations.js";
import { TRACE_PARAMETERS } from "../trace-parameters.js";
import type { Chosen, PointResult, Study, StudyPoint, StudyRun, StudyTrace } from "../types.js";
import { ABOUT } from "./about.js";
import { assemble } from "./assemble.js";
import type { Hazard } from "./hazard.js";
import { runHazard } from "./hazard-run.js";
import { HAZARDS, kernelOf } from "./hazards.js";
import { hasFolios, MACHINES, pagesOf, partsOf, settingsOf } from "./machines.js";
import { runRound } from "./round.js";
import { scriptOfTrace } from "./trace.js";
import { type Memory, TRACE, WORKLOADS } from "./workloads.js";

const SCHEMES = [...PAE_SCHEMES.keys()];
const HAZARD_IDS = HAZARDS.map(({ id }) => id);
const MEMORY: readonly Memory[] = ["base", "64k", "2m", "pool"];
const NONE = "none";
/** Bytes of simulated memory: a machine is booted for each point. */
const MEMORY_BYTES = 2 ** 28;

const PARAMETERS: Study["parameters"] = {
  arch: { means: "whose page tables", values: MACHINES, allowed: "selector" },
  kernel: {
    means: "whose memory management",
    values: KERNEL_VERSIONS.slice(-1),
    allowed: "selector",
  },
  pae: { means: "how a page is known to be exclusive", values: SCHEMES, allowed: SCHEMES },
  workload: {
    means: "what processes do",
    values: [...WORKLOADS.keys(), TRACE],
    allowed: [...WORKLOADS.keys(), TRACE, NONE],
  },
  hazard: {
    means: "what may go wrong",
    values: HAZARD_IDS,
    allowed: [...HAZARD_IDS, NONE],
  },
  folio: {
    means: "what memory consists of: base pages, folios of a size, huge pages of a pool",
    values: MEMORY,
    allowed: MEMORY,
  },
  ...TRACE_PARAMETERS,
  rounds: {
    means: "most rounds of it, one behind each fork",
    values: ["12"],
    allowed: { from: 1, to: 100_000 },
  },
  pages: { means: "base pages written", values: ["128"], allowed: { from: 32, to: 2 ** 16 } },
};

/** Schemes whose costs are counted: where all are chosen, not those that leave out what costs. */
function countedOf(schemes: readonly string[]): readonly string[] {
  if (schemes.length < SCHEMES.length) return schemes;
  return schemes.filter((name) => !name.endsWith("-naive"));
}

function rounds(chosen: Chosen, workloads: readonly string[]): StudyPoint[] {
  const names = ["kernel", "pages", "arch", "folio", "workload", "pae"] as const;
  const all = { ...chosen, workload: workloads, pae: countedOf(chosen.pae ?? []) };
  return combinations(all, names)
    .filter(({ arch, folio }) => hasFolios(arch, folio as Memory))
    .map((keys) => {
      const { arch, folio, pae } = keys;
      const memory = folio as Memory;
      const kernel = `${keys.kernel}${settingsOf(arch, memory)}:pae=${pae}`;
      const pages = pagesOf(arch, memory, Number(keys.pages));
      const machine = { arch, kernel, memory: MEMORY_BYTES, ...partsOf(arch) };
      const point = { keys, machine, values: { ...keys, pages } };
      return keys.workload === TRACE ? { ...point, trace: traceOf(chosen) } : point;
    });
}

/** One trace, cut into what lies between two forks. */
function traceOf({
  trace = [],
  format = [],
  accesses = [],
  rounds: most = [],
}: Chosen): StudyTrace {
  const lists = { trace, format, accesses, rounds: most };
  for (const [name, values] of Object.entries(lists)) {
    if (values.length !== 1) throw new MmulateError("USAGE", `study.${name}: one is allowed here`);
  }
  const [path = "", kind = ""] = [trace[0], format[0]];
  return { path, format: kind, accesses: Number(accesses[0]), rounds: Number(most[0]) };
}

/** One point for each machine of the study, or for the one that the hazard takes. */
function hazardPoints(chosen: Chosen, hazard: Hazard): StudyPoint[] {
  const { id, on, kernel: needed } = hazard;
  const cpus = cpusNeeded(parseScript(hazard.script.join("\n"), id));
  const archs = on === undefined ? chosen.arch : [on.layout.architecture];
  const kernels = needed === undefined ? chosen.kernel : [needed];
  const all = { ...chosen, arch: archs ?? [], kernel: kernels ?? [], hazard: [id] };
  return combinations(all, ["kernel", "arch", "hazard", "pae"]).map((keys) => {
    const kernel = `${kernelOf(hazard, keys.kernel, keys.arch)}:pae=${keys.pae}`;
    const parts = on ?? partsOf(keys.arch);
    const machine = { arch: keys.arch, kernel, cpus, memory: MEMORY_BYTES, ...parts };
    return { keys, machine, values: keys };
  });
}

function plan(chosen: Chosen): StudyPoint[] {
  const asked = (name: string): string[] => (chosen[name] ?? []).filter((each) => each !== NONE);
  const hazards = HAZARDS.filter(({ id }) => asked("hazard").includes(id));
  return [
    ...rounds(chosen, asked("workload")),
    ...hazards.flatMap((hazard) => hazardPoints(chosen, hazard)),
  ];
}

function run(on: StudyRun, { values }: StudyPoint): PointResult {
  if ("hazard" in values) {
    const hazard = HAZARDS.find(({ id }) => id === values.hazard);
    if (hazard === undefined) throw new MmulateError("INTERNAL", `no hazard ${values.hazard}`);
    return runHazard(on, hazard);
  }
  const own = values.workload === TRACE ? scriptOfTrace(on.trace) : {};
  return runRound(on.boot(), {
    workload: String(values.workload),
    pages: Number(values.pages),
    memory: String(values.folio) as Memory,
    seed: on.seed,
    ...own,
  });
}

export const pae: Study = {
  summary: "where PageAnonExclusive may live, what each place costs, and what breaks there",
  about: ABOUT,
  parameters: PARAMETERS,
  plan,
  run,
  assemble,
};
