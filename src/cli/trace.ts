// mmulate trace convert IN OUT, mmulate trace info FILE

import type { Command } from "commander";
import { Option } from "commander";
import { EXIT_DONE } from "../errors.js";
import { hex } from "../layout/bits.js";
import { toJson } from "../report/json.js";
import { convertTrace } from "../trace/convert.js";
import { surveyTrace, type TraceSurvey } from "../trace/survey.js";
import { print } from "./output.js";
import { Progress } from "./progress.js";

interface ConvertFlags {
  readonly format: string;
  readonly accesses: "all" | "data";
  readonly split: boolean;
}

interface InfoFlags {
  readonly format: string;
  readonly json?: true;
}

const FORMAT = ["--format <name>", "format of the input: lackey, mmt, raw64", "auto"] as const;

const CONVERT_NOTES = `
OUT says by its name what is written: .mmt or .raw64, compressed if .gz follows. A file that is there is
replaced when all went well. A run of the .mmt counts what a run of IN counts, whatever its options;
what --accesses data or --no-split leave out here is gone. raw64 holds no instruction counts, and not
which accesses go on in another page.`;

/** Adds both commands. `finish` receives the exit code. */
export function addTrace(program: Command, finish: (code: number) => void): void {
  const trace = program
    .command("trace")
    .summary("convert memory traces, tell what they hold")
    .description("Converts memory traces, and tells what they hold.");
  addConvert(trace, finish);
  addInfo(trace, finish);
}

function addConvert(trace: Command, finish: (code: number) => void): void {
  trace
    .command("convert")
    .summary("convert a trace to a format that is read faster")
    .description("Converts a memory trace to .mmt, mmulate's own format, or to raw64.")
    .argument("<in>", "trace file, plain or gzip")
    .argument("<out>", "NAME.mmt, NAME.mmt.gz, NAME.raw64 or NAME.raw64.gz")
    .option(...FORMAT)
    .addOption(
      new Option("--accesses <kind>", "which accesses to keep")
        .choices(["all", "data"])
        .default("all"),
    )
    .option("--no-split", "keep an access that crosses a page as one, at its start")
    .addHelpText("after", CONVERT_NOTES)
    .action(async (input: string, output: string, flags: ConvertFlags) => {
      const progress = new Progress("records");
      const name = `${input} to ${output}`;
      const records = await convertTrace(input, output, flags, (count) =>
        progress.update(name, count, false),
      );
      progress.update(name, records, true);
      finish(EXIT_DONE);
    });
}

function addInfo(trace: Command, finish: (code: number) => void): void {
  trace
    .command("info")
    .summary("tell what a trace holds")
    .description("Reads a memory trace and tells its format, counts, addresses and pages.")
    .argument("<file>", "trace file, plain or gzip")
    .option(...FORMAT)
    .option("--json", "print it as JSON")
    .action(async (file: string, { format, json }: InfoFlags) => {
      const progress = new Progress("records");
      const survey = await surveyTrace(file, format, (count) =>
        progress.update(file, count, false),
      );
      progress.update(file, survey.records, true);
      await print(json === true ? toJson(plain(file, survey)) : toText(file, survey));
      finish(EXIT_DONE);
    });
}

/** For JSON: addresses as everywhere in hexadecimal. */
function plain(file: string, { lowest, highest, ...rest }: TraceSurvey): object {
  return { file, ...rest, lowest: hexOrNull(lowest), highest: hexOrNull(highest) };
}

function toText(file: string, survey: TraceSurvey): string {
  const { header, lowest, highest } = survey;
  const range = lowest === null || highest === null ? "none" : `${hex(lowest)} to ${hex(highest)}`;
  const rows: [string, string][] = [
    ["format", survey.format],
    ...(header === null ? [] : headerRows(header)),
    ["records", grouped(survey.records)],
    ["  reads", grouped(survey.reads)],
    ["  writes", grouped(survey.writes)],
    ["  fetches", grouped(survey.fetches)],
    ["  other controls", grouped(survey.controls)],
    ["  further pages of an access", grouped(survey.continuations)],
    ["instructions", grouped(survey.instructions)],
    ["addresses", range],
    ["pages of 4 KiB", grouped(survey.pages)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
  return `${[file, ...lines].join("\n")}\n`;
}

function headerRows(header: NonNullable<TraceSurvey["header"]>): [string, string][] {
  const { source, pageShift, accesses } = header;
  const split = pageShift === 0 ? "no, or not known" : `at pages of ${2 ** (pageShift - 10)} KiB`;
  return [
    ["  made from", source],
    ["  accesses", accesses === "all" ? "all" : "data only"],
    ["  split", split],
  ];
}

function hexOrNull(address: bigint | null): string | null {
  return address === null ? null : hex(address);
}

function grouped(value: number | bigint): string {
  return value.toLocaleString("en-US");
}
