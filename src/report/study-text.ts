// A study as text: its tables, what it says of its points, and its claims.

import Table from "cli-table3";
import type { Report, StudyClaim, StudyVerdict } from "../stats/report.js";
import { keyLine, type StudyTable, tablesOf } from "./study-tables.js";
import { checkLines, failureLines, PLAIN_CHARS } from "./table.js";

function drawn({ caption, rows: [head = [], ...body], left }: StudyTable): string {
  const table = new Table({
    chars: PLAIN_CHARS,
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
    colAligns: head.map((_, i) => (i < left ? "left" : "right")),
  });
  table.push([...head], ...body.map((row) => [...row]));
  const [first = "", ...rest] = table.toString().split("\n");
  const rule = "-".repeat(Math.max(...[first, ...rest].map((line) => line.length)));
  return [...(caption === "" ? [] : [caption, ""]), first, rule, ...rest].join("\n");
}

function verdictLine({ keys, result }: StudyVerdict): string {
  return `  ${keyLine(keys)}: ${result}`;
}

function claimLine({ id, text, holds, command }: StudyClaim): string {
  return `  ${holds ? "holds" : "DOES NOT HOLD"}  ${id}: ${text}\n         ${command}`;
}

/** The study whole; causes of failure last. */
export function toStudyText(report: Report): string {
  const { study, rows = [], verdicts = [], claims = [], cells, failures } = report;
  const parts = [
    `${study?.summary ?? ""}\n${study?.command ?? ""}`,
    ...tablesOf(rows).map(drawn),
    verdicts.length === 0 ? "" : `verdicts\n${verdicts.map(verdictLine).join("\n")}`,
    claims.length === 0 ? "" : `claims\n${claims.map(claimLine).join("\n")}`,
    [...checkLines(cells), ...failureLines(failures)].join("\n"),
  ];
  const lines = parts
    .filter((part) => part !== "")
    .join("\n\n")
    .split("\n");
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}
