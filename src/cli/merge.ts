// mmulate merge PART...

import type { Command } from "commander";
import { EXIT_DONE, EXIT_FAILED } from "../errors.js";
import { readReport } from "../runner/read-report.js";
import { mergeShards } from "../runner/shard.js";
import type { Report } from "../stats/report.js";
import { checkTargets, REPORTER_NAMES, type ReportFlags, report, targetsOf } from "./reporters.js";

const collect = (value: string, before: string[] | undefined): string[] => [
  ...(before ?? []),
  value,
];

/** Adds the command. `finish` receives the exit code. */
export function addMerge(program: Command, finish: (code: number) => void): void {
  program
    .command("merge")
    .summary("join the reports of the parts of a run (run --shard i/n)")
    .description(
      "Joins the JSON reports of all parts of a run, made by mmulate run --shard i/n --json on one machine or several. The result is, to the byte, that of the run in one piece.",
    )
    .argument("<part...>", "JSON reports of the parts, in any order")
    .option("--json", "print the report as JSON (short for --reporter json)")
    .option("--reporter <name[=file]>", `${REPORTER_NAMES.join(", ")}; repeatable`, collect)
    .action(async (paths: string[], flags: ReportFlags) => {
      const targets = targetsOf(flags);
      await checkTargets(targets);
      const parts: [string, Report][] = [];
      for (const path of paths) parts.push([path, await readReport(path)]);
      const whole = mergeShards(parts);
      await report(whole, targets);
      const held = whole.cells.every(({ checks }) => checks.every(({ ok }) => ok));
      finish(held && whole.failures === undefined ? EXIT_DONE : EXIT_FAILED);
    });
}
