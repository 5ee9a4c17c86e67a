// Who finds the dirty pages, at what price.

import { ARCHITECTURES } from "../../../arch/index.js";
import { KERNEL_VERSIONS } from "../../../arch/linux/kernels.js";
import { MmulateError } from "../../errors.js";
import { VM_SOFT_DIRTY_RULES } from "../../kernel/features.js";
import { TRACKERS } from "../../tracker/index.js";
import { combinations } from "../combinations.js";
import type { Chosen, PointResult, Study, StudyPoint, StudyRun } from "../types.js";
import { assemble } from "./assemble.js";
import { FACTS, runFact } from "./facts.js";
import { PASSES, runPasses } from "./passes.js";
import { runRound } from "./round.js";

/** Rounds of a kind, each with what it says of parameters by itself. */
const ROUNDS: ReadonlyMap<string, Chosen> = new Map<string, Chosen>([
  ["round", {}],
  ["in-order", { order: ["ascending"], dirty: ["1"] }],
  ["large-folios", { folio: ["64k"], dirty: ["0.01"] }],
]);
const WORKLOADS = [...ROUNDS.keys(), ...PASSES.keys(), ...FACTS.keys()];
/** The rule of the kernel's own version. */
const OWN_RULE = "version";

const PARAMETERS: Study["parameters"] = {
  arch: { means: "whose page tables", values: [...ARCHITECTURES.keys()], allowed: "selector" },
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
  workload: { means: "what the process does", values: WORKLOADS, allowed: WORKLOADS },
  pages: { means: "base pages of the heap", values: ["2048"], allowed: { from: 16, to: 2 ** 24 } },
  dirty: {
    means: "part of them that a round writes",
    values: ["0.01", "0.1", "0.5", "1"],
    allowed: { from: 0, to: 1, fractions: true },
  },
  order: {
    means: "in which order a round writes these pages, which are chosen at random",
    values: ["random"],
    allowed: ["random", "ascending"],
  },
  folio: {
    means: "how large the folios of the heap may be",
    values: ["4k"],
    allowed: ["4k", "64k", "2m"],
  },
  work: {
    means: "cycles of the program's own work for each page that it writes",
    values: ["10000"],
    allowed: { from: 0, to: 1_000_000_000 },
  },
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
  vmSoftDirty: {
    means: "what VM_SOFTDIRTY means to merging VMAs, of the stories about merging",
    values: [OWN_RULE, ...VM_SOFT_DIRTY_RULES],
    allowed: [OWN_RULE, ...VM_SOFT_DIRTY_RULES],
  },
};

/** Bytes of simulated memory for each watched page: itself, tables, what else a kernel needs. */
const BYTES_A_PAGE = 4096 * 1.25;
const LEAST_BYTES = 2 ** 28;

function rounds(chosen: Chosen, workload: string): StudyPoint[] {
  const names = [
    ...(["workload", "kernel", "pages", "folio", "work", "order", "dirty"] as const),
    ...(["arch", "tracker"] as const),
  ];
  return combinations({ ...chosen, ...ROUNDS.get(workload), workload: [workload] }, names).map(
    (keys) => {
      const { arch, folio } = keys;
      const kernel = folio === "64k" ? `${keys.kernel}:thp=never:mthp=${folio}` : keys.kernel;
      const memory = Math.max(LEAST_BYTES, Number(keys.pages) * BYTES_A_PAGE);
      return { keys, machine: { arch, kernel, memory }, values: keys };
    },
  );
}

function passes(chosen: Chosen, workload: string): StudyPoint[] {
  const own: readonly string[] = workload === "precopy" ? ["bandwidth", "downtime"] : ["bandwidth"];
  const names = ["workload", "kernel", "pages", "work", ...own, "arch", "tracker"];
  return combinations({ ...chosen, workload: [workload] }, names).map((keys) => {
    const { arch = "", kernel = "" } = keys;
    const memory = Math.max(LEAST_BYTES, Number(keys.pages) * BYTES_A_PAGE * 2);
    const downtime = keys.downtime ?? "0";
    return { keys, machine: { arch, kernel, memory }, values: { ...keys, downtime } };
  });
}

