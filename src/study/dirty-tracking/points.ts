// From values to points: what each workload of the study depends on, and the machine it wants.

import { ARCHITECTURES } from "../../../arch/index.js";
import { LINUX_LAYOUTS } from "../../../arch/linux/index.js";
import { KERNEL_VERSIONS } from "../../../arch/linux/kernels.js";
import { layoutOf } from "../../kernel/features.js";
import { combinations } from "../combinations.js";
import { LOCALITIES } from "../locality.js";
import type { Chosen, StudyPoint } from "../types.js";
import { FACTS } from "./facts.js";
import { OWN_RULE, PARAMETERS } from "./parameters.js";
import { PASSES } from "./passes.js";

/** What a workload says of parameters by itself. */
interface Own {
  /** Whatever was said. */
  readonly fixed?: Chosen;
  /** Where nothing was said. */
  readonly usual?: Chosen;
}

/** Selectors of architectures with pages that are not their smallest ones, under the newest kernel. */
function otherPageSizes(): string[] {
  const kernel = KERNEL_VERSIONS.at(-1) ?? "";
  return [...ARCHITECTURES.keys()].flatMap((arch) => {
    const [, ...others] = LINUX_LAYOUTS.get(layoutOf(kernel, arch))?.pageSizes ?? [];
    return others.map(({ mode }) =>
      [arch, ...Object.entries(mode).map(([name, value]) => `${name}=${value}`)].join(":"),
    );
  });
}

/** Rounds of a kind. */
const ROUNDS: ReadonlyMap<string, Own> = new Map<string, Own>([
  ["round", {}],
  ["in-order", { fixed: { order: ["ascending"], dirty: ["1"] } }],
  ["large-folios", { fixed: { folio: ["64k"], dirty: ["0.01"] } }],
  ["huge-folios", { usual: { folio: ["2m"], dirty: ["0.01"] } }],
  ["page-sizes", { usual: { arch: otherPageSizes(), dirty: ["0.1"] } }],
  ["localities", { usual: { locality: [...LOCALITIES.keys()].slice(1), dirty: ["0.1"] } }],
  ["threads", { usual: { cpus: ["1", "2", "4", "8"], dirty: ["0.1"] } }],
]);
export const RACE = "race";
export const TRACE = "trace";
const OTHERS: ReadonlyMap<string, Own> = new Map<string, Own>([
  [RACE, { usual: { cpus: ["4"], dirty: ["0.1"] } }],
  [TRACE, {}],
]);

export const WORKLOADS: readonly string[] = [
  ...ROUNDS.keys(),
  ...PASSES.keys(),
  ...OTHERS.keys(),
  ...FACTS.keys(),
];

/** The values of a workload's points. */
function valuesFor(chosen: Chosen, workload: string): Chosen {
  const { fixed, usual = {} } = ROUNDS.get(workload) ?? OTHERS.get(workload) ?? {};
  // What nobody said is the list of the parameter itself.
  const unsaid = Object.entries(usual).filter(
    ([name]) => chosen[name] === PARAMETERS[name]?.values,
  );
  return { ...chosen, ...Object.fromEntries(unsaid), ...fixed, workload: [workload] };
}

/** Simulated memory, in pages, for so many that are watched: themselves, tables, what else a kernel needs. */
function memoryFor(pages: number): number {
  return pages + Math.min(pages / 4, 2 ** 16 + pages / 64);
}

function kernelFor(kernel: string, folio: string): string {
  return folio === "64k" ? `${kernel}:thp=never:mthp=${folio}` : kernel;
}

type Keys = Readonly<Record<string, string>>;

/** @param pages of simulated memory; undefined: as many as machines usually have */
function pointOf(keys: Keys, pages: number | undefined): StudyPoint {
  const { arch = "", kernel = "", folio = "4k", cpus = "1" } = keys;
  const machine = { arch, kernel: kernelFor(kernel, folio), cpus: Number(cpus) };
  return { keys, machine: { ...machine, ...(pages !== undefined && { pages }) }, values: keys };
}

function rounds(values: Chosen): StudyPoint[] {
  const names = [
    ...["workload", "kernel", "pages", "cpus", "threads", "folio", "work", "order", "locality"],
    ...["dirty", "arch", "tracker"],
  ];
  return combinations(values, names).map((keys) => pointOf(keys, memoryFor(Number(keys.pages))));
}

/** What passes ask beside what all of them do. */
const OF_PASSES: Readonly<Record<string, readonly string[]>> = {
  precopy: ["bandwidth", "downtime"],
  predump: ["bandwidth", "dumps"],
};

function passes(values: Chosen, workload: string): StudyPoint[] {
  const own = OF_PASSES[workload] ?? [];
  const names = ["workload", "kernel", "pages", "cpus", "work", ...own, "arch", "tracker"];
  return combinations(values, names).map((keys) =>
    pointOf(keys, 2 * memoryFor(Number(keys.pages))),
  );
}

function races(values: Chosen): StudyPoint[] {
  const names = [
    ...["workload", "kernel", "pages", "cpus", "threads", "folio", "work", "dirty", "rounds"],
    ...["arch", "tracker"],
  ];
  return combinations(values, names).map((keys) => pointOf(keys, memoryFor(Number(keys.pages))));
}

function traces(values: Chosen): StudyPoint[] {
  const names = [
    ...["workload", "kernel", "cpus", "folio", "trace", "format", "accesses", "rounds"],
    ...["arch", "tracker"],
  ];
  return combinations(values, names).map((keys) => {
    const { trace: path, format, accesses, rounds: most, ...labels } = keys;
    const trace = {
      path: path ?? "",
      format: format ?? "",
      accesses: Number(accesses),
      rounds: Number(most),
    };
    // How many pages it touches is known when it is read.
    const point = pointOf(keys, undefined);
    const shown = { ...labels, trace: trace.path, accesses: accesses ?? "", rounds: most ?? "" };
    return { ...point, keys: shown, trace };
  });
}

/** Rules of VM_SOFTDIRTY tell points apart where soft-dirty is asked for and VMAs merge. */
function stories(values: Chosen, workload: string): StudyPoint[] {
  const names = ["workload", "kernel", "arch", "tracker", "vmSoftDirty"];
  return combinations(values, names).flatMap((keys) => {
    const { tracker = "", vmSoftDirty: rule, kernel: version = "" } = keys;
    const asks = workload.startsWith("merge") && tracker.startsWith("soft-dirty");
    if (!asks && rule !== OWN_RULE) return [];
    const kernel = rule === OWN_RULE ? version : `${version}:vmSoftDirty=${rule}`;
    const { machine } = pointOf(keys, 0);
    return [{ keys, machine: { ...machine, kernel }, values: keys }];
  });
}

/** The points of what was chosen. */
export function plan(chosen: Chosen): StudyPoint[] {
  return (chosen.workload ?? []).flatMap((workload) => {
    const values = valuesFor(chosen, workload);
    if (ROUNDS.has(workload)) return rounds(values);
    if (PASSES.has(workload)) return passes(values, workload);
    if (workload === RACE) return races(values);
    return workload === TRACE ? traces(values) : stories(values, workload);
  });
}
