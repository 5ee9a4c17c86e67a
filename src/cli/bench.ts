// mmulate bench [SUITE...]

import { existsSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import type { Command } from "commander";
import { readConfigText } from "../config/files.js";
import { parseSuite, type Suite } from "../config/suite.js";
import { EXIT_DONE, EXIT_FAILED, MmulateError } from "../errors.js";
import { toBenchText } from "../report/bench-text.js";
import { toJson } from "../report/json.js";
import { runSuite, type SuiteEnd, type SuiteRun } from "../runner/bench.js";
import { suiteName } from "../runner/plan-suite.js";
import { packageVersion } from "../runner/version.js";
import { isHeld } from "../stats/bench.js";
import { REPORT_SCHEMA, type Report } from "../stats/report.js";
import { execute, exitCodeOf, runningOf } from "./execute.js";
import { checkWritable, print, printTo, say } from "./output.js";
import { checkTargets, REPORTER_NAMES, type ReportFlags, report, targetsOf } from "./reporters.js";
import { numberOf, readSelection } from "./sweep-options.js";

const FOLDER = "bench";
const NO_END: SuiteEnd["end"] = { outcomes: [], failures: [], unfinished: 0 };

interface BenchFlags extends ReportFlags {
  readonly baseline?: string;
  readonly saveBaseline?: string | true;
  readonly host?: true;
  readonly rounds?: string;
  readonly workers?: string;
  readonly memory?: string;
  readonly timeout?: string;
}

const collect = (value: string, before: string[] | undefined): string[] => [
  ...(before ?? []),
  value,
];

/** Adds the command. `finish` receives the exit code. */
export function addBench(program: Command, finish: (code: number) => void): void {
  program
    .command("bench")
    .summary("run regression suites and compare them with their baselines")
    .description(
      "Runs suites of cells and compares every figure with a baseline. Simulated figures are exact: any change is shown with the counters that moved. Exit code 1 on a regression.",
    )
    .argument("[suite...]", "files, or names of files in bench/ (default: all of bench/*.yaml)")
    .option(
      "--baseline <file>",
      "compare with this (default: baselines/SUITE.json beside the suite)",
    )
    .option("--save-baseline [file]", "write what the cells give as the baseline (same default)")
    .option("--host", "times of this host, too: paired runs, judged by a rank test")
    .option("--rounds <n>", "with --host: paired runs a cell (default: as the suite says)")
    .option("--workers <n>", "worker threads (default: one per cell, up to the processors)")
    .option("--memory <size>", "most memory of a cell: 512m, 2g (default: 4g)")
    .option(
      "--timeout <seconds>",
      "without progress, after which a cell is given up (default: 600)",
    )
    .option("--json", "print report and comparison as JSON (short for --reporter json)")
    .option("--reporter <name[=file]>", `${REPORTER_NAMES.join(", ")}; repeatable`, collect)
    .action(async (suites: string[], flags: BenchFlags) => {
      finish(await bench(suites, flags));
    });
}

async function bench(named: readonly string[], flags: BenchFlags): Promise<number> {
  const { reporter, json } = flags;
  const targets = reporter === undefined && json === undefined ? [] : targetsOf(flags);
  const selection = await readSelection(
    { config: false },
    {
      workers: ["--workers", listOf(flags.workers)],
      memory: ["--memory", listOf(flags.memory)],
      timeout: ["--timeout", listOf(flags.timeout)],
      rounds: ["--rounds", listOf(flags.rounds)],
    },
  );
  const running = runningOf(selection);
  const rounds = numberOf(selection, "rounds", 1, 50);
  const suites = await suitesNamed(named);
  const runs = suites.map((suite) => runOf(suite, suites.length, flags, rounds));
  await checkTargets(targets);
  for (const { saveTo } of runs) if (saveTo !== undefined) await checkTarget(saveTo);
  const ends: SuiteEnd[] = [];
  for (const run of runs) {
    ends.push(await runSuite(run, (cells) => execute(cells, running, { check: true }, false)));
  }
  const whole = joined(ends);
  const result = reportOf(suites, ends, whole);
  const text = toBenchText(ends.map((one) => one.result));
  // What was asked for on stdout stands there alone.
  if (targets.some(({ file }) => file === undefined)) process.stderr.write(text);
  else await print(text);
  await report(result, targets);
  for (const [i, { saveTo }] of runs.entries()) {
    if (saveTo !== undefined) await save(saveTo, ends[i]);
  }
  const code = exitCodeOf(whole, result);
  const held = ends.every((one) => isHeld(one.result));
  return code === EXIT_DONE && !held ? EXIT_FAILED : code;
}

const listOf = (value: string | undefined): readonly string[] | undefined =>
  value === undefined ? undefined : [value];

/** Names of suites, files, or nothing: all that are in bench/. */
async function suitesNamed(named: readonly string[]): Promise<Suite[]> {
  const files = named.length === 0 ? await allSuites() : named.map(fileOf);
  const suites: Suite[] = [];
  for (const file of files) suites.push(parseSuite(await readConfigText(file), file));
  return suites;
}

function fileOf(name: string): string {
  const inFolder = join(FOLDER, `${name}.yaml`);
  return !/[./\\]/.test(name) && existsSync(inFolder) ? inFolder : name;
}

async function allSuites(): Promise<string[]> {
  const names = await readdir(FOLDER).catch((): string[] => []);
  const files = names.filter((name) => /\.ya?ml$/.test(name)).sort();
  if (files.length > 0) return files.map((name) => join(FOLDER, name));
  throw new MmulateError("USAGE", `no suite is named, and ${FOLDER}/ holds none (*.yaml)`);
}

function runOf(
  suite: Suite,
  suites: number,
  { baseline, saveBaseline, host }: BenchFlags,
  rounds = suite.rounds,
): SuiteRun {
  if (suites > 1 && (baseline !== undefined || typeof saveBaseline === "string")) {
    throw new MmulateError("USAGE", `${suites} suites and one file for a baseline: name one suite`);
  }
  const usual = join(dirname(suite.file), "baselines", `${suiteName(suite)}.json`);
  // Whoever makes a new baseline need not be told that the old one is of something else.
  const found = saveBaseline === undefined && existsSync(usual) ? usual : undefined;
  const saveTo = saveBaseline === true ? usual : saveBaseline;
  return { suite, baseline: baseline ?? found, saveTo, host: host === true ? rounds : 0 };
}

async function checkTarget(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await checkWritable(path);
}

async function save(path: string, end: SuiteEnd | undefined): Promise<void> {
  if (end === undefined || end.made === undefined) {
    say(`${path} is not written: not every cell finished`);
    return;
  }
  await printTo(path, toJson(end.made));
  say(`${path}: ${end.made.cells.length} cells`);
}

function joined(ends: readonly SuiteEnd[]): SuiteEnd["end"] {
  return ends.reduce(
    (all, { end }) => ({
      outcomes: [...all.outcomes, ...end.outcomes],
      failures: [...all.failures, ...end.failures],
      unfinished: all.unfinished + end.unfinished,
    }),
    NO_END,
  );
}

function reportOf(
  suites: readonly Suite[],
  ends: readonly SuiteEnd[],
  { failures }: SuiteEnd["end"],
): Report {
  return {
    schema: REPORT_SCHEMA,
    version: packageVersion(),
    config: { command: "bench", suites: suites.map(({ file }) => file) },
    cells: ends.flatMap(({ cells }) => cells),
    ...(failures.length === 0 ? {} : { failures }),
    bench: ends.map(({ result }) => result),
  };
}
