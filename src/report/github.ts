// What a job on GitHub shows: annotations, which are commands on stdout, and a summary in Markdown.

import type { CellFailure, CellResult, Check, Report } from "../stats/report.js";
import { toMarkdown } from "./markdown.js";

/** Of a command's message: what would end it. */
function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

/** Of a command's property: what would end it, too. */
function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

function annotation(level: "error" | "notice", title: string, message: string): string {
  return `::${level} title=${escapeProperty(title)}::${escapeData(message)}\n`;
}

function failure({ labels }: CellResult, { id, first = "" }: Check): string {
  return annotation("error", `mmulate: ${id}`, `${Object.values(labels).join(" ")}: ${first}`);
}

function unfinished({ labels, message }: CellFailure): string {
  const cell = Object.values(labels).join(" ");
  return annotation("error", "mmulate: a cell did not finish", `${cell}: ${message}`);
}

/** One error for each check that failed and each cell that did not finish; where there is none, one notice. */
export function toGithubAnnotations({ cells, failures = [] }: Report): string {
  const failed = [
    ...cells.flatMap((cell) =>
      cell.checks.filter(({ ok }) => !ok).map((check) => failure(cell, check)),
    ),
    ...failures.map(unfinished),
  ];
  if (failed.length > 0) return failed.join("");
  const checks = cells.flatMap((cell) => cell.checks).length;
  return annotation("notice", "mmulate", `${cells.length} cells, all ${checks} checks hold`);
}

/** The report under a heading, for the file that $GITHUB_STEP_SUMMARY names. */
export function toGithubSummary(report: Report): string {
  return `### mmulate ${report.version}\n\n${toMarkdown(report)}\n`;
}
