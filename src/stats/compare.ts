// Compares two reports: a ratio and a verdict for every metric, and which counters moved. Pure.

import {
  type Change,
  COMPARISON_SCHEMA,
  type ComparedCells,
  type Comparison,
  type Difference,
  type Verdict,
} from "./comparison.js";
import { type Figure, figuresOf, isBetterSmaller } from "./figures.js";
import { checkSameWork, type Named, type Pair, pairCells } from "./pair-cells.js";
import type { CellResult, Json } from "./report.js";

type Value = bigint | number | null;

function ratioOf(a: Value, b: Value): number | null {
  if (a === null || b === null) return null;
  if (a === b) return 1;
  return Number(a) === 0 ? null : Number(b) / Number(a);
}

function verdictOf(figure: Figure, a: Value, b: Value): Verdict {
  if (a === b) return "same";
  if (a === null || b === null || !isBetterSmaller(figure)) return "moved";
  return b < a ? "better" : "worse";
}

/** Every figure of either, in the order of the first that has it. Causes of cycles that are missing are 0. */
function changesOf(a: CellResult, b: CellResult): [Figure, Change][] {
  const [left, right] = [a, b].map(
    (cell) => new Map(figuresOf(cell).map((figure) => [figure.path, figure])),
  );
  const all = new Map([...(left ?? []), ...(right ?? [])]);
  return [...all].map(([path, figure]) => {
    const missing = figure.kind === "cycles" ? 0n : null;
    const [one, other] = [left, right].map((side) => side?.get(path)?.value ?? missing);
    const [mine, theirs] = [one ?? null, other ?? null];
    const verdict = verdictOf(figure, mine, theirs);
    return [figure, { path, a: mine, b: theirs, ratio: ratioOf(mine, theirs), verdict }];
  });
}

/** Leaves of a configuration by path. */
function leavesOf(value: Json | undefined, path = ""): [string, Json][] {
  if (value === undefined) return [];
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [[path, value]];
  return Object.entries(value).flatMap(([name, each]) =>
    leavesOf(each, path === "" ? name : `${path}.${name}`),
  );
}

function differencesOf(a: CellResult, b: CellResult): Difference[] {
  const [left, right] = [new Map(leavesOf(a.config)), new Map(leavesOf(b.config))];
  const paths = [...new Set([...left.keys(), ...right.keys()])];
  return paths
    .map((path) => ({ path, a: left.get(path) ?? null, b: right.get(path) ?? null }))
    .filter((each) => JSON.stringify(each.a) !== JSON.stringify(each.b));
}

function compareCells([one, other]: Pair): ComparedCells {
  const changes = changesOf(one, other);
  const isNought = ({ a, b }: Change): boolean => Number(a) === 0 && Number(b) === 0;
  const isMetric = ({ kind }: Figure): boolean => kind === "cycles" || kind === "metrics";
  const names = [...new Set([...Object.keys(one.labels), ...Object.keys(other.labels)])];
  const [common, differing] = [true, false].map((same) =>
    names.filter((name) => (one.labels[name] === other.labels[name]) === same),
  );
  const labels = (cell: CellResult, which: readonly string[] = []): Record<string, string> =>
    Object.fromEntries(which.map((name) => [name, cell.labels[name] ?? ""]));
  return {
    labels: labels(one, common),
    a: labels(one, differing),
    b: labels(other, differing),
    config: differencesOf(one, other),
    metrics: changes
      .filter(([figure, change]) => isMetric(figure) && !isNought(change))
      .map(([, change]) => change),
    counters: changes
      .filter(([figure, { verdict }]) => !isMetric(figure) && verdict !== "same")
      .map(([, change]) => change),
  };
}

export interface CompareOptions {
  /** Compare even where the inputs differ. */
  readonly anyInput?: boolean;
}

/**
 * Compares two reports cell by cell.
 * @throws MmulateError USAGE where they cannot be compared; the message names the difference
 */
export function compareReports(
  a: Named,
  b: Named,
  { anyInput = false }: CompareOptions = {},
): Comparison {
  const pairs = pairCells(a, b, anyInput);
  for (const pair of pairs) checkSameWork(a, b, pair, anyInput);
  const cells = pairs.map(compareCells);
  const metrics = cells.flatMap((each) => each.metrics);
  const count = (verdict: Verdict): number =>
    metrics.filter((change) => change.verdict === verdict).length;
  return {
    schema: COMPARISON_SCHEMA,
    a: { name: a.name, version: a.report.version },
    b: { name: b.name, version: b.report.version },
    cells,
    summary: {
      same: count("same"),
      better: count("better"),
      worse: count("worse"),
      moved: count("moved"),
      counters: cells.reduce((sum, each) => sum + each.counters.length, 0),
    },
  };
}
