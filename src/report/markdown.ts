// Tables for comments, issues and job summaries: GitHub's Markdown.

import { figuresOf } from "../stats/figures.js";
import type { CellFailure, CellResult, Check, Report } from "../stats/report.js";
import { byScript, operationRows } from "./script-text.js";
import { captionOf, figure, ratio, rowsOf, titlesOf } from "./table.js";
import { isOfScripts } from "./text.js";

/**
 * Text that stands as it is: characters with a meaning behind a backslash, a line end as a blank (a table's
 * row is one line). An underscore within a word has none.
 */
export function escapeMarkdown(text: string): string {
  return text
    .replaceAll(/\s*[\r\n]+\s*/g, " ")
    .replaceAll(/[\\`*[\]<>|~&$@#]|(?<![a-z\d])_|_(?![a-z\d])/gi, "\\$&");
}

/** Indented titles are parts of the row above. */
function titleCell(title: string): string {
  const text = escapeMarkdown(title.trim());
  return title.startsWith(" ") ? `– ${text}` : text;
}

/**
 * A table with a head.
 * @param left columns that are words; the others are figures, aligned to the right
 */
export function markdownTable(rows: readonly (readonly string[])[], left: number): string {
  const [head = [], ...body] = rows.map((row) =>
    row.map((cell, i) => (i === 0 ? titleCell : escapeMarkdown)(cell)),
  );
  const rule = head.map((_, i) => (i < left ? ":---" : "---:"));
  return [head, rule, ...body].map((row) => `| ${row.join(" | ")} |\n`).join("");
}

/** Cycles by cause and events of scripts, which their table of operations does not show. */
function costRows(cells: readonly CellResult[]): string[][] {
  const figures = cells.map((cell) => {
    const told = figuresOf(cell).filter(({ kind }) => kind === "cycles");
    return new Map(told.map(({ path, value }) => [path, value]));
  });
  const paths = [...new Set(figures.flatMap((each) => [...each.keys()]))];
  const shown = paths.filter((path) => figures.some((each) => Number(each.get(path) ?? 0) !== 0));
  const [first = "", ...others] = titlesOf(cells);
  const rows = shown.map((path) => {
    const [base, ...values] = figures.map((each) => each.get(path) ?? 0n);
    return [path, figure(base), ...values.flatMap((value) => [figure(value), ratio(value, base)])];
  });
  return [["", first, ...others.flatMap((title) => [title, `/ ${first}`])], ...rows];
}

function scriptParts(cells: readonly CellResult[]): string[] {
  const rows = operationRows(cells);
  return [
    escapeMarkdown(captionOf(cells)),
    markdownTable(rows, rows[0]?.length ?? 0),
    markdownTable(costRows(cells), 1),
  ];
}

function checkLine(cell: CellResult, { id, first = "" }: Check): string {
  return `- **failed** in cell ${escapeMarkdown(`${cell.id}: ${id}: ${first}`)}\n`;
}

/** "6 checks hold", or which do not. */
function checkPart(cells: readonly CellResult[]): string {
  const failed = cells.flatMap((cell) =>
    cell.checks.filter(({ ok }) => !ok).map((check) => checkLine(cell, check)),
  );
  const count = cells.flatMap(({ checks }) => checks).length;
  if (failed.length > 0) return `${failed.length} of ${count} checks failed:\n\n${failed.join("")}`;
  return count === 0 ? "" : `All ${count} checks hold.\n`;
}

/** Cells that did not finish. */
function failurePart(failures: readonly CellFailure[]): string {
  return failures
    .map(({ id, message }) => `- **did not finish**: cell ${escapeMarkdown(`${id}: ${message}`)}\n`)
    .join("");
}

/** A report as Markdown: the table of the terminal, what was checked, and what did not finish. */
export function toMarkdown(report: Report): string {
  const { cells, failures = [] } = report;
  const parts = isOfScripts(report)
    ? byScript(cells).flatMap(scriptParts)
    : [escapeMarkdown(captionOf(cells)), markdownTable(rowsOf(cells), 1)];
  const told = [...parts, checkPart(cells), failurePart(failures)].filter((part) => part !== "");
  return `${told.map((part) => part.trimEnd()).join("\n\n")}\n`;
}
