// Suites against their baselines, as text: what is the same in one line, the rest with its cause.

import { changeOf } from "../stats/baseline.js";
import type { BenchResult, CellVerdict, HostRow, Move, Verdict } from "../stats/bench.js";
import { figure } from "./table.js";

/** More causes than these hide the others. */
const MOST_MOVES = 12;
const MOST_REASONS = 8;

function amount(value: number | bigint | undefined): string {
  if (typeof value === "number" && !Number.isInteger(value)) return value.toPrecision(6);
  return value === undefined ? "nothing" : figure(BigInt(value));
}

/** Of the figure before; 0 where it was 0. */
function shareOf(move: Move): number {
  const before = Number(move.before ?? 0);
  return before === 0 ? 0 : changeOf(move) / Math.abs(before);
}

/** "counters.walks 238 -> 250 (+12, +5.0 %)" */
function moveLine(move: Move): string {
  const { path, before, after } = move;
  const change = changeOf(move);
  const sign = change < 0 ? "-" : "+";
  const whole = typeof before === "bigint" || typeof after === "bigint";
  const by = whole ? `${sign}${figure(BigInt(Math.abs(change)))}` : "";
  const share = shareOf(move);
  const percent = share === 0 ? "" : `${sign}${(Math.abs(share) * 100).toPrecision(2)} %`;
  const brackets = [by, percent].filter((part) => part !== "").join(", ");
  return `${path} ${amount(before)} -> ${amount(after)}${brackets === "" ? "" : ` (${brackets})`}`;
}

/** Cycles by cause first, then counters by how much they changed. All others follow from these. */
function byWeight(moves: readonly Move[]): Move[] {
  const rank = ({ path }: Move): number =>
    path.startsWith("cycles.by.") ? 0 : /^(counters|events)\./.test(path) ? 1 : 2;
  const weight = (move: Move): number => Math.abs(shareOf(move)) || Number.POSITIVE_INFINITY;
  return [...moves].sort((a, b) => rank(a) - rank(b) || weight(b) - weight(a));
}

function cellLines({ id, verdict, judged, moved, because }: CellVerdict): string[] {
  const causes = byWeight(moved).filter(({ path }) => path !== "counters.pa_sum");
  const shown = [...causes, ...moved.filter(({ path }) => path === "counters.pa_sum")];
  const lines = [
    ...judged.map((move) => `    ${moveLine(move)}: ${move.verdict}`),
    ...shown.slice(0, MOST_MOVES).map((move) => `      moved: ${moveLine(move)}`),
  ];
  if (shown.length > MOST_MOVES) lines.push(`      and ${shown.length - MOST_MOVES} more`);
  lines.push(...because.slice(0, MOST_REASONS).map((why) => `      differs: ${why}`));
  if (because.length > MOST_REASONS) {
    lines.push(`      and ${because.length - MOST_REASONS} more of the configuration`);
  }
  return [`  ${verdict.toUpperCase()}  ${id}`, ...lines];
}

/** "1.042 (0.98 .. 1.11)": times as long. */
function hostLine({ id, verdict, shift, low, high }: HostRow): string {
  const [middle, from, to] = [shift, low, high].map((value) => Math.exp(value).toFixed(3));
  return `  host ${verdict}: ${id}: ${middle} times the baseline's time (95 %: ${from} .. ${to})`;
}

/** "14 same, 1 regressed" */
function counted(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([word, count]) => `${count} ${word}`).join(", ");
}

const QUIET: ReadonlySet<Verdict> = new Set(["same", "new"]);

function suiteLines({ suite, title, baseline, cells, host = [] }: BenchResult): string[] {
  const against =
    baseline === undefined
      ? "no baseline: nothing is judged (--save-baseline makes one)"
      : `baseline ${baseline.file}, made by version ${baseline.version}`;
  return [
    `${suite}: ${title}`,
    `  ${against}`,
    ...cells.filter(({ verdict }) => !QUIET.has(verdict)).flatMap(cellLines),
    ...host.map(hostLine),
    `  ${cells.length} cells: ${counted(cells.map(({ verdict }) => verdict))}`,
  ];
}

/** All suites of a run, one after the other. */
export function toBenchText(results: readonly BenchResult[]): string {
  return `${results.flatMap((result) => suiteLines(result)).join("\n")}\n`;
}
