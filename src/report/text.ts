// The text that a run prints by itself.

import type { Report } from "../stats/report.js";
import { toScriptText } from "./script-text.js";
import { toStudyText } from "./study-text.js";
import { toTable } from "./table.js";

/** Whether the cells are runs of scripts. */
export function isOfScripts({ cells }: Pick<Report, "cells">): boolean {
  return cells.some(({ observations }) => observations !== undefined);
}

/** The table of traces, or that of scripts, or a study. */
export function toText(report: Report): string {
  if (report.study !== undefined) return toStudyText(report);
  return isOfScripts(report) ? toScriptText(report) : toTable(report);
}
