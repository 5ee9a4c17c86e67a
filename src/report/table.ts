// The side-by-side table of a report.

import Table from "cli-table3";
import { labelWord } from "../stats/labels.js";
import { accesses, walkLoads } from "../stats/metrics.js";
import type { CellFailure, CellResult, Report } from "../stats/report.js";

interface Row {
  readonly title: string;
  /** Undefined where the cell has no such figure. */
  readonly of: (cell: CellResult) => bigint | number | undefined;
}

const counter = (title: string, name: string): Row => ({
  title,
  of: (cell) => cell.counters[name],
});
const metric = (title: string, name: string, times = 1): Row => ({
  title,
  of: (cell) => {
    const value = cell.metrics[name];
    return value === undefined ? undefined : value * times;
  },
});

const ROWS: readonly Row[] = [
  { title: "accesses", of: (cell) => accesses(cell.counters) },
  counter("  reads", "reads"),
  counter("  writes", "writes"),
  counter("  fetches", "fetches"),
  counter("instructions", "instructions"),
  counter("dTLB L1 misses", "dtlb_l1_miss"),
  metric("  % of data accesses", "dtlb_l1_miss_rate", 100),
  counter("iTLB L1 misses", "itlb_l1_miss"),
  metric("  % of fetches", "itlb_l1_miss_rate", 100),
  counter("L2 TLB hits", "stlb_hit"),
  counter("page walks", "walks"),
  metric("  per 1000 instructions", "walks_per_kilo_instruction"),
  { title: "entries read by walks", of: (cell) => walkLoads(cell.counters) },
  metric("  per walk", "loads_per_walk"),
  counter("  from cache 1", "walk_from_cache1"),
  counter("  from cache 2", "walk_from_cache2"),
  counter("  from cache 3", "walk_from_cache3"),
  counter("  from cache 4", "walk_from_cache4"),
  counter("  from memory", "walk_from_memory"),
  counter("host entries from cache 1", "nested_from_cache1"),
  counter("  from cache 2", "nested_from_cache2"),
  counter("  from cache 3", "nested_from_cache3"),
  counter("  from cache 4", "nested_from_cache4"),
  counter("  from memory", "nested_from_memory"),
  counter("second-stage walks", "second_stage_walks"),
  counter("  entries read", "second_stage_loads"),
  metric("  of both stages, per walk", "references_per_walk"),
  counter("  pages known", "second_stage_page_hits"),
  counter("  tables known", "second_stage_table_hits"),
  counter("data from cache 1", "data_from_cache1"),
  counter("  from cache 2", "data_from_cache2"),
  counter("  from cache 3", "data_from_cache3"),
  counter("  from cache 4", "data_from_cache4"),
  counter("  from memory", "data_from_memory"),
  counter("first touches (faults)", "demand_mappings"),
  counter("entries mapped", "demand_entries"),
  counter("page tables made", "demand_tables"),
  counter("accessed flags set", "accessed_set"),
  counter("dirty state set", "dirty_set"),
  counter("dirty assists", "dirty_assist"),
  { title: "translation cycles", of: (cell) => cell.cycles.work },
  { title: "  L2 TLB hits", of: (cell) => cell.cycles.by.stlb_hit },
  { title: "  walks", of: (cell) => cell.cycles.by.walk },
  { title: "  host entries", of: (cell) => cell.cycles.by.nested },
  { title: "  data", of: (cell) => cell.cycles.by.data },
  { title: "  first touches and tables", of: (cell) => cell.cycles.by.demand },
  { title: "  dirty assists", of: (cell) => cell.cycles.by.dirty_assist },
  { title: "  accessed assists", of: (cell) => cell.cycles.by.accessed_assist },
  metric("  per access", "cycles_per_access"),
  metric("  ns per access", "ns_per_access"),
  metric("  TLBs alone, walks overlapped", "tlb_cycles_per_access_overlapped"),
];

/** No borders but a line below the head: it survives mail clients and Markdown code blocks. */
export const PLAIN_CHARS = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
};

/** Figures with thousands separated; rates with four digits; "-" where there is none. */
export function figure(value: bigint | number | undefined): string {
  if (value === undefined) return "-";
  if (typeof value === "bigint") return value.toString().replace(/\B(?=(\d{3})+$)/g, ",");
  return value.toPrecision(4);
}

/** "=" where two figures are equal; "-" where there is no ratio. */
export function ratio(
  value: bigint | number | undefined,
  base: bigint | number | undefined,
): string {
  if (value === undefined || base === undefined) return "-";
  if (value === base) return "=";
  if (Number(base) === 0) return "-";
  const times = Number(value) / Number(base);
  return times < 0.01 && times > 0 ? times.toExponential(1) : times.toFixed(3);
}

