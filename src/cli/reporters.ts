// The forms a report can be printed in.

import { MmulateError } from "../errors.js";
import { toJson } from "../report/json.js";
import { toScriptText } from "../report/script-text.js";
import { toTable } from "../report/table.js";
import { toYardstick } from "../report/yardstick.js";
import type { Report } from "../stats/report.js";
import { checkWritable, print, printTo } from "./output.js";

const REPORTERS = new Map<string, (report: Report) => string>([
  ["table", toText],
  ["json", toJson],
  ["yardstick", toYardstick],
]);

/** The table of traces, or that of scripts. */
function toText(report: Report): string {
  const scripts = report.cells.some(({ observations }) => observations !== undefined);
  return scripts ? toScriptText(report) : toTable(report);
}

interface Target {
  readonly draw: (report: Report) => string;
  /** Undefined = stdout. */
  readonly file: string | undefined;
}

export const REPORTER_NAMES: readonly string[] = [...REPORTERS.keys()];

/**
 * "json", "json=FILE", ...
 * @throws MmulateError USAGE for an unknown name
 */
export function parseReporter(text: string): Target {
  const at = text.indexOf("=");
  const name = at < 0 ? text : text.slice(0, at);
  const draw = REPORTERS.get(name);
  if (draw === undefined) {
    throw new MmulateError(
      "USAGE",
      `unknown reporter "${name}" (known: ${REPORTER_NAMES.join(", ")})`,
    );
  }
  const file = at < 0 ? undefined : text.slice(at + 1);
  if (file === "") throw new MmulateError("USAGE", `reporter "${text}" names no file behind the =`);
  return { draw, file };
}

/**
 * Sees that every target can be written, before the run.
 * @throws MmulateError USAGE when one cannot
 */
export async function checkTargets(targets: readonly Target[]): Promise<void> {
  for (const { file } of targets) if (file !== undefined) await checkWritable(file);
}

/** Prints a report to every target. */
export async function report(result: Report, targets: readonly Target[]): Promise<void> {
  for (const { draw, file } of targets) {
    if (file === undefined) await print(draw(result));
    else await printTo(file, draw(result));
  }
}
