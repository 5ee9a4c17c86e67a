// mmulate study NAME

import { Argument, type Command } from "commander";
import { EXIT_DONE, EXIT_FAILED, MmulateError } from "../errors.js";
import { planStudy } from "../runner/plan-study.js";
import { reportOf } from "../runner/report-of.js";
import type { Report } from "../stats/report.js";
import { type Said, STUDY_OPTIONS } from "../study/choose.js";
import { STUDIES } from "../study/index.js";
import { execute, exitCodeOf, runningOf } from "./execute.js";
import { print } from "./output.js";
import { checkTargets, REPORTER_NAMES, type ReportFlags, report, targetsOf } from "./reporters.js";
import { addSweepOptions, numberOf, readSelection, type SweepFlags } from "./sweep-options.js";

interface StudyFlags extends ReportFlags, Omit<SweepFlags, "config"> {
  readonly seed?: string;
  readonly workers?: string;
  readonly memory?: string;
  readonly timeout?: string;
  readonly host?: true;
  readonly output?: string;
}

const MAX_SEED = 2 ** 32 - 1;
const MEANINGS: ReadonlyMap<string, string> = new Map([
  ["arch", "whose page tables and rules are followed"],
  ["kernel", "whose memory management, 6.12 say"],
  ["cpu", "whose TLBs, walk caches and latencies"],
  ["linuxLayout", "what Linux keeps in entries: layouts, or files"],
  ["costs", "what kernel work costs: a profile, or a file"],
  ["cpus", "CPUs of the machine"],
  ["tracker", "how written pages are found"],
  ["pae", "where it stands that a page is exclusive"],
  ["mmuPolicy", "what a secondary MMU does when it is notified"],
  ["format", "format of a trace, where it cannot be recognised"],
]);

const list = (value: string, before: string[] | undefined): string[] => [
  ...(before ?? []),
  ...value.split(",").filter((item) => item !== ""),
];
const collect = (value: string, before: string[] | undefined): string[] => [
  ...(before ?? []),
  value,
];

/** Completed to what there is; a wrong one is told with the nearest. */
function nameArgument(): Argument {
  const argument = new Argument("[name]", "which; none: tell what there is");
  argument.argChoices = [...STUDIES.keys()];
  return argument;
}

/** "dirty-tracking: ...", and its parameters with their values. */
function helpText(): string {
  const parts = [...STUDIES].map(([name, { summary, parameters }]) => {
    const lines = Object.entries(parameters).map(
      ([key, { means, values }]) =>
        `    ${STUDY_OPTIONS.get(key) ?? `study.${key}`}: ${means} (${values.join(",")})`,
    );
    return [`  ${name}: ${summary}`, ...lines].join("\n");
  });
  return `\nStudies, their parameters and values:\n${parts.join("\n")}\n`;
}

/** Adds the command. `finish` receives the exit code. */
export function addStudy(program: Command, finish: (code: number) => void): void {
  const command = addSweepOptions(program.command("study"), false)
    .summary("answer one question whole, with figures, verdicts and claims")
    .description(
      "Runs all points of a study and says what they show. Exit code 1 where a check or a claim does not hold.",
    )
    .addArgument(nameArgument());
  for (const [key, option] of STUDY_OPTIONS) {
    command.option(`${option} <a,b>`, MEANINGS.get(key) ?? key, list);
  }
  command
    .option("--seed <n>", "another seed, another random order (default: 1)")
    .option("--workers <n>", "worker threads (default: one per cell, up to the processors)")
    .option("--memory <size>", "most memory of a cell: 512m, 2g (default: 4g)")
    .option(
      "--timeout <seconds>",
      "without progress, after which a cell is given up (default: 600)",
    )
    .option("--json", "print the report as JSON (short for --reporter json)")
    .option("--reporter <name[=file]>", `${REPORTER_NAMES.join(", ")}; repeatable`, collect)
    .option("-o, --output <file>", "write the document (short for --reporter markdown=FILE)")
    .option("--host", "add how long it took here, and how much memory")
    .addHelpText("after", helpText)
    .action(async (name: string | undefined, flags: StudyFlags) => {
      finish(name === undefined ? await tell() : await study(name, flags));
    });
}

async function tell(): Promise<number> {
  const lines = [...STUDIES].map(([name, { summary }]) => `${name}: ${summary}\n`);
  await print(lines.join(""));
  return EXIT_DONE;
}

async function study(name: string, flags: StudyFlags): Promise<number> {
  const { output, reporter = [], json } = flags;
  const named = [...reporter, ...(output === undefined ? [] : [`markdown=${output}`])];
  const targets = targetsOf(json === true ? { reporter: named, json } : { reporter: named });
  const one = (value: string | undefined): readonly string[] | undefined =>
    value === undefined ? undefined : [value];
  const selection = await readSelection(
    { ...sweepOf(flags), config: false },
    {
      workers: ["--workers", one(flags.workers)],
      memory: ["--memory", one(flags.memory)],
      timeout: ["--timeout", one(flags.timeout)],
      seed: ["--seed", one(flags.seed)],
    },
  );
  const seed = numberOf(selection, "seed", 0, MAX_SEED) ?? 1;
  const running = runningOf(selection);
  const planned = await planStudy({ name, said: saidBy(flags), selection, seed });
  await checkTargets(targets);
  const end = await execute(planned.cells, running, {}, false);
  const parts = { config: { command: "study", study: name, seed }, host: flags.host === true };
  const plain = reportOf(end, parts);
  const result: Report = { ...plain, study: planned.head, ...planned.assemble(plain.cells) };
  await report(result, targets);
  const code = exitCodeOf(end, result);
  const held = (result.claims ?? []).every(({ holds }) => holds);
  return code === EXIT_DONE && !held ? EXIT_FAILED : code;
}

function sweepOf({ set, L, P }: StudyFlags): SweepFlags {
  return { ...(set && { set }), ...(L && { L }), ...(P && { P }) };
}

/** What options say of parameters. */
function saidBy(flags: StudyFlags): Said[] {
  const given = flags as Readonly<Record<string, readonly string[] | undefined>>;
  return [...STUDY_OPTIONS].flatMap(([name, from]) => {
    const values = given[name];
    if (values === undefined) return [];
    if (values.length === 0) throw new MmulateError("USAGE", `${from}: none was named`);
    return [{ name, values, from }];
  });
}
