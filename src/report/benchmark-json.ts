// What github-action-benchmark reads as `customSmallerIsBetter`: a list of names with one value each. Only
// figures of which less is better are in it, since the tool has one direction for a whole file; of cycles the
// sums, since causes only share them out.

import { COUNTER_LIST } from "../stats/counters.js";
import { figuresOf, isBetterSmaller, unitOf } from "../stats/figures.js";
import type { CellResult, Report } from "../stats/report.js";

interface Benchmark {
  readonly name: string;
  readonly unit: string;
  /** The tool has numbers only: above 2^53 the last digits are lost. */
  readonly value: number;
  readonly extra: string;
}

const UNITS: ReadonlyMap<string, string> = new Map(
  COUNTER_LIST.map(({ name, unit }) => [name, unit]),
);

/** The tool knows a benchmark again by its name: cells that are labelled alike need their numbers. */
function titleOf({ id, labels }: CellResult, twice: ReadonlySet<string>): string {
  const title = Object.values(labels).join(" ");
  return twice.has(title) ? `${title} #${id}` : title;
}

function benchmarksOf(cell: CellResult, title: string): Benchmark[] {
  const extra = Object.entries(cell.labels)
    .map(([name, value]) => `${name}: ${value}`)
    .join("\n");
  return figuresOf(cell)
    .filter((figure) => isBetterSmaller(figure) && !figure.path.startsWith("cycles.by."))
    .map((figure) => ({
      name: `${title}: ${figure.path}`,
      unit: unitOf(figure, UNITS),
      value: Number(figure.value),
      extra,
    }));
}

/** A report as a list of benchmarks. */
export function toBenchmarkJson({ cells }: Report): string {
  const titles = cells.map((cell) => titleOf(cell, new Set()));
  const twice = new Set(titles.filter((title, i) => titles.indexOf(title) !== i));
  const list = cells.flatMap((cell) => benchmarksOf(cell, titleOf(cell, twice)));
  return `${JSON.stringify(list, null, 2)}\n`;
}
