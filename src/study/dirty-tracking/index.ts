// Who finds the dirty pages, at what price.

import { MmulateError } from "../../errors.js";
import { TRACKERS } from "../../tracker/index.js";
import type { Tracker } from "../../tracker/types.js";
import type { PointResult, Study, StudyPoint, StudyRun } from "../types.js";
import { assemble } from "./assemble.js";
import { FACTS, runFact } from "./facts.js";
import { ALL_THREADS, PARAMETERS } from "./parameters.js";
import { PASSES, runPasses } from "./passes.js";
import { plan, RACE, TRACE, WORKLOADS } from "./points.js";
import { runRace } from "./race.js";
import { runRound } from "./round.js";
import { runTrace } from "./trace.js";

type Run = (on: StudyRun, tracker: Tracker, values: StudyPoint["values"]) => PointResult;

/** What rounds and races have in common. */
function heapOf({ seed }: StudyRun, values: StudyPoint["values"]) {
  const { pages, dirty, work, folio, threads } = values;
  return {
    pages: Number(pages),
    dirty: Number(dirty),
    work: Number(work),
    huge: folio !== "4k",
    threads: threads === ALL_THREADS ? undefined : Number(threads),
    seed,
  };
}

/** Pages that are written in no time. */
const FEW_PAGES = 16;
const MANY_PAGES = 2 ** 14;

const round: Run = (on, tracker, values) => {
  const heap = heapOf(on, values);
  const locality = String(values.locality);
  const how = { ...heap, locality, ascending: values.order === "ascending" };
  // What a kernel refuses, it refuses on a small heap as well, before a large one is written for nothing.
  if (heap.pages > MANY_PAGES) runRound(on.boot(), tracker, { ...how, pages: FEW_PAGES });
  return runRound(on.boot(), tracker, how);
};

const passes: Run = (on, tracker, { workload, pages, work, bandwidth, downtime, dumps }) =>
  runPasses(on.boot(), tracker, String(workload), {
    pages: Number(pages),
    work: Number(work),
    bandwidth: Number(bandwidth),
    downtime: Number(downtime),
    dumps: Number(dumps),
    seed: on.seed,
  });

const fact: Run = (on, tracker, { workload }) => runFact(on.boot(), tracker, String(workload));

const race: Run = (on, tracker, values) =>
  runRace(on.boot(), tracker, { ...heapOf(on, values), rounds: Number(values.rounds) });

const trace: Run = (on, tracker, { folio }) =>
  runTrace(on.boot(), tracker, { trace: on.trace, folio: String(folio) });

/** Workloads that are no rounds. */
const RUNS: ReadonlyMap<string, Run> = new Map<string, Run>([
  ...[...PASSES.keys()].map((name): [string, Run] => [name, passes]),
  ...[...FACTS.keys()].map((name): [string, Run] => [name, fact]),
  [RACE, race],
  [TRACE, trace],
]);

function run(on: StudyRun, { values }: StudyPoint): PointResult {
  const { workload, tracker: name } = values;
  const tracker = TRACKERS.get(String(name));
  if (tracker === undefined) throw new MmulateError("INTERNAL", `no tracker ${name}`);
  try {
    return (RUNS.get(String(workload)) ?? round)(on, tracker, values);
  } catch (error) {
    // What a kernel has not is an answer, too.
    if (!(error instanceof MmulateError) || error.code !== "CONFIG") throw error;
    return { metrics: {}, checks: [], found: { refused: error.message } };
  }
}

export const dirtyTracking: Study = {
  summary: "who finds the dirty pages, and at what price",
  about: [
    "`round`: a heap is written as a whole, then watched; a part of it, chosen at random, is written page by page; then what was written is collected, copied, and watched again. `in-order` writes every page in address order, `large-folios` has folios of 64 KiB, `huge-folios` of 2 MiB, `page-sizes` larger base pages. `localities` writes runs of 16 pages (`clustered`), pages far from each other (`strided`), or nine of ten side by side (`hot`). `threads` has several CPUs: the last one arms and collects, a thread writes on each of the others; cycles of writing are those of all threads together, what they waited and were interrupted for among them.",
    "`precopy` is a live migration, which sends pass after pass until what is left fits the downtime; `predump` pre-dumps of CRIU and the dump, with figures under its names; `store` writes keys by Zipf's law in a heap that grows by mmap behind itself; `barrier` is a garbage collector that asks at each of its collections. `trace` plays what a real program wrote: its trace is cut into rounds of so many accesses (`study.trace`, `study.accesses`). Pages that it touches are anonymous memory here, blocks of 16 without what lies between them; pages that it writes at all were written before anybody watches, the others read; a round writes each of its pages once, and the program's own time is a cycle for each access. In `race` nobody stops the process: threads write on while the collector works.",
    "Cycles are those of the cost profile `golden-cove-linux` on every architecture, so that architectures differ by what has to be done, not by how fast a machine does it. The other workloads are small stories about single rules.",
    "An oracle judges each collection: every page that changed must be reported, unless the kernel loses it, too; then the rule is named. What is written while a collection is in progress must be told by it or by the next one. Pages reported beyond that are false positives.",
    "`hw-log` and `hw-sweep` are bounds: no CPU logs the stores of a process to its own memory. `uffd-async-sd` is the proposal that `uffd-async` grew out of; no kernel has it. Of the rules of VM_SOFTDIRTY, `unmerged` is that of kernels before 3.14, as their code has it: a new mapping was compared before it got the flag. `apart` compares it with the flag.",
  ],
  parameters: {
    workload: { means: "what the process does", values: WORKLOADS, allowed: WORKLOADS },
    ...PARAMETERS,
  },
  plan,
  run,
  assemble,
};