/** Names of the labels in which the cells differ; at least the architecture. */
function tellingLabels(cells: readonly CellResult[]): string[] {
  const names = Object.keys(cells[0]?.labels ?? {});
  const telling = names.filter((name) => new Set(cells.map((cell) => cell.labels[name])).size > 1);
  return telling.length === 0 ? ["arch"] : telling;
}

/** What each cell is called beside the others. */
export function titlesOf(cells: readonly CellResult[]): string[] {
  const telling = tellingLabels(cells);
  return cells.map(({ labels }) =>
    telling.map((name) => labelWord(name, labels[name] ?? "")).join(" "),
  );
}

function headOf(cells: readonly CellResult[]): string[] {
  const [base = "", ...others] = titlesOf(cells);
  return ["", base, ...others.flatMap((title) => [title, `/ ${base}`])];
}

function rowOf(row: Row, cells: readonly CellResult[]): string[] {
  const [base, ...others] = cells.map(row.of);
  const figures = others.flatMap((value) => [figure(value), ratio(value, base)]);
  return [row.title, figure(base), ...figures];
}

/** Labels that all cells share. */
export function captionOf(cells: readonly CellResult[]): string {
  const telling = new Set(tellingLabels(cells));
  const common = Object.entries(cells[0]?.labels ?? {}).filter(([name]) => !telling.has(name));
  return common.map(([name, value]) => `${name}: ${value}`).join("   ");
}

/** A line for every check that does not hold. */
export function checkLines(cells: readonly CellResult[]): string[] {
  return cells.flatMap((cell) =>
    cell.checks.filter(({ ok }) => !ok).map(({ id, first: seen }) => `${cell.id}: ${id}: ${seen}`),
  );
}

/** A line for every cell that did not finish. */
export function failureLines(failures: readonly CellFailure[] = []): string[] {
  return failures.map(({ id, message }) => `${id}: did not finish: ${message}`);
}

/**
 * Head and rows of the table: one column per cell, and behind each but the first its ratio to the first.
 * Rows that are nought or absent in every cell are left out.
 *
 * @param titles the rows that are wanted; left out, all
 */
export function rowsOf(cells: readonly CellResult[], titles?: ReadonlySet<string>): string[][] {
  const rows = cells.some(({ events }) => events !== undefined) ? kernelRows(cells) : ROWS;
  const shown = rows.filter(({ title }) => titles === undefined || titles.has(title.trim()));
  const told = shown.filter((row) => cells.some((cell) => Number(row.of(cell) ?? 0) !== 0));
  return [headOf(cells), ...told.map((row) => rowOf(row, cells))];
}

/** Of workloads of the kernel: their figures, events and cycles by cause, in place of those of a trace. */
function kernelRows(cells: readonly CellResult[]): Row[] {
  const namesIn = (of: (cell: CellResult) => object): string[] => [
    ...new Set(cells.flatMap((cell) => Object.keys(of(cell)))),
  ];
  return [
    ...namesIn(({ metrics }) => metrics).map((name) => metric(name, name)),
    { title: "accesses", of: (cell) => accesses(cell.counters) },
    { title: "cycles, elapsed", of: (cell) => cell.cycles.elapsed },
    { title: "cycles, work", of: (cell) => cell.cycles.work },
    ...namesIn(({ cycles }) => cycles.by).map((name) => ({
      title: `  ${name}`,
      of: (cell: CellResult) => cell.cycles.by[name],
    })),
    ...namesIn(({ events = {} }) => events).map((name) => ({
      title: `${name}, times`,
      of: ({ events = {} }: CellResult) => (name in events ? BigInt(events[name] ?? 0) : undefined),
    })),
  ];
}

/** The report as a table, as `rowsOf`. */
export function toTable({ cells, failures }: Report, titles?: ReadonlySet<string>): string {
  const [head = [], ...body] = rowsOf(cells, titles);
  const table = new Table({
    chars: PLAIN_CHARS,
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
    colAligns: head.map((_, i) => (i === 0 ? "left" : "right")),
  });
  table.push(head, ...body);
  const [first = "", ...rest] = table.toString().split("\n");
  const rule = "-".repeat(Math.max(...[first, ...rest].map((line) => line.length)));
  const lines = [
    captionOf(cells),
    "",
    first,
    rule,
    ...rest,
    ...checkLines(cells),
    ...failureLines(failures),
  ];
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}
