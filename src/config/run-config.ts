// What a run can be asked for, as a file says it: mmulate.config.yaml. Pure: text in, checked configuration out,
// each value with the place where it was said.

import { z } from "zod";
import { ConfigDocument, type Path } from "./document.js";
import { type Axis, checkAxis, rangeValues, type Setting } from "./setting.js";

const scalar = z.union([z.string(), z.number(), z.boolean()], {
  error: "a string, a number, true or false is allowed",
});
const strings = (means: string) =>
  z
    .union([scalar, z.array(scalar).min(1, { error: "at least one value is needed" })], {
      error: "a value or a list of values is allowed",
    })
    .describe(means)
    .optional();
const flag = (means: string) =>
  z.boolean({ error: "true or false is allowed" }).describe(means).optional();
const text = (means: string) =>
  z.string({ error: "a string is allowed" }).describe(means).optional();
const whole = (least: number, means: string) =>
  z
    .int({ error: "a whole number is allowed" })
    .min(least, { error: `a number from ${least} on is allowed` })
    .describe(means)
    .optional();

/** Selectors that make a cell for each of their values. */
export const LISTS = [
  "arch",
  "cpu",
  "kernel",
  "linuxLayout",
  "pages",
  "secondStage",
  "costs",
  "tracker",
  "cpus",
] as const;

/** What chooses cells: the part that runs and suites share. */
export const selectorShape = {
  arch: strings("architectures with their parameters: x86-64, arm64:granule=16"),
  cpu: strings("CPU profiles"),
  kernel: strings("of scripts: kernels, 6.12 or 6.12:softDirty=false"),
  linuxLayout: strings("of scripts: what Linux keeps in entries; left out, as its version does"),
  costs: strings("of scripts and workloads of the kernel: cost profiles"),
  tracker: strings("of workloads that find written pages: how"),
  cpus: strings("of workloads of the kernel: how many CPUs the machine has"),
  pages: strings("of traces and workloads: how memory is mapped at first touch"),
  format: text("trace format: auto, lackey, mmt, raw64"),
  accesses: z
    .enum(["all", "data"], { error: "all or data is allowed" })
    .describe("which accesses of a trace count")
    .optional(),
  split: flag("split an access that crosses a page; default true"),
  dataCache: flag("reads and writes go through the CPU's data caches, too"),
  nested: text("page size of a host whose guest the machine is, approximated: 4k, 2m"),
  secondStage: strings(
    "how a host maps a guest's memory, by tables that are walked: none, 4k, 2m:levels=5",
  ),
  seed: whole(0, "of workloads"),
  check: flag("of scripts: an oracle watches"),
  set: z
    .record(
      z.string(),
      z.union([scalar, z.record(z.string(), scalar)], {
        error: "a value, or a mapping from names to values, is allowed",
      }),
    )
    .describe("values by path, as --set has them; { costs: { syscall: 300 } } is costs.syscall")
    .optional(),
  sweep: z
    .record(
      z.string(),
      z.union([z.string(), z.array(scalar).min(1, { error: "at least one value is needed" })], {
        error: "a list of values, or LO..HI:STEP, is allowed",
      }),
    )
    .describe("several values by path, as -L (a list) and -P (LO..HI:STEP) have them")
    .optional(),
};

/** The form of mmulate.config.yaml. */
export const runConfigSchema = z.strictObject({
  $schema: text("the JSON Schema of this file, for editors"),
  ...selectorShape,
  explain: flag("of scripts: tell what each operation did to entries"),
  workers: whole(0, "worker threads; 0 = this thread"),
  memory: text("most memory of a cell: 512m, 4g"),
  timeout: whole(1, "seconds without progress after which a cell is given up"),
  host: flag("add times and memory of this host"),
  reporter: strings("reporters, NAME or NAME=FILE"),
});

/** What a file says, selectors by their names; values as they are written. */
export interface FileConfig {
  readonly file: string;
  /** By key: a list for `LISTS` and `reporter`, else one value; and where. */
  readonly values: ReadonlyMap<
    string,
    { readonly value: readonly string[]; readonly from: string }
  >;
  readonly settings: readonly Setting[];
  readonly axes: readonly Axis[];
}

/**
 * Reads a configuration.
 * @param text YAML or JSON
 * @param file as messages name it
 * @throws MmulateError CONFIG with FILE:LINE:COLUMN, what is allowed and the nearest name
 */
export function parseRunConfig(text: string, file: string): FileConfig {
  const document = new ConfigDocument(text, file);
  return selectionOf(document, [], document.check(runConfigSchema, "the configuration"));
}

/** A mapping of selectors at a path of a document that was checked. */
export function selectionOf(document: ConfigDocument, at: Path, data: object): FileConfig {
  const values = new Map<string, { value: readonly string[]; from: string }>();
  for (const [key, value] of Object.entries(data)) {
    if (key === "set" || key === "sweep" || key === "$schema" || value === undefined) continue;
    const path = [...at, key];
    const list = Array.isArray(value) ? value.map((_, i) => document.text([...path, i])) : null;
    values.set(key, { value: list ?? [document.text(path)], from: document.at(path) });
  }
  const { set = {}, sweep = {} } = data as { set?: object; sweep?: object };
  return {
    file: document.file,
    values,
    settings: settingsOf(document, [...at, "set"], set),
    axes: Object.entries(sweep).map(([path, value]) =>
      axisOf(document, [...at, "sweep", path], path, value),
    ),
  };
}

function settingsOf(document: ConfigDocument, at: Path, set: object): Setting[] {
  return Object.entries(set).flatMap(([name, value]) => {
    const path = [...at, name];
    if (typeof value === "object" && value !== null) {
      return Object.keys(value).map((inner) => ({
        path: `${name}.${inner}`,
        value: document.text([...path, inner]),
        from: document.at([...path, inner]),
      }));
    }
    return [{ path: name, value: document.text(path), from: document.at(path) }];
  });
}

function axisOf(document: ConfigDocument, at: Path, path: string, value: unknown): Axis {
  const from = document.at(at);
  const values = Array.isArray(value)
    ? value.map((_, i) => document.text([...at, i]))
    : rangeValues(document.text(at), `${from}: ${document.text(at)}`);
  return checkAxis({ path, values, from });
}
