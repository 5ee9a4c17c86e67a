// The forms of a report, by the name that `--reporter` knows: one pure function each.

import type { Report } from "../stats/report.js";
import { toBenchmarkJson } from "./benchmark-json.js";
import { toCsv } from "./csv.js";
import { toGithubAnnotations, toGithubSummary } from "./github.js";
import { toJson } from "./json.js";
import { toJsonLines } from "./jsonl.js";
import { toJunit } from "./junit.js";
import { toMarkdown } from "./markdown.js";
import { toStudyMarkdown } from "./study-markdown.js";
import { toText } from "./text.js";
import { toYardstick } from "./yardstick.js";

export interface Reporter {
  /** What it is for, in a few words. */
  readonly means: string;
  readonly draw: (report: Report) => string;
  /** Of a form in two parts: what goes to a file while `draw` goes to stdout. */
  readonly summary?: (report: Report) => string;
}

export const REPORTERS: ReadonlyMap<string, Reporter> = new Map<string, Reporter>([
  ["table", { means: "side by side, to be read", draw: toText }],
  ["json", { means: "the whole report (mmulate/report@1)", draw: toJson }],
  ["jsonl", { means: "the whole report, a line for each cell", draw: toJsonLines }],
  ["csv", { means: "a row for each cell, for spreadsheets", draw: toCsv }],
  [
    "markdown",
    {
      means: "tables for comments and issues; a study as a document",
      draw: (report) => (report.study === undefined ? toMarkdown : toStudyMarkdown)(report),
    },
  ],
  [
    "github",
    {
      means: "annotations and summary of a GitHub job",
      draw: toGithubAnnotations,
      summary: toGithubSummary,
    },
  ],
  ["junit", { means: "checks as JUnit XML, for CI systems", draw: toJunit }],
  ["benchmark-json", { means: "for github-action-benchmark", draw: toBenchmarkJson }],
  ["yardstick", { means: "lines as of the native reference simulator", draw: toYardstick }],
]);
