// A comparison to be read: on a terminal, and as Markdown.

import Table from "cli-table3";
import type { Change, ComparedCells, Comparison } from "../stats/comparison.js";
import { escapeMarkdown, markdownTable } from "./markdown.js";
import { figure, PLAIN_CHARS } from "./table.js";

/** Differences of the configuration that a line names; JSON has all. */
const NAMED = 8;

function ratio({ a, b, ratio: times }: Change): string {
  if (a === b) return "=";
  if (times === null) return "-";
  return times > 0 && times < 0.01 ? times.toExponential(1) : times.toFixed(3);
}

/** "+204", of figures that both have. */
function movedBy({ a, b }: Change): string {
  if (typeof a === "bigint" && typeof b === "bigint") {
    return `${b > a ? "+" : "-"}${figure(b > a ? b - a : a - b)}`;
  }
  if (typeof a === "number" && typeof b === "number") {
    return `${b > a ? "+" : ""}${Number.isInteger(b - a) ? b - a : figure(b - a)}`;
  }
  return "moved";
}

/** Counts are whole, whatever type they have. */
function shown(value: Change["a"]): string {
  const whole = typeof value === "number" && Number.isSafeInteger(value);
  return figure(whole ? BigInt(value) : (value ?? undefined));
}

function rowsOf({ metrics, counters }: ComparedCells): string[][] {
  const row = (change: Change, last: string): string[] => [
    change.path,
    shown(change.a),
    shown(change.b),
    ratio(change),
    last,
  ];
  return [
    ["", "A", "B", "B / A", ""],
    ...metrics.map((change) => row(change, change.verdict)),
    ...counters.map((change) => row(change, movedBy(change))),
  ];
}

function words(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}: ${value}`)
    .join("   ");
}

/** What the two cells are, and in what they differ. */
function captionsOf({ labels, a, b, config }: ComparedCells): string[] {
  const sides = Object.keys(a).length === 0 ? [] : [`A is ${words(a)}`, `B is ${words(b)}`];
  const paths = config.map(({ path }) => path);
  const more = paths.length > NAMED ? `, and ${paths.length - NAMED} more` : "";
  const differ =
    paths.length === 0 ? [] : [`configured otherwise: ${paths.slice(0, NAMED).join(", ")}${more}`];
  return [words(labels), ...sides, ...differ].filter((line) => line !== "");
}

function headOf({ a, b }: Comparison): string[] {
  return [`A: ${a.name} (mmulate ${a.version})`, `B: ${b.name} (mmulate ${b.version})`];
}

/** "3 better, 1 worse, 4 same; 12 counters moved". */
function summaryOf({ summary }: Comparison): string {
  const { better, worse, moved, same, counters } = summary;
  if (better + worse + moved + counters === 0) return "nothing moved: every figure is the same";
  const verdicts = Object.entries({ better, worse, moved, same })
    .filter(([, count]) => count > 0)
    .map(([verdict, count]) => `${count} ${verdict}`);
  return `metrics: ${verdicts.join(", ")}; counters moved: ${counters}`;
}

function textTable(cells: ComparedCells): string[] {
  const rows = rowsOf(cells);
  const table = new Table({
    chars: PLAIN_CHARS,
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
    colAligns: ["left", "right", "right", "right", "left"],
  });
  table.push(...rows);
  const [first = "", ...rest] = table.toString().split("\n");
  const rule = "-".repeat(Math.max(...[first, ...rest].map((line) => line.trimEnd().length)));
  return [...captionsOf(cells), "", first, rule, ...rest, ""];
}

/** A comparison as text: a table for each pair of cells. */
export function toComparisonText(comparison: Comparison): string {
  const parts = comparison.cells.flatMap(textTable);
  const lines = [...headOf(comparison), "", ...parts, summaryOf(comparison)];
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}

/** The same as Markdown. */
export function toComparisonMarkdown(comparison: Comparison): string {
  const list = (lines: readonly string[]): string =>
    lines.map((line) => `- ${escapeMarkdown(line)}`).join("\n");
  const parts = comparison.cells.flatMap((cells) => [
    list(captionsOf(cells)),
    markdownTable(rowsOf(cells), 1).trimEnd(),
  ]);
  const all = [list(headOf(comparison)), ...parts, escapeMarkdown(summaryOf(comparison))];
  return `${all.join("\n\n")}\n`;
}
