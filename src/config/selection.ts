// What was chosen, wherever it was said: defaults, a file, the command line. The later wins, path by path.

import { MmulateError } from "../errors.js";
import { type FileConfig, LISTS, runConfigSchema } from "./run-config.js";
import type { Axis, Setting } from "./setting.js";

/** A value and where it was said: an option, FILE:LINE:COLUMN, or "default". */
export interface Chosen {
  readonly value: readonly string[];
  readonly from: string;
}

/** Selectors by the names of `runConfigSchema`, settings and sweeps by path. */
export interface Selection {
  readonly values: ReadonlyMap<string, Chosen>;
  readonly settings: readonly Setting[];
  readonly axes: readonly Axis[];
}

/** Names that stand for themselves, not for a path into something. */
const SELECTORS: ReadonlySet<string> = new Set(
  Object.keys(runConfigSchema.shape).filter((key) => !["$schema", "set", "sweep"].includes(key)),
);
const isList = (path: string): boolean => (LISTS as readonly string[]).includes(path);

/**
 * Puts a file and the command line together.
 * @param line what the command line says; a selector set there by path, `--set seed=3`, counts as one
 * @throws MmulateError USAGE when one thing is said twice in one place
 */
export function select(file: FileConfig | null, line: Selection): Selection {
  const sources = [...(file === null ? [] : [tidy(file)]), tidy(line)];
  const values = new Map<string, Chosen>();
  const settings = new Map<string, Setting>();
  const axes = new Map<string, Axis>();
  for (const source of sources) {
    const said = [
      ...source.values.keys(),
      ...source.settings.map(pathOf),
      ...source.axes.map(pathOf),
    ];
    for (const path of said) {
      values.delete(path);
      settings.delete(path);
      axes.delete(path);
    }
    for (const [key, chosen] of source.values) values.set(key, chosen);
    for (const setting of source.settings) settings.set(setting.path, setting);
    for (const axis of source.axes) axes.set(axis.path, axis);
  }
  return { values, settings: [...settings.values()], axes: [...axes.values()] };
}

const pathOf = ({ path }: { readonly path: string }): string => path;

/** One source, with what it says of selectors among them; nothing twice. */
function tidy({ values: given, settings, axes }: Selection): Selection {
  const values = new Map(given);
  const add = (path: string, value: readonly string[], from: string): void => {
    const before = values.get(path);
    if (before !== undefined) throw twice(path, before.from, from);
    values.set(path, { value, from });
  };
  for (const { path, value, from } of settings) {
    if (SELECTORS.has(path)) add(path, [value], from);
  }
  for (const { path, values: list, from } of axes) if (isList(path)) add(path, list, from);
  const kept = {
    settings: settings.filter(({ path }) => !SELECTORS.has(path)),
    axes: axes.filter(({ path }) => !isList(path)),
  };
  const seen = new Map([...values].map(([path, { from }]) => [path, from]));
  for (const { path, from } of [...kept.settings, ...kept.axes]) {
    const before = seen.get(path);
    if (before !== undefined) throw twice(path, before, from);
    seen.set(path, from);
  }
  return { values, ...kept };
}

function twice(path: string, before: string, after: string): MmulateError {
  return new MmulateError("USAGE", `${path} is given twice: by ${before} and by ${after}`);
}

/** Every combination of the values of some axes; the last varies fastest. No axis: one point. */
export function pointsOf(axes: readonly Axis[]): Setting[][] {
  return axes.reduce<Setting[][]>(
    (points, { path, values, from }) =>
      points.flatMap((point) => values.map((value) => [...point, { path, value, from }])),
    [[]],
  );
}

/** A selection at a point of its sweep: what the point says is said by nobody else. */
export function selectionAt(selection: Selection, point: readonly Setting[]): Selection {
  const values = new Map(selection.values);
  for (const { path, value, from } of point) {
    if (SELECTORS.has(path)) values.set(path, { value: [value], from });
  }
  const others = point.filter(({ path }) => !SELECTORS.has(path));
  return { values, settings: [...selection.settings, ...others], axes: [] };
}

/** Who said a value, in words: the option itself, or where its name stood. */
export function saidBy(from: string, name: string): string {
  return /^--(?!set\b)/.test(from) ? from : `${from} ${name}`;
}
