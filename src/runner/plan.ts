// From what the user asked for to cells: every combination of inputs, architectures, CPUs and policies.

import type { CostProfile } from "../../arch/costs/schema.js";
import type { CpuProfile } from "../../arch/cpu-schema.js";
import { CPUS } from "../../arch/cpus/index.js";
import { ARCHITECTURES } from "../../arch/index.js";
import type { LinuxLayout } from "../../arch/linux/schema.js";
import type { Descriptor } from "../../arch/schema.js";
import type { Setting } from "../config/setting.js";
import { MmulateError } from "../errors.js";
import { compileLayout } from "../layout/compile.js";
import { compileCpu } from "../layout/cpu.js";
import { compilePagePolicy, shiftOf } from "../layout/page-policy.js";
import { product } from "../product.js";
import { parseWorkload, WORKLOADS } from "../workload/index.js";
import { unknown } from "../workload/parse.js";
import type { Cell, TraceInput } from "./cell.js";
import { NO_SECOND_STAGE, parseSecondStage } from "./second-stage.js";
import { readParameters } from "./selector-words.js";
import { Settings } from "./settings.js";

export interface RunRequest {
  /** Traces; one whose path names a workload (src/workload/) is that workload. */
  readonly inputs: readonly TraceInput[];
  /** Selectors: NAME, or NAME:PARAMETER=VALUE:... */
  readonly archs: readonly string[];
  readonly cpus: readonly string[];
  /** What selectors name that are files. */
  readonly own?: OwnFiles;
  /** Page policies; empty = what the CPU profile says, else base pages. */
  readonly pages: readonly string[];
  /** Reads and writes go through the data caches of the CPU, too (default: only loads of walks do). */
  readonly dataCached?: boolean;
  /** Page size of a host, "4k": the machines are its guests. Left out, they are none. */
  readonly nested?: string | undefined;
  /**
   * Second stages of guests, which are walked: PAGES:PARAMETER=VALUE:..., or "none". Left out, the machines are nobody's
   * guests.
   */
  readonly secondStages?: readonly string[] | undefined;
  /** Of workloads; default 1. */
  readonly seed?: number | undefined;
  /** Values changed by path (src/runner/settings.ts). */
  readonly settings?: readonly Setting[];
}

/** What a user's files hold, by the path that names them. */
export interface OwnFiles {
  readonly architectures: ReadonlyMap<string, Descriptor>;
  readonly cpus: ReadonlyMap<string, CpuProfile>;
  readonly layouts: ReadonlyMap<string, LinuxLayout>;
  readonly costs: ReadonlyMap<string, CostProfile>;
}

export const NO_FILES: OwnFiles = {
  architectures: new Map(),
  cpus: new Map(),
  layouts: new Map(),
  costs: new Map(),
};

export const DEFAULT_CPU = "plain";
const DEFAULT_PAGES = "base";

/**
 * Plans a run, and checks every cell before any is run.
 * @throws MmulateError USAGE or CONFIG when a name, value or combination does not exist
 */
export function planRun(request: RunRequest): Cell[] {
  for (const list of ["inputs", "archs", "cpus"] as const) {
    if (request[list].length === 0) throw new MmulateError("USAGE", `${list}: none was named`);
  }
  const nestedShift = request.nested === undefined ? undefined : hostPageShift(request.nested);
  const own = request.own ?? NO_FILES;
  const settings = new Settings(request.settings);
  const options = { dataCached: request.dataCached ?? false, nestedShift, own, settings };
  const { inputs, archs, cpus, secondStages = [undefined] } = request;
  const points = product({ trace: inputs, arch: archs, cpu: cpus }).flatMap((each) =>
    product({ pages: policiesOf(request, each.cpu), secondStage: secondStages }).map((more) => ({
      ...each,
      ...more,
    })),
  );
  const cells = points.map(({ trace, ...labels }, index) => {
    const input = parseWorkload(withWords(trace.path, settings), request.seed) ?? trace;
    return cellOf(index, input, { input: trace.path, ...labels }, options);
  });
  settings.checkUsed();
  return cells;
}

/** A workload's name with the parameters that are set; a trace's path as it is. */
function withWords(path: string, settings: Settings): string {
  const [name = ""] = path.split(":");
  const workload = WORKLOADS.get(name);
  if (workload === undefined) return path;
  const words = settings.words("workload", Object.keys(workload.parameters));
  return [path, ...Object.entries(words).map(([key, value]) => `${key}=${value}`)].join(":");
}

