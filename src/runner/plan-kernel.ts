// From workloads of the simulated kernel, machines and trackers to cells.

import { CALIBRATED_COSTS } from "../../arch/costs/index.js";
import type { CostProfile } from "../../arch/costs/schema.js";
import type { Setting, SetValues } from "../config/setting.js";
import { MmulateError } from "../errors.js";
import { product } from "../product.js";
import type { MachineConfig } from "../scenario/machine.js";
import { MOST_CPUS } from "../scenario/threads.js";
import { TRACKERS } from "../tracker/index.js";
import { KERNEL_WORKLOADS } from "../workload/kernel/index.js";
import type { KernelWorkload } from "../workload/kernel/types.js";
import { readWorkload, unknown, type WorkloadInput } from "../workload/parse.js";
import { cpuMeasured, memoryMeasured } from "./measured-cpu.js";
import { hostPageShift, type OwnFiles } from "./plan.js";
import { costsNamed, machineOf } from "./plan-machine.js";
import { Settings } from "./settings.js";

export interface KernelRequest {
  /** Names of workloads with their parameters. */
  readonly inputs: readonly string[];
  readonly archs: readonly string[];
  readonly kernels: readonly string[];
  /** CPU profiles; empty = the one that the costs were measured on, where it is of the architecture. */
  readonly cpus: readonly string[];
  /** Names of cost profiles; empty = the calibrated one. */
  readonly costs: readonly string[];
  /** Empty = all of them, where the workload tracks writes. */
  readonly trackers: readonly string[];
  /** CPUs of a machine. */
  readonly cpuCounts: readonly number[];
  readonly dataCached?: boolean | undefined;
  readonly nested?: string | undefined;
  readonly seed?: number | undefined;
  /** What selectors name that are files. */
  readonly own?: OwnFiles | undefined;
  readonly settings?: readonly Setting[];
}

/** A workload on a machine. */
export interface KernelCell {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly machine: MachineConfig;
  readonly workload: WorkloadInput;
  readonly tracker: string;
  readonly set?: SetValues;
}

/** Where the workload has none. */
const NO_TRACKER = "uffd-async";

/** Whether an input names one. */
export function isKernelWorkload(text: string): boolean {
  return KERNEL_WORKLOADS.has(text.split(":")[0] ?? "");
}

/**
 * Plans runs of workloads.
 * @throws MmulateError USAGE or CONFIG for a name, value or combination that does not exist
 */
export function planKernel(request: KernelRequest): KernelCell[] {
  const settings = new Settings(request.settings);
  const cells: KernelCell[] = [];
  for (const labels of combinationsOf(request)) {
    cells.push(cellOf(String(cells.length + 1), labels, request, settings));
  }
  settings.checkUsed();
  return cells;
}

type Labels = Readonly<
  Record<"input" | "arch" | "kernel" | "cpu" | "costs" | "tracker" | "cpus", string>
>;

function combinationsOf(request: KernelRequest): Labels[] {
  const { inputs, archs, kernels, cpuCounts } = request;
  const costs = request.costs.length > 0 ? request.costs : [CALIBRATED_COSTS];
  return product({ input: inputs, arch: archs, kernel: kernels, costs }).flatMap((each) => {
    const rest = {
      cpu: cpusFor(request, each.arch, costsNamed(each.costs, request.own)),
      cpus: cpuCounts.map(String),
      tracker: trackersFor(request, each.input),
    };
    return product(rest).map((more) => ({ ...each, ...more }));
  });
}

function cpusFor(
  { cpus, own }: KernelRequest,
  arch: string,
  costs: CostProfile,
): readonly string[] {
  return cpus.length > 0 ? cpus : [cpuMeasured(arch, costs, own)];
}

function trackersFor({ trackers }: KernelRequest, input: string): readonly string[] {
  if (!workloadNamed(input).tracks) return [NO_TRACKER];
  for (const name of trackers) {
    if (!TRACKERS.has(name)) throw unknown("tracker", name, TRACKERS);
  }
  return trackers.length > 0 ? trackers : [...TRACKERS.keys()];
}

function workloadNamed(input: string): KernelWorkload {
  const name = input.split(":")[0] ?? "";
  const workload = KERNEL_WORKLOADS.get(name);
  if (workload === undefined) throw unknown("workload", name, KERNEL_WORKLOADS);
  return workload;
}

function cellOf(
  id: string,
  labels: Labels,
  { seed, dataCached, nested, own }: KernelRequest,
  settings: Settings,
): KernelCell {
  const workload = readWorkload(
    withWords(labels.input, settings),
    workloadNamed(labels.input),
    seed,
  );
  const costs = costsNamed(labels.costs, own);
  const cpus = Number(labels.cpus);
  if (!Number.isInteger(cpus) || cpus < 1 || cpus > MOST_CPUS) {
    throw new MmulateError("USAGE", `cpus ${labels.cpus}: 1 to ${MOST_CPUS} are allowed`);
  }
  const measured = memoryMeasured(costs, labels.cpu);
  const memory = {
    dataCached: dataCached ?? measured.dataCached === true,
    nestedShift: nested === undefined ? measured.nestedShift : hostPageShift(nested),
  };
  const machine = machineOf(labels, settings, { own, costs, cpus, memory });
  const set = settings.values;
  const { tracker, ...others } = labels;
  const shown = workloadNamed(labels.input).tracks ? labels : others;
  return { id, labels: shown, machine, workload, tracker, ...(set && { set }) };
}

function withWords(input: string, settings: Settings): string {
  const words = settings.words("workload", Object.keys(workloadNamed(input).parameters));
  return [input, ...Object.entries(words).map(([key, value]) => `${key}=${value}`)].join(":");
}
