// mmulate run TRACE... | SCRIPT...

import type { Command } from "commander";
import { Option } from "commander";
import { DEFAULT_ARCHITECTURES } from "../../arch/index.js";
import { KERNEL_VERSIONS } from "../../arch/linux/kernels.js";
import { EXIT_DONE, EXIT_FAILED, MmulateError } from "../errors.js";
import { loadCoreModule } from "../runner/module-files.js";
import { DEFAULT_CPU, planRun } from "../runner/plan.js";
import { DEFAULT_KERNEL } from "../runner/plan-scripts.js";
import type { CellOutcome } from "../runner/run-cell.js";
import { runCells } from "../runner/run-cells.js";
import { packageVersion } from "../runner/version.js";
import { REPORT_SCHEMA, type Report } from "../stats/report.js";
import { WORKLOADS } from "../workload/index.js";
import { ownFiles } from "./own-files.js";
import { nameOfCell, Progress } from "./progress.js";
import { checkTargets, parseReporter, REPORTER_NAMES, report } from "./reporters.js";
import { areScripts, refuseForeign, runScripts } from "./run-scripts.js";

interface RunFlags {
  readonly arch: string[];
  readonly cpu: string[];
  readonly pages: string[];
  readonly format: string;
  readonly accesses: "all" | "data";
  readonly split: boolean;
  readonly dataCache?: true;
  readonly nested?: string;
  readonly seed?: number;
  readonly workers?: number;
  readonly kernel: string[];
  readonly linuxLayout?: string;
  readonly costs?: string;
  readonly check?: true;
  readonly explain?: true;
  readonly json?: true;
  readonly reporter: string[];
  readonly host?: true;
}

const list = (value: string, before: string[] | undefined): string[] => [
  ...(before ?? []),
  ...value.split(",").filter((item) => item !== ""),
];
const collect = (value: string, before: string[] | undefined): string[] => [
  ...(before ?? []),
  value,
];

/** "chase:pages=4096:stride=4096": every workload with its defaults. */
function workloadHelp(): string {
  const defaults = [...WORKLOADS].map(([name, { parameters }]) =>
    [name, ...Object.entries(parameters).map(([key, row]) => `${key}=${row.default}`)].join(":"),
  );
  return defaults.join(", ");
}

/** A whole number of at least 1. */
function count(value: string): number {
  if (!/^[1-9]\d{0,3}$/.test(value)) {
    throw new MmulateError("USAGE", `--workers ${value}: a number from 1 to 9999 is allowed`);
  }
  return Number(value);
}

/** Its range is the workload's to check. */
function seed(value: string): number {
  if (/^\d{1,10}$/.test(value)) return Number(value);
  throw new MmulateError("USAGE", `--seed ${value}: a whole number is allowed`);
}

const EXAMPLES = `
Architectures take parameters: --arch arm64:granule=16,x86-64:levels=5
Pages: base, thp, contiguous, or a size that the architecture maps (4k, 2m, 1g, on arm64 64k...);
repeat --pages to compare.
Workloads: ${workloadHelp()}.
Values may end in k, m or g. A file of such a name is meant by ./NAME.
Kernels: ${KERNEL_VERSIONS.join(", ")}; 6.12:softDirty=false is one without CONFIG_MEM_SOFT_DIRTY.`;

