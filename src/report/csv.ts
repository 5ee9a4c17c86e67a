// One row a cell, one column a figure, as RFC 4180 writes them (with plain line ends). A column is named by
// its path in the report's JSON, so that there is one vocabulary.

import { figuresOf } from "../stats/figures.js";
import type { CellFailure, CellResult, Report } from "../stats/report.js";

/** Quoted where a reader would see an end that is none, or drop blanks at the edges. */
function field(value: string): string {
  return /[",\r\n]|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

function columnsOf(cell: CellResult, host: Report["host"]): Map<string, string> {
  const columns = new Map<string, string>([["id", cell.id]]);
  for (const [name, value] of Object.entries(cell.labels)) columns.set(`labels.${name}`, value);
  for (const { path, value } of figuresOf(cell)) columns.set(path, String(value));
  columns.set("checks.failed", String(cell.checks.filter(({ ok }) => !ok).length));
  const own = host?.cells.find(({ id }) => id === cell.id);
  for (const [name, value] of Object.entries(own ?? {})) {
    if (name !== "id") columns.set(`host.${name}`, String(value));
  }
  return columns;
}

/** A cell that did not finish has no figures, but a reason. */
function failureColumns({ id, labels, message }: CellFailure): Map<string, string> {
  const named = Object.entries(labels).map(([name, value]): [string, string] => [
    `labels.${name}`,
    value,
  ]);
  return new Map([["id", id], ...named, ["failure", message]]);
}

/** A report as CSV with a head; a figure that a cell does not have is empty. */
export function toCsv({ cells, failures = [], host }: Report): string {
  const rows = [...cells.map((cell) => columnsOf(cell, host)), ...failures.map(failureColumns)];
  const names = [...new Set(rows.flatMap((row) => [...row.keys()]))];
  const lines = [names, ...rows.map((row) => names.map((name) => row.get(name) ?? ""))];
  return lines.map((line) => `${line.map(field).join(",")}\n`).join("");
}