function policiesOf({ pages, own }: RunRequest, cpu: string): readonly string[] {
  return pages.length > 0 ? pages : [cpuNamed(cpu, own).pages ?? DEFAULT_PAGES];
}

interface CellOptions {
  readonly dataCached: boolean;
  readonly nestedShift: number | undefined;
  readonly own: OwnFiles;
  readonly settings: Settings;
}

type Labels = Readonly<Record<"input" | "arch" | "cpu" | "pages", string>> & {
  readonly secondStage?: string;
};

function cellOf(
  index: number,
  input: Cell["input"],
  labels: Labels,
  { dataCached, nestedShift, own, settings }: CellOptions,
): Cell {
  const { cpu, pages } = labels;
  const { descriptor, mode } = parseSelector(labels.arch, own);
  const layout = compileLayout(descriptor, { ...mode, ...settings.mode(descriptor) });
  const named = cpuNamed(cpu, own);
  const profile = settings.cpu(named) ?? named;
  const guest = parseSecondStage(labels.secondStage ?? NO_SECOND_STAGE, descriptor.name);
  compileCpu(profile, layout, { dataCached, nestedShift, secondStage: guest !== null });
  compilePagePolicy(layout, pages);
  const set = settings.values;
  return {
    id: String(index + 1),
    labels,
    arch: descriptor.name,
    mode: layout.mode,
    cpu: profile.name,
    ...(set === undefined ? {} : { set }),
    pages,
    dataCached,
    ...(nestedShift === undefined ? {} : { nestedShift }),
    ...(guest === null ? {} : { secondStage: guest }),
    ...ownPartsOf({ descriptor, profile }),
    input,
  };
}

/**
 * log2 bytes of a host's pages.
 * @throws MmulateError USAGE for what is no size
 */
export function hostPageShift(size: string): number {
  const shift = shiftOf(size.toLowerCase());
  if (shift > 0) return shift;
  throw new MmulateError("USAGE", `host pages "${size}": a size is allowed, as in 4k, 2m`);
}

/** What a cell must carry along, because no name leads to it. */
export function ownPartsOf({
  descriptor,
  profile,
}: {
  descriptor: Descriptor;
  profile: CpuProfile;
}): Pick<Cell, "own"> {
  const architecture = ARCHITECTURES.get(descriptor.name) === descriptor ? undefined : descriptor;
  const cpu = CPUS.get(profile.name) === profile ? undefined : profile;
  if (architecture === undefined && cpu === undefined) return {};
  return {
    own: { ...(architecture ? { architecture } : {}), ...(cpu === undefined ? {} : { cpu }) },
  };
}

/**
 * An architecture by name, or by the path of a file that was read.
 * @throws MmulateError USAGE naming those that exist
 */
export function architectureNamed(name: string, own: OwnFiles = NO_FILES): Descriptor {
  return own.architectures.get(name) ?? found("architecture", name, ARCHITECTURES);
}

/**
 * A CPU profile by name, or by the path of a file that was read.
 * @throws MmulateError USAGE naming those that exist
 */
export function cpuNamed(name: string, own: OwnFiles = NO_FILES): CpuProfile {
  return own.cpus.get(name) ?? found("cpu", name, CPUS);
}

function found<T>(kind: string, name: string, known: ReadonlyMap<string, T>): T {
  const value = known.get(name);
  if (value === undefined) throw unknown(kind, name, known);
  return value;
}

/**
 * "arm64:granule=16:t0sz=17" -> the descriptor, and the mode of a usual system with these changes.
 * @throws MmulateError USAGE when it has another form or names an unknown architecture
 */
export function parseSelector(
  selector: string,
  own: OwnFiles = NO_FILES,
): {
  descriptor: Descriptor;
  mode: Record<string, boolean | number | string>;
  /** What the selector itself sets. */
  set: Record<string, boolean | number | string>;
} {
  const [name = "", ...settings] = selector.split(":");
  const descriptor = architectureNamed(name, own);
  const set = readParameters(selector, settings, exampleOf(descriptor));
  return { descriptor, mode: { ...descriptor.typical.values, ...set }, set };
}

function exampleOf({ name, parameters }: Descriptor): string {
  const [parameter, { default: value }] = Object.entries(parameters)[0] ?? ["x", { default: 1 }];
  return `${name}:${parameter}=${value}`;
}
