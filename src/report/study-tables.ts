// Rows of a study as tables: those with the same keys and metrics stand in one.

import type { StudyRow } from "../stats/report.js";

/** A table: a head and rows of text. */
export interface StudyTable {
  /** Keys that all its rows share, in words; "" = none, or a single row. */
  readonly caption: string;
  readonly rows: readonly (readonly string[])[];
  /** Columns that are words; the others are figures. */
  readonly left: number;
}

/** Counts with thousands separated, other figures with four digits. */
function figure(value: number | undefined): string {
  if (value === undefined) return "";
  if (Number.isInteger(value)) return value.toLocaleString("en-US");
  const digits = value.toPrecision(4);
  return digits.includes("e") && Math.abs(value) >= 1
    ? Math.round(value).toLocaleString("en-US")
    : digits;
}

const formOf = ({ keys, metrics }: StudyRow): string =>
  JSON.stringify([Object.keys(keys), Object.keys(metrics)]);

/** The tables, in the order of their first rows. */
export function tablesOf(rows: readonly StudyRow[]): StudyTable[] {
  const forms = new Map<string, StudyRow[]>();
  for (const row of rows) {
    const form = formOf(row);
    const same = forms.get(form);
    if (same === undefined) forms.set(form, [row]);
    else same.push(row);
  }
  return [...forms.values()].map(tableOf);
}

function tableOf(rows: readonly StudyRow[]): StudyTable {
  const [first] = rows;
  const keys = Object.keys(first?.keys ?? {});
  const metrics = Object.keys(first?.metrics ?? {});
  const common = keys.filter((key) => new Set(rows.map((row) => row.keys[key])).size === 1);
  const shared = rows.length > 1 ? common : [];
  const told = keys.filter((key) => !shared.includes(key));
  return {
    caption: shared.map((key) => `${key}: ${first?.keys[key]}`).join("   "),
    left: told.length,
    rows: [
      [...told, ...metrics.map((name) => name.replaceAll("_", " "))],
      ...rows.map((row) => [
        ...told.map((key) => row.keys[key] ?? ""),
        ...metrics.map((name) => figure(row.metrics[name])),
      ]),
    ],
  };
}

/** "tracker=none arch=arm64": keys in one line. */
export function keyLine(keys: Readonly<Record<string, string>>): string {
  return Object.entries(keys)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
}
