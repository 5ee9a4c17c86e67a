// What the points say together: rows, verdicts and claims.

import type { CellResult } from "../../stats/report.js";
import type { CommandOf, StudyEnd } from "../types.js";
import { claimsOf, sibling } from "./claims.js";

/** Rows of the points that ran, verdicts on those that could not, and claims. */
export function assemble(cells: readonly CellResult[], commandOf: CommandOf): StudyEnd {
  const ran = cells.filter(({ found }) => found?.refused === undefined);
  const rows = ran.map((cell) => ({
    keys: cell.labels,
    metrics: { ...cell.metrics, ...slowdownOf(cell, ran) },
  }));
  const verdicts = cells
    .filter(({ found }) => found?.refused !== undefined)
    .map(({ labels, found }) => ({
      keys: labels,
      result: String(found?.refused),
      command: commandOf(labels),
    }));
  return { rows, verdicts, claims: claimsOf(ran, commandOf) };
}

/** Time of the writing by that of a run that nobody watches. */
function slowdownOf(cell: CellResult, cells: readonly CellResult[]): { slowdown?: number } {
  const base = sibling(cells, cell, "none")?.metrics.writing_cycles;
  const { writing_cycles: own } = cell.metrics;
  return base === undefined || own === undefined ? {} : { slowdown: own / base };
}