/** Adds the command. `finish` receives the exit code. */
export function addRun(program: Command, finish: (code: number) => void): void {
  program
    .command("run")
    .summary("simulate memory traces, workloads and scripts on architectures side by side")
    .description(
      "Simulates memory traces and workloads, or plays scripts of memory-management calls on a simulated Linux; several values of any option make a side-by-side table.",
    )
    .argument(
      "<input...>",
      "trace files (valgrind lackey text, .mmt or raw64) or scripts (.scn), plain or gzip; or workloads",
    )
    .option("--arch <a,b>", `architectures (default: ${DEFAULT_ARCHITECTURES.join(",")})`, list)
    .option("--cpu <c,d>", `CPU profiles (default: ${DEFAULT_CPU})`, list)
    .option("--kernel <v,w>", `scripts: kernels, such as 6.12 (default: ${DEFAULT_KERNEL})`, list)
    .option("--linux-layout <name>", "scripts: what Linux keeps in entries: a layout, or a file")
    .option("--costs <name>", "scripts: what kernel work costs: a profile, or a file")
    .option("--check", "scripts: a plain memory model and an audit of the kernel's state watch")
    .option("--explain", "scripts: tell what each operation did to entries, and by which rule")
    .option("--pages <policy>", "how memory is mapped at first touch (default: base)", collect)
    .option("--format <name>", "trace format: lackey, mmt, raw64", "auto")
    .addOption(
      new Option("--accesses <kind>", "which accesses count")
        .choices(["all", "data"])
        .default("all"),
    )
    .option("--no-split", "count an access that crosses a page once, at its start")
    .option("--data-cache", "reads and writes go through the CPU's data caches, too")
    .option("--nested <size>", "approximate a guest whose host maps pages of this size: 4k, 2m")
    .option("--seed <n>", "of workloads: another seed, another random order (default: 1)", seed)
    .option("--workers <n>", "worker threads (default: one per cell, up to the processors)", count)
    .option("--json", "print the report as JSON (short for --reporter json)")
    .option("--reporter <name[=file]>", `${REPORTER_NAMES.join(", ")}; repeatable`, collect)
    .option("--host", "add times and memory of this host to the report")
    .addHelpText("after", EXAMPLES)
    .action(async (inputs: string[], flags: Partial<RunFlags>) => {
      finish(await run(inputs, flags));
    });
}

async function run(inputs: readonly string[], flags: Partial<RunFlags>): Promise<number> {
  const targets = (flags.reporter ?? []).map(parseReporter);
  if (flags.json === true) targets.push(parseReporter("json"));
  if (targets.length === 0) targets.push(parseReporter("table"));

  const { format = "auto", accesses = "all", split = true } = flags;
  const scripts = await areScripts(inputs);
  refuseForeign(scripts, flags);
  const ready = (): Promise<void> => checkTargets(targets);
  const outcomes = await (scripts
    ? runScripts(inputs, flags, ready)
    : runTraces(inputs, flags, ready));
  const result: Report = {
    schema: REPORT_SCHEMA,
    version: packageVersion(),
    config: {
      command: "run",
      inputs: [...inputs],
      ...(scripts ? {} : { format, accesses, split }),
      ...(flags.nested === undefined ? {} : { nested: flags.nested }),
      ...(flags.seed === undefined ? {} : { seed: flags.seed }),
    },
    cells: outcomes.map((outcome) => outcome.result),
    ...(flags.host === true ? { host: { cells: outcomes.map(({ host }) => host) } } : {}),
  };
  await report(result, targets);
  const held = result.cells.every((cell) => cell.checks.every(({ ok }) => ok));
  return held ? EXIT_DONE : EXIT_FAILED;
}

async function runTraces(
  traces: readonly string[],
  flags: Partial<RunFlags>,
  ready: () => Promise<void>,
): Promise<CellOutcome[]> {
  const { format = "auto", accesses = "all", split = true } = flags;
  const archs = flags.arch ?? DEFAULT_ARCHITECTURES;
  const cpus = flags.cpu ?? [DEFAULT_CPU];
  const cells = planRun({
    inputs: traces.map((path) => ({ path, format, accesses, split })),
    archs,
    cpus,
    own: await ownFiles(archs, cpus),
    pages: flags.pages ?? [],
    dataCached: flags.dataCache === true,
    nested: flags.nested,
    seed: flags.seed,
  });
  await ready();
  const progress = new Progress("accesses");
  return runCells(await loadCoreModule(), cells, {
    workers: flags.workers,
    onProgress: (cell, done, last) => progress.update(nameOfCell(cell), done, last),
  });
}
