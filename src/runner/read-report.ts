// Reads a report back from its JSON: counters and cycles are bigints again.

import { readConfigText } from "../config/files.js";
import { MmulateError } from "../errors.js";
import { REPORT_SCHEMA, type Report } from "../stats/report.js";

/**
 * Reads the JSON of a report.
 * @throws MmulateError INPUT when the file cannot be read or holds no report
 */
export async function readReport(path: string): Promise<Report> {
  const text = await readConfigText(path);
  const refuse = (why: string, cause?: unknown): MmulateError =>
    new MmulateError("INPUT", `${path}: ${why}`, { cause });
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw refuse("is no JSON, expected a report (--json)", error);
  }
  const { schema, cells } = (data ?? {}) as Partial<Report>;
  if (schema !== REPORT_SCHEMA || !Array.isArray(cells)) {
    throw refuse(`is no report: its schema is ${JSON.stringify(schema)}, not "${REPORT_SCHEMA}"`);
  }
  try {
    return { ...(data as Report), cells: cells.map(revived) };
  } catch (error) {
    throw refuse("is a damaged report: a counter or cycle is no whole number", error);
  }
}

type Cell = Report["cells"][number];

function revived(cell: Cell): Cell {
  const { elapsed, work, by } = cell.cycles;
  const cycles = { elapsed: BigInt(elapsed), work: BigInt(work), by: bigints(by) };
  return { ...cell, counters: bigints(cell.counters), cycles };
}

function bigints(values: Readonly<Record<string, bigint>>): Record<string, bigint> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, BigInt(value)]));
}
