// mmulate compare A B [INPUT...]

import { stat } from "node:fs/promises";
import { Command, Option } from "commander";
import { readConfigText } from "../config/files.js";
import { EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED, MmulateError } from "../errors.js";
import { toComparisonMarkdown, toComparisonText } from "../report/comparison-text.js";
import { toJson } from "../report/json.js";
import { parseReport } from "../runner/report-schema.js";
import { compareReports } from "../stats/compare.js";
import type { Comparison } from "../stats/comparison.js";
import type { Named } from "../stats/pair-cells.js";
import type { Report } from "../stats/report.js";
import { oneLine } from "./one-line.js";
import { print } from "./output.js";
import { addRun } from "./run.js";
import { splitWords } from "./words.js";

const FORMS: ReadonlyMap<string, (comparison: Comparison) => string> = new Map([
  ["table", toComparisonText],
  ["json", toJson],
  ["markdown", toComparisonMarkdown],
]);

const FAIL_ON = ["worse", "any"] as const;

interface Flags {
  readonly anyInput?: true;
  readonly failOn?: (typeof FAIL_ON)[number];
  readonly json?: true;
  readonly reporter?: string;
}

const NOTES = `
A and B are results (files of mmulate run --json), command lines of run in quotes, or files of defaults
(mmulate.config.yaml) with what to run behind them:
  mmulate compare before.json after.json
  mmulate compare "run sort.lackey.gz --cpu skylake-sp" "run sort.lackey.gz --cpu golden-cove"
  mmulate compare a.yaml b.yaml sort.lackey.gz
Simulated figures are exact, so there is no tolerance. Figures of the host are not compared.`;

/** Adds the command. `finish` receives the exit code. */
export function addCompare(program: Command, finish: (code: number) => void): void {
  program
    .command("compare")
    .summary("compare two results or two configurations, metric by metric")
    .description(
      "Compares two results or two configurations cell by cell: ratio and verdict of each metric, and which counters moved. What cannot be compared is refused with the difference.",
    )
    .argument("<a>", "a result, a command line of run in quotes, or a file of defaults")
    .argument("<b>", "the same; ratios are B / A")
    .argument("[input...]", "what to run, where A or B are configurations that do not say it")
    .option("--any-input", "compare even where A and B ran different inputs")
    .addOption(
      new Option(
        "--fail-on <what>",
        "exit with 1 when a metric is worse, or anything moved",
      ).choices(FAIL_ON),
    )
    .option("--json", "print the comparison as JSON (short for --reporter json)")
    .addOption(
      new Option("--reporter <name>", "form of the comparison (default: table)").choices([
        ...FORMS.keys(),
      ]),
    )
    .addHelpText("after", NOTES)
    .action(async (a: string, b: string, inputs: string[], flags: Flags) => {
      finish(await compare(a, b, inputs, flags));
    });
}

async function compare(
  a: string,
  b: string,
  inputs: readonly string[],
  { anyInput, failOn, json, reporter }: Flags,
): Promise<number> {
  if (json === true && reporter !== undefined && reporter !== "json") {
    throw new MmulateError("USAGE", `--json and --reporter ${reporter}: one of them is allowed`);
  }
  const sides = [await lineOf(a, inputs), await lineOf(b, inputs)] as const;
  const reports: Named[] = [];
  for (const side of sides) {
    const report = "report" in side ? side.report : await runLine(side);
    if (report === null) return EXIT_INTERRUPTED;
    reports.push({ name: side.name, report });
  }
  const [one, other] = reports;
  if (one === undefined || other === undefined) return EXIT_INTERRUPTED;
  const comparison = compareReports(one, other, { anyInput: anyInput === true });
  const draw = FORMS.get(json === true ? "json" : (reporter ?? "table")) ?? toComparisonText;
  await print(draw(comparison));
  const { worse, better, moved, counters } = comparison.summary;
  const failing = failOn === "worse" ? worse : better + worse + moved + counters;
  return failOn !== undefined && failing > 0 ? EXIT_FAILED : EXIT_DONE;
}

interface Line {
  readonly name: string;
  readonly words: readonly string[];
}

/**
 * What A or B means: a report, or what to run.
 * @throws MmulateError USAGE or INPUT where it is neither
 */
async function lineOf(text: string, inputs: readonly string[]): Promise<Line | Named> {
  const there = await stat(text).catch(() => null);
  if (there !== null) return fileOf(text, inputs);
  const words = splitWords(text);
  if (words.length < 2) {
    throw new MmulateError(
      "INPUT",
      `${text}: no such file, and no command line of run, such as "run T --cpu zen4"`,
    );
  }
  const from = words[0] === "mmulate" ? 1 : 0;
  return {
    name: text,
    words: [...words.slice(words[from] === "run" ? from + 1 : from), ...inputs],
  };
}

async function fileOf(path: string, inputs: readonly string[]): Promise<Line | Named> {
  const text = await readConfigText(path);
  if (isConfig(path, text)) {
    if (inputs.length > 0) return { name: path, words: [...inputs, "--config", path] };
    throw new MmulateError("USAGE", `${path} is a configuration: name what to run behind A and B`);
  }
  const report = parseReport(text, path);
  if (inputs.length === 0) return { name: path, report };
  throw new MmulateError(
    "USAGE",
    `${path} is a result, so there is nothing to run ${inputs[0]} with`,
  );
}

/** YAML by its name; JSON when it has no schema of results. */
function isConfig(path: string, text: string): boolean {
  if (/\.ya?ml$/.test(path)) return true;
  try {
    const value: unknown = JSON.parse(text);
    return (
      typeof value === "object" && value !== null && !("schema" in value) && !Array.isArray(value)
    );
  } catch {
    return false;
  }
}

/**
 * Runs a command line of `run`. Returns its report; null = interrupted.
 * @throws MmulateError or CommanderError as `run`
 */
async function runLine({ name, words }: Line): Promise<Report | null> {
  const own = words.find((word) => /^--(json|reporter|show-config)(=|$)/.test(word));
  if (own !== undefined) {
    throw new MmulateError("USAGE", `${name}: compare prints by itself: leave ${own} out`);
  }
  let [report, code]: [Report | null, number] = [null, EXIT_DONE];
  const program = oneLine(new Command("mmulate"), `${name}: `);
  addRun(
    program,
    (result) => {
      code = result;
    },
    async (result) => {
      report = result;
    },
  );
  await program.parseAsync(["run", ...words], { from: "user" });
  return code === EXIT_INTERRUPTED ? null : report;
}
