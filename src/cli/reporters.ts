// Where a report goes: `--reporter NAME[=FILE]`, repeatable, and `--json`.

import { resolve } from "node:path";
import process from "node:process";
import { MmulateError } from "../errors.js";
import { hintFor } from "../layout/nearest.js";
import { REPORTERS } from "../report/registry.js";
import type { Report } from "../stats/report.js";
import { appendTo, checkWritable, print, printTo, say } from "./output.js";

/** One text of a report, and where it goes. */
export interface Target {
  readonly draw: (report: Report) => string;
  /** Undefined = stdout. */
  readonly file?: string;
  /** Behind what the file holds, which is somebody else's. */
  readonly append?: true;
}

/** What the command line says of reports. */
export interface ReportFlags {
  readonly json?: true;
  readonly reporter?: readonly string[];
}

export const REPORTER_NAMES: readonly string[] = [...REPORTERS.keys()];

/**
 * The texts that are asked for; a table on stdout where none is.
 * @throws MmulateError USAGE for an unknown name, or one without a file behind the =
 */
export function targetsOf({ json, reporter = [] }: ReportFlags): Target[] {
  const named = [...reporter, ...(json === true ? ["json"] : [])];
  return (named.length === 0 ? ["table"] : named).flatMap(parseReporter);
}

/** "json", "json=FILE", ... */
function parseReporter(text: string): Target[] {
  const [, name = "", equals, file = ""] = /^([^=]*)(=?)(.*)$/s.exec(text) ?? [];
  const form = REPORTERS.get(name);
  if (form === undefined) {
    const known = `${hintFor(name, REPORTER_NAMES)} (known: ${REPORTER_NAMES.join(", ")})`;
    throw new MmulateError("USAGE", `unknown reporter "${name}"${known}`);
  }
  if (equals !== "" && file === "") {
    throw new MmulateError("USAGE", `reporter "${text}" names no file behind the =`);
  }
  const { draw, summary } = form;
  if (summary === undefined) return [file === "" ? { draw } : { draw, file }];
  return [{ draw }, summaryTarget(summary, file)];
}

/** The file named, else the job's, else stdout. */
function summaryTarget(draw: Target["draw"], file: string): Target {
  if (file !== "") return { draw, file };
  const job = process.env.GITHUB_STEP_SUMMARY ?? "";
  return job === "" ? { draw } : { draw, file: job, append: true };
}

/**
 * Sees that every target can be written, before the run.
 * @throws MmulateError USAGE when one cannot, or two would write the same file
 */
export async function checkTargets(targets: readonly Target[]): Promise<void> {
  const seen = new Set<string>();
  for (const { file } of targets) {
    if (file === undefined) continue;
    await checkWritable(file);
    const path = resolve(file);
    if (seen.has(path) && !path.startsWith("/dev/")) {
      throw new MmulateError("USAGE", `two reporters write ${file}: each needs a file of its own`);
    }
    seen.add(path);
  }
}

/**
 * Prints a report to every target. A text whose file cannot be written goes to stdout, so that a run is not
 * lost because a disk was full at its end.
 * @throws MmulateError USAGE when a target could not be written, after all others were
 */
export async function report(result: Report, targets: readonly Target[]): Promise<void> {
  const lost: { text: string; error: MmulateError }[] = [];
  for (const { draw, file, append } of targets) {
    const text = draw(result);
    if (file === undefined) await print(text);
    else {
      await (append === true ? appendTo : printTo)(file, text).catch((error: unknown) => {
        if (!(error instanceof MmulateError)) throw error;
        lost.push({ text, error });
      });
    }
  }
  for (const { text } of lost) await print(text);
  const messages = lost.map(({ error }) => `${error.message}; what belongs there is on stdout`);
  const last = messages.pop();
  for (const message of messages) say(message);
  if (last !== undefined) throw new MmulateError("USAGE", last);
}
