// From what the user asked for to cells: every combination of inputs, architectures, CPUs and policies.

import type { CpuProfile } from "../../arch/cpu-schema.js";
import { CPUS } from "../../arch/cpus/index.js";
import { ARCHITECTURES } from "../../arch/index.js";
import type { Descriptor } from "../../arch/schema.js";
import type { Setting } from "../config/setting.js";
import { MmulateError } from "../errors.js";
import { compileLayout } from "../layout/compile.js";
import { compileCpu } from "../layout/cpu.js";
import { hintFor } from "../layout/nearest.js";
import { compilePagePolicy, shiftOf } from "../layout/page-policy.js";
import { parseWorkload, WORKLOADS } from "../workload/index.js";
import type { Cell, TraceInput } from "./cell.js";
import { Settings } from "./settings.js";

export interface RunRequest {
  /** Traces; one whose path names a workload (src/workload/) is that workload. */
  readonly inputs: readonly TraceInput[];
  /** Selectors: NAME, or NAME:PARAMETER=VALUE:... */
  readonly archs: readonly string[];
  readonly cpus: readonly string[];
  /** Page policies; empty = what the CPU profile says, else base pages. */
  readonly pages: readonly string[];
  /** Reads and writes go through the data caches of the CPU, too (default: only loads of walks do). */
  readonly dataCached?: boolean;
  /** Page size of a host, "4k": the machines are its guests. Left out, they are none. */
  readonly nested?: string | undefined;
  /** Of workloads; default 1. */
  readonly seed?: number | undefined;
  /** Values changed by path (src/runner/settings.ts). */
  readonly settings?: readonly Setting[];
}

export const DEFAULT_CPU = "plain";
export const DEFAULT_ARCHS: readonly string[] = ["x86-64", "arm64"];
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
  const settings = new Settings(request.settings);
  const options = { dataCached: request.dataCached ?? false, nestedShift, settings };
  const cells: Cell[] = [];
  for (const trace of request.inputs) {
    const input = parseWorkload(withWords(trace.path, settings), request.seed) ?? trace;
    for (const selector of request.archs) {
      for (const cpu of request.cpus) {
        for (const pages of policiesOf(request, cpu)) {
          const labels = { input: trace.path, arch: selector, cpu, pages };
          cells.push(cellOf(cells.length, input, labels, options));
        }
      }
    }
  }
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

function policiesOf({ pages }: RunRequest, cpu: string): readonly string[] {
  return pages.length > 0 ? pages : [cpuNamed(cpu).pages ?? DEFAULT_PAGES];
}

interface CellOptions {
  readonly dataCached: boolean;
  readonly nestedShift: number | undefined;
  readonly settings: Settings;
}

function cellOf(
  index: number,
  input: Cell["input"],
  labels: Record<"input" | "arch" | "cpu" | "pages", string>,
  { dataCached, nestedShift, settings }: CellOptions,
): Cell {
  const { cpu, pages } = labels;
  const { descriptor, mode } = parseSelector(labels.arch);
  const layout = compileLayout(descriptor, { ...mode, ...settings.mode(descriptor) });
  const profile = settings.cpu(cpuNamed(cpu));
  compileCpu(profile ?? cpuNamed(cpu), layout, { dataCached, nestedShift });
  compilePagePolicy(layout, pages);
  const set = settings.values;
  return {
    id: String(index + 1),
    labels,
    arch: descriptor.name,
    mode: layout.mode,
    cpu,
    ...(profile === undefined ? {} : { profile }),
    ...(set === undefined ? {} : { set }),
    pages,
    dataCached,
    ...(nestedShift === undefined ? {} : { nestedShift }),
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

/**
 * An architecture by name.
 * @throws MmulateError USAGE naming those that exist
 */
export function architectureNamed(name: string): Descriptor {
  return found("architecture", name, ARCHITECTURES);
}

/**
 * A CPU profile by name.
 * @throws MmulateError USAGE naming those that exist
 */
export function cpuNamed(name: string): CpuProfile {
  return found("cpu", name, CPUS);
}

function found<T>(kind: string, name: string, known: ReadonlyMap<string, T>): T {
  const value = known.get(name);
  if (value !== undefined) return value;
  const hint = hintFor(name, known.keys());
  throw new MmulateError(
    "USAGE",
    `unknown ${kind} "${name}"${hint} (known: ${[...known.keys()].join(", ")})`,
  );
}

/**
 * "arm64:granule=16:t0sz=17" -> the descriptor, and the mode of a usual system with these changes.
 * @throws MmulateError USAGE when it has another form or names an unknown architecture
 */
export function parseSelector(selector: string): {
  descriptor: Descriptor;
  mode: Record<string, boolean | number | string>;
} {
  const [name = "", ...settings] = selector.split(":");
  const descriptor = architectureNamed(name);
  const mode: Record<string, boolean | number | string> = { ...descriptor.typical.values };
  const seen = new Set<string>();
  for (const setting of settings) {
    const match = /^([A-Za-z][A-Za-z0-9_]*)=(.+)$/.exec(setting);
    const [, parameter = "", value = ""] = match ?? [];
    if (match === null) {
      throw new MmulateError(
        "USAGE",
        `"${selector}": "${setting}" is not PARAMETER=VALUE (as in ${exampleOf(descriptor)})`,
      );
    }
    if (seen.has(parameter)) {
      throw new MmulateError("USAGE", `"${selector}" sets ${parameter} twice`);
    }
    seen.add(parameter);
    mode[parameter] = settingValue(value);
  }
  return { descriptor, mode };
}

function exampleOf({ name, parameters }: Descriptor): string {
  const [parameter, { default: value }] = Object.entries(parameters)[0] ?? ["x", { default: 1 }];
  return `${name}:${parameter}=${value}`;
}

function settingValue(text: string): boolean | number | string {
  if (text === "true" || text === "false") return text === "true";
  return /^(\d+|0x[0-9a-fA-F]+)$/.test(text) ? Number(text) : text;
}
