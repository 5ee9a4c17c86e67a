// One line a cell, each a whole report of that cell: it passes the report's JSON Schema by itself, and files
// of several runs may be put one behind the other.

import type { CellResult, Report } from "../stats/report.js";
import { plainIntegers } from "./json.js";

/** The cell's own host figures, where the report has any. */
function hostOf({ host }: Report, { id }: CellResult): Pick<Report, "host"> {
  return host === undefined ? {} : { host: { cells: host.cells.filter((cell) => cell.id === id) } };
}

/** A report in lines of JSON, in the order of the cells. */
export function toJsonLines(report: Report): string {
  return report.cells
    .map((cell) => ({ ...report, cells: [cell], ...hostOf(report, cell) }))
    .map((line) => `${JSON.stringify(line, plainIntegers)}\n`)
    .join("");
}
