// Which cell of one report belongs to which of another, and what makes two reports incomparable.
//
// Ratios mean something where the same work was done on other machines, kernels or versions of mmulate. So the
// input decides: another trace, another workload, another script is refused, by name.

import { MmulateError } from "../errors.js";
import type { CellResult, Json, Report } from "./report.js";

export type Pair = readonly [CellResult, CellResult];

/** A report, and how the user named it. */
export interface Named {
  readonly name: string;
  readonly report: Report;
}

/** The refusal, which names the difference. */
function incomparable(a: Named, b: Named, difference: string): MmulateError {
  return new MmulateError("USAGE", `cannot compare ${a.name} and ${b.name}: ${difference}`);
}

const ANYWAY = " (--any-input compares all the same)";

/** A file that moved is the same file. */
function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function labelsOf({ labels }: CellResult): [string, string][] {
  return Object.entries(labels).map(([name, value]) => [
    name,
    name === "input" ? baseName(value) : value,
  ]);
}

function keyOf(cell: CellResult, ignored: ReadonlySet<string>): string {
  return JSON.stringify(labelsOf(cell).filter(([name]) => !ignored.has(name)));
}

function grouped(
  cells: readonly CellResult[],
  ignored: ReadonlySet<string>,
): Map<string, CellResult[]> {
  const groups = new Map<string, CellResult[]>();
  for (const cell of cells) {
    const key = keyOf(cell, ignored);
    groups.set(key, [...(groups.get(key) ?? []), cell]);
  }
  return groups;
}

function told(cell: CellResult | undefined): string {
  return cell === undefined ? "nothing" : `"${Object.values(cell.labels).join(" ")}"`;
}

/** Labels that take other values in A than in B. */
function differingLabels({ report: a }: Named, { report: b }: Named): string[] {
  const valuesOf = (cells: readonly CellResult[], name: string): string =>
    JSON.stringify(
      [...new Set(cells.map((cell) => Object.fromEntries(labelsOf(cell))[name]))].sort(),
    );
  const names = [...a.cells, ...b.cells].flatMap(({ labels }) => Object.keys(labels));
  return [...new Set(names)].filter((name) => valuesOf(a.cells, name) !== valuesOf(b.cells, name));
}

/** A cell of one side without one counterpart on the other, in words; null = there is none. */
function unpaired(
  mine: ReadonlyMap<string, CellResult[]>,
  theirs: ReadonlyMap<string, CellResult[]>,
  sameLabels: boolean,
  owner: string,
  other: string,
): string | null {
  for (const [key, cells] of mine) {
    const counterparts = theirs.get(key) ?? [];
    if (counterparts.length === 0) {
      return `${owner} has ${told(cells[0])}, and ${other} has no such cell`;
    }
    // Cells with all labels alike are the same cell, run twice: they are paired in their order.
    if (cells.length === counterparts.length && (sameLabels || cells.length === 1)) continue;
    const [one, two] = cells.length > counterparts.length ? cells : counterparts;
    return `which cell belongs to ${told(one)} and which to ${told(two)} is not clear`;
  }
  return null;
}

/**
 * Pairs cells: those with the same labels; where there are none, those that are alike in all labels but the
 * ones that A and B have in different values.
 * @throws MmulateError USAGE where a cell has no counterpart, or more than one
 */
export function pairCells(a: Named, b: Named, anyInput: boolean): Pair[] {
  const differing = differingLabels(a, b);
  if (differing.includes("input") && !anyInput) {
    const [one, other] = [a, b].map(({ report: { cells } }) =>
      [...new Set(cells.map(({ labels }) => baseName(labels.input ?? "")))].join(", "),
    );
    throw incomparable(a, b, `the inputs are ${one} and ${other}${ANYWAY}`);
  }
  const exact = new Set(a.report.cells.map((cell) => keyOf(cell, new Set())));
  const shared = b.report.cells.some((cell) => exact.has(keyOf(cell, new Set())));
  const ignored = new Set(shared ? [] : differing);
  const [left, right] = [grouped(a.report.cells, ignored), grouped(b.report.cells, ignored)];
  const refused =
    unpaired(left, right, shared, "A", "B") ?? unpaired(right, left, shared, "B", "A");
  if (refused !== null) throw incomparable(a, b, refused);
  return [...left].flatMap(([key, cells]) =>
    cells.map((cell, i): Pair => [cell, right.get(key)?.[i] ?? cell]),
  );
}

type Fields = Readonly<Record<string, Json | undefined>>;

/** What of an input decides what is simulated; where a trace lies and how it is packed does not. */
function workOf({ config, observations }: CellResult): Fields {
  const input = (config.input ?? {}) as Fields;
  if (observations !== undefined)
    return { kind: "a script", operations: observations.map(({ op }) => op) };
  if (input.workload !== undefined) {
    const { workload, seed, parameters } = input;
    return { kind: "a workload", workload, seed, parameters };
  }
  return { kind: "a trace", accesses: input.accesses, split: input.split };
}

function shown(value: Json | undefined): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing");
}

/** The first operation in which two scripts differ, from 1. */
function firstOperation(a: readonly Json[], b: readonly Json[]): string {
  const at = a.findIndex((op, i) => op !== b[i]);
  const index = at < 0 ? a.length : at;
  const [one, other] = [a, b].map((list) => (index < list.length ? `"${list[index]}"` : "nothing"));
  return `operation ${index + 1} is ${one} and ${other}`;
}

/**
 * Sees that both did the same work.
 * @throws MmulateError USAGE naming the difference
 */
export function checkSameWork(a: Named, b: Named, [one, other]: Pair, anyInput: boolean): void {
  const [work, expected] = [workOf(one), workOf(other)];
  for (const name of anyInput ? ["kind"] : Object.keys(work)) {
    const [mine, theirs] = [work[name], expected[name]];
    if (JSON.stringify(mine) === JSON.stringify(theirs)) continue;
    const difference =
      Array.isArray(mine) && Array.isArray(theirs)
        ? firstOperation(mine, theirs)
        : name === "kind"
          ? `${told(one)} is ${shown(mine)}, and ${told(other)} ${shown(theirs)}`
          : `${name} is ${shown(mine)} and ${shown(theirs)}`;
    throw incomparable(a, b, `${difference}${name === "kind" ? "" : ANYWAY}`);
  }
  const [executed, theirs] = [one.counters.instructions, other.counters.instructions];
  if (!anyInput && executed !== theirs) {
    const counts = `${executed} and ${theirs} instructions`;
    throw incomparable(a, b, `the traces ${told(one)} and ${told(other)} have ${counts}${ANYWAY}`);
  }
}