/** Rules of VM_SOFTDIRTY tell points apart where soft-dirty is asked for and VMAs merge. */
function stories(chosen: Chosen, workload: string): StudyPoint[] {
  const names = ["workload", "kernel", "arch", "tracker", "vmSoftDirty"] as const;
  return combinations({ ...chosen, workload: [workload] }, names).flatMap((keys) => {
    const { arch, tracker, vmSoftDirty: rule } = keys;
    const asks = workload.startsWith("merge") && tracker.startsWith("soft-dirty");
    if (!asks && rule !== OWN_RULE) return [];
    const kernel = rule === OWN_RULE ? keys.kernel : `${keys.kernel}:vmSoftDirty=${rule}`;
    return [{ keys, machine: { arch, kernel, memory: LEAST_BYTES }, values: keys }];
  });
}

function plan(chosen: Chosen): StudyPoint[] {
  return (chosen.workload ?? []).flatMap((workload) => {
    if (ROUNDS.has(workload)) return rounds(chosen, workload);
    return PASSES.has(workload) ? passes(chosen, workload) : stories(chosen, workload);
  });
}

function run(on: StudyRun, { values }: StudyPoint): PointResult {
  const { workload, tracker: name } = values;
  const tracker = TRACKERS.get(String(name));
  if (tracker === undefined) throw new MmulateError("INTERNAL", `no tracker ${name}`);
  try {
    const { pages, work } = values;
    if (PASSES.has(String(workload))) {
      return runPasses(on.boot(), tracker, String(workload), {
        pages: Number(pages),
        work: Number(work),
        bandwidth: Number(values.bandwidth),
        downtime: Number(values.downtime),
        seed: on.seed,
      });
    }
    if (FACTS.has(String(workload))) return runFact(on.boot(), tracker, String(workload));
    return runRound(on.boot(), tracker, {
      pages: Number(pages),
      dirty: Number(values.dirty),
      work: Number(work),
      order: values.order === "random" ? "random" : "ascending",
      huge: values.folio !== "4k",
      seed: on.seed,
    });
  } catch (error) {
    // What a kernel has not is an answer, too.
    if (!(error instanceof MmulateError) || error.code !== "CONFIG") throw error;
    return { metrics: {}, checks: [], found: { refused: error.message } };
  }
}

export const dirtyTracking: Study = {
  summary: "who finds the dirty pages, and at what price",
  about: [
    "`round`: a heap is written as a whole, then watched; a part of it, chosen at random, is written page by page; then what was written is collected, copied, and watched again. `in-order` writes every page in address order, `large-folios` has folios of 64 KiB. `precopy` is a live migration, which sends pass after pass until what is left fits the downtime; `predump` three pre-dumps of CRIU, with figures under its names; `store` writes keys by Zipf's law in a heap that grows by mmap behind itself; `barrier` is a garbage collector that asks at each of its collections. Cycles are those of the cost profile `golden-cove-linux` on every architecture, so that architectures differ by what has to be done, not by how fast a machine does it. The other workloads are small stories about single rules.",
    "An oracle judges each collection: every page that changed must be reported, unless the kernel loses it, too; then the rule is named. Pages reported beyond that are false positives.",
    "`hw-log` and `hw-sweep` are bounds: no CPU logs the stores of a process to its own memory. `uffd-async-sd` is the proposal that `uffd-async` grew out of; no kernel has it. Of the rules of VM_SOFTDIRTY, `unmerged` is that of kernels before 3.14, as their code has it: a new mapping was compared before it got the flag. `apart` compares it with the flag.",
  ],
  parameters: PARAMETERS,
  plan,
  run,
  assemble,
};
