// From a suite to cells, each with a name that stays the same on every machine and what was asked of it.

import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import type { Suite, SuiteEntry } from "../config/suite.js";
import { MmulateError } from "../errors.js";
import type { Asked } from "../stats/baseline.js";
import { labelLine } from "../stats/labels.js";
import { parseWorkload } from "../workload/index.js";
import { inputHash } from "./input-hash.js";
import { planSelection } from "./plan-selection.js";
import type { Runnable } from "./task.js";

/** A cell of a suite. */
export interface SuiteCell {
  readonly cell: Runnable;
  readonly asked: Asked;
}

/** The name of a suite: its file without folder and ending. */
export function suiteName({ file }: Pick<Suite, "file">): string {
  return basename(file).replace(/\.(ya?ml|json)$/, "");
}

/**
 * Plans all cells of a suite.
 * @throws MmulateError as `planSelection`; CONFIG when two cells have one name
 */
export async function planSuite(suite: Suite): Promise<SuiteCell[]> {
  const planned: SuiteCell[] = [];
  const seen = new Set<string>();
  for (const entry of suite.entries) {
    for (const one of await planEntry(entry, dirname(suite.file))) {
      const { id } = one.cell;
      if (seen.has(id)) {
        throw new MmulateError("CONFIG", `${suite.file}: two cells are called "${id}"`);
      }
      seen.add(id);
      planned.push(one);
    }
  }
  return planned;
}

async function planEntry(entry: SuiteEntry, folder: string): Promise<SuiteCell[]> {
  const { name, input, selection } = entry;
  const workload = parseWorkload(input) !== null;
  const path = workload ? input : join(folder, input);
  const { cells } = await planSelection([path], selection);
  const content = workload ? {} : { sha256: await inputHash(path) };
  const said = [...selection.values]
    .filter(([key]) => !["arch", "cpu", "kernel", "pages"].includes(key))
    .map(([key, { value }]): [string, string] => [key, value.join(",")]);
  const set = selection.settings.map(({ path: at, value }): [string, string] => [at, value]);
  const more = Object.fromEntries(said);
  return cells.map((cell) => {
    const { input: _, ...labels } = cell.labels as Record<string, string>;
    const asked = { input, ...content, ...labels, ...more, set: Object.fromEntries(set) };
    const id = `${name} ${labelLine(labels)}`;
    return { cell: { ...cell, id, labels: { cell: name, ...labels } } as Runnable, asked };
  });
}

/** SHA-256 of all that a suite asks, whatever the order of its keys. */
export function hashOfAsked(cells: readonly SuiteCell[]): string {
  const rows = cells.map(({ cell, asked }) => [cell.id, sorted(asked)]);
  return createHash("sha256").update(JSON.stringify(rows)).digest("hex");
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const rows = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return rows.map(([key, inner]) => [key, sorted(inner)]);
}
