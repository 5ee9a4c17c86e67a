// One line a cell, each a whole report of that cell: it passes the report's JSON Schema by itself, and files
// of several runs may be put one behind the other. Cells that did not finish have their lines, too.

import type { Report } from "../stats/report.js";
import { plainIntegers } from "./json.js";

/** A report of one cell: of what the others have nothing is left. */
function lineOf({ host, failures, ...report }: Report, id: string): Report {
  const own = <T extends { readonly id: string }>(list: readonly T[] = []): T[] =>
    list.filter((each) => each.id === id);
  const failed = own(failures);
  return {
    ...report,
    cells: own(report.cells),
    ...(failed.length === 0 ? {} : { failures: failed }),
    ...(host === undefined ? {} : { host: { cells: own(host.cells) } }),
  };
}

/** A report in lines of JSON, in the order of the cells. */
export function toJsonLines(report: Report): string {
  const ids = [...report.cells, ...(report.failures ?? [])].map(({ id }) => id);
  return [...new Set(ids)]
    .map((id) => `${JSON.stringify(lineOf(report, id), plainIntegers)}\n`)
    .join("");
}
