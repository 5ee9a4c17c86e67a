// A study as a document: what `docs/studies/NAME.md` holds.

import type { Report, StudyClaim, StudyVerdict } from "../stats/report.js";
import { escapeMarkdown, markdownTable } from "./markdown.js";
import { keyLine, tablesOf } from "./study-tables.js";
import { checkLines, failureLines } from "./table.js";

function verdictRows(verdicts: readonly StudyVerdict[]): string[][] {
  return [["point", "result"], ...verdicts.map(({ keys, result }) => [keyLine(keys), result])];
}

function claimPart({ id, text, holds, command }: StudyClaim): string {
  const word = holds ? "Holds" : "**Does not hold**";
  return `- **${id}**: ${escapeMarkdown(text)} ${word}: \`${command}\``;
}

function headPart({ study }: Report): string {
  if (study === undefined) return "";
  const { name, summary, about, command } = study;
  const written = `Written by \`${command} -o docs/studies/${name}.md\`.`;
  return [`# ${name}: ${summary}`, written, ...about].join("\n\n");
}

/** The document. */
export function toStudyMarkdown(report: Report): string {
  const { rows = [], verdicts = [], claims = [], cells, failures } = report;
  const tables = tablesOf(rows).map(({ caption, rows: lines, left }) =>
    [...(caption === "" ? [] : [escapeMarkdown(caption)]), markdownTable(lines, left)].join("\n\n"),
  );
  const troubles = [...checkLines(cells), ...failureLines(failures)];
  const parts = [
    headPart(report),
    ...(claims.length === 0 ? [] : ["## Claims", claims.map(claimPart).join("\n")]),
    ...(verdicts.length === 0 ? [] : ["## Verdicts", markdownTable(verdictRows(verdicts), 2)]),
    ...(tables.length === 0 ? [] : ["## Figures", ...tables]),
    ...(troubles.length === 0
      ? []
      : ["## What failed", troubles.map((line) => `- ${escapeMarkdown(line)}`).join("\n")]),
  ];
  return `${parts.map((part) => part.trimEnd()).join("\n\n")}\n`;
}
