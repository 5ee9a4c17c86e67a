// mmulate run TRACE... | SCRIPT...

import type { Command } from "commander";
import { Option } from "commander";
import { COSTS } from "../../arch/costs/index.js";
import { DEFAULT_ARCHITECTURES } from "../../arch/index.js";
import { KERNEL_VERSIONS } from "../../arch/linux/kernels.js";
import type { Selection } from "../config/selection.js";
import { EXIT_DONE } from "../errors.js";
import { MMU_POLICIES } from "../kvm/policies/index.js";
import { PAE_SCHEMES } from "../pae/index.js";
import { DEFAULT_CPU } from "../runner/plan.js";
import { DEFAULT_KERNEL } from "../runner/plan-machine.js";
import { planSelection } from "../runner/plan-selection.js";
import { reportOf } from "../runner/report-of.js";
import { cellsOfShard, parseShard } from "../runner/shard.js";
import type { Report } from "../stats/report.js";
import { TRACKERS } from "../tracker/index.js";
import { ALL_WORKLOADS } from "../workload/index.js";
import { execute, exitCodeOf, runningOf } from "./execute.js";
import { checkTargets, REPORTER_NAMES, report, targetsOf } from "./reporters.js";
import { showConfig } from "./show-config.js";
import {
  addSweepOptions,
  flagOf,
  type LineValues,
  readSelection,
  type SweepFlags,
} from "./sweep-options.js";

interface RunFlags extends SweepFlags {
  readonly arch: string[];
  readonly cpu: string[];
  readonly pages: string[];
  readonly format: string;
  readonly accesses: string;
  readonly split: boolean;
  readonly dataCache?: true;
  readonly nested?: string;
  readonly secondStage?: string[];
  readonly seed?: string;
  readonly workers?: string;
  readonly memory?: string;
  readonly timeout?: string;
  readonly shard?: string;
  readonly showConfig?: true;
  readonly kernel: string[];
  readonly linuxLayout: string[];
  readonly costs: string[];
  readonly tracker: string[];
  readonly cpus: string[];
  readonly mmuPolicy: string[];
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
  const defaults = [...ALL_WORKLOADS].map(([name, { parameters }]) =>
    [name, ...Object.entries(parameters).map(([key, row]) => `${key}=${row.default}`)].join(":"),
  );
  return defaults.join(", ");
}

const EXAMPLES = `
Architectures take parameters: --arch arm64:granule=16,x86-64:levels=5
Pages: base, thp, contiguous, or a size that the architecture maps (4k, 2m, 1g, on arm64 64k...);
repeat --pages to compare.
Workloads: ${workloadHelp()}.
Values may end in k, m or g. A file of such a name is meant by ./NAME.
Kernels: ${KERNEL_VERSIONS.join(", ")}; 6.12:softDirty=false is one without CONFIG_MEM_SOFT_DIRTY.`;

function addPolicies(command: Command): Command {
  return command
    .option("--nested <size>", "approximate a guest whose host maps pages of this size: 4k, 2m")
    .option(
      "--second-stage <s,t>",
      "walk a guest's second stage, by pages of this size: 4k, 2m:levels=5; none",
      list,
    )
    .option(
      "--mmu-policy <a,b>",
      `scripts: what guests' shadow entries do: ${[...MMU_POLICIES.keys()].join(", ")}`,
      list,
    )
    .option(
      "--pae <a,b>",
      `scripts, workloads of the kernel: how a page is known to be exclusive: ${[...PAE_SCHEMES.keys()].join(", ")}`,
      list,
    );
}

/** What is simulated, on what, and how it is read. */
function addSelectors(command: Command): Command {
  return addPolicies(command)
    .option(
      "--arch <a,b>",
      `whose page tables and rules are followed (default: ${DEFAULT_ARCHITECTURES.join(",")})`,
      list,
    )
    .option("--cpu <c,d>", `whose TLBs, walk caches and latencies (default: ${DEFAULT_CPU})`, list)
    .option(
      "--kernel <v,w>",
      `scripts: whose memory management, 6.12 say (default: ${DEFAULT_KERNEL})`,
      list,
    )
    .option("--linux-layout <a,b>", "scripts: what Linux keeps in entries: layouts, or files", list)
    .option(
      "--costs <a,b>",
      `what kernel work costs: ${[...COSTS.keys()].join(", ")}, or files`,
      list,
    )
    .option(
      "--tracker <a,b>",
      `how written pages are found: ${[...TRACKERS.keys()].join(", ")}`,
      list,
    )
    .option("--cpus <n,m>", "workloads of the kernel: CPUs of the machine (default: 1)", list)
    .option("--check", "scripts: a plain memory model and an audit of the kernel's state watch")
    .option("--explain", "scripts: tell what each operation did to entries, and by which rule")
    .option("--pages <policy>", "how memory is mapped at first touch (default: base)", collect)
    .option("--format <name>", "lackey, mmt, raw64: where a trace does not show it (default: auto)")
    .addOption(
      new Option("--accesses <kind>", "data leaves instruction fetches out (default: all)").choices(
        ["all", "data"],
      ),
    )
    .option("--no-split", "count an access that crosses a page once, at its start")
    .option("--data-cache", "reads and writes go through data caches, too, and slow walks down")
    .option("--seed <n>", "of workloads: another seed, another random order (default: 1)");
}

/** Adds the command. `finish` receives the exit code, `deliver` the report. */
export function addRun(
  program: Command,
  finish: (code: number) => void,
  deliver: typeof report = report,
): void {
  addSelectors(addSweepOptions(program.command("run")))
    .summary("simulate memory traces, workloads and scripts on architectures side by side")
    .description(
      "Simulates memory traces and workloads, or plays scripts of memory-management calls on a simulated Linux; several values of any option make a side-by-side table.",
    )
    .argument(
      "<input...>",
      "trace files (valgrind lackey text, .mmt or raw64) or scripts (.scn), plain or gzip; or workloads",
    )
    .option("--workers <n>", "worker threads (default: one per cell, up to the processors)")
    .option("--memory <size>", "most memory of a cell: 512m, 2g (default: 4g)")
    .option(
      "--timeout <seconds>",
      "without progress, after which a cell is given up (default: 600)",
    )
    .option("--shard <i/n>", "run the i-th of n parts; mmulate merge joins their JSON reports")
    .option("--show-config", "tell what would be run, and where each value was said; run nothing")
    .option("--json", "print the report as JSON (short for --reporter json)")
    .option("--reporter <name[=file]>", `${REPORTER_NAMES.join(", ")}; repeatable`, collect)
    .option("--host", "add how long it took here, and how much memory")
    .addHelpText("after", EXAMPLES)
    .action(async (inputs: string[], flags: Partial<RunFlags>) => {
      finish(await run(inputs, flags, deliver));
    });
}

async function run(
  inputs: readonly string[],
  flags: Partial<RunFlags>,
  deliver: typeof report,
): Promise<number> {
  const selection = await readSelection(withPolicies(flags), lineValues(flags));
  const { value: reporter = [] } = selection.values.get("reporter") ?? {};
  const targets = targetsOf(flags.json === true ? { reporter, json: true } : { reporter });
  if (flags.showConfig === true) {
    await showConfig(selection, flags.json === true);
    return EXIT_DONE;
  }
  const running = runningOf(selection);
  const { cells, scripts } = await planSelection(inputs, selection);
  const shard = flags.shard === undefined ? undefined : parseShard(flags.shard, cells.length);
  await checkTargets(targets);
  const play = { check: flagOf(selection, "check"), explain: flagOf(selection, "explain") };
  const mine = shard === undefined ? cells : cellsOfShard(cells, shard);
  const end = await execute(mine, running, play);
  const result = reportOf(end, {
    config: configOf(inputs, selection, scripts),
    host: flagOf(selection, "host"),
    shard,
  });
  await deliver(result, targets);
  return exitCodeOf(end, result);
}

/** A policy is a setting of the kernel. */
function withPolicies(flags: Partial<RunFlags>): SweepFlags {
  const { L = [], mmuPolicy } = flags;
  return mmuPolicy === undefined ? flags : { ...flags, L: [...L, `kernel.mmuPolicy=${mmuPolicy}`] };
}

/** What options say, by the names that a file of defaults has for it. */
function lineValues(flags: Partial<RunFlags>): LineValues {
  const one = (value: string | undefined): readonly string[] | undefined =>
    value === undefined ? undefined : [value];
  const on = (value: true | undefined): readonly string[] | undefined => one(value && "true");
  return {
    arch: ["--arch", flags.arch],
    cpu: ["--cpu", flags.cpu],
    kernel: ["--kernel", flags.kernel],
    linuxLayout: ["--linux-layout", flags.linuxLayout],
    costs: ["--costs", flags.costs],
    tracker: ["--tracker", flags.tracker],
    cpus: ["--cpus", flags.cpus],
    pages: ["--pages", flags.pages],
    format: ["--format", one(flags.format)],
    accesses: ["--accesses", one(flags.accesses)],
    split: ["--no-split", one(flags.split === false ? "false" : undefined)],
    dataCache: ["--data-cache", on(flags.dataCache)],
    nested: ["--nested", one(flags.nested)],
    secondStage: ["--second-stage", flags.secondStage],
    seed: ["--seed", one(flags.seed)],
    check: ["--check", on(flags.check)],
    explain: ["--explain", on(flags.explain)],
    workers: ["--workers", one(flags.workers)],
    memory: ["--memory", one(flags.memory)],
    timeout: ["--timeout", one(flags.timeout)],
    host: ["--host", on(flags.host)],
    reporter: ["--reporter", flags.reporter],
  };
}

/** What the report says of the run as a whole. */
function configOf(
  inputs: readonly string[],
  { values, settings, axes }: Selection,
  scripts: boolean,
): Report["config"] {
  const one = (name: string): string | undefined => values.get(name)?.value[0];
  const [nested, seed] = [one("nested"), one("seed")];
  const secondStage = values.get("secondStage")?.value;
  const traces = {
    format: one("format") ?? "auto",
    accesses: one("accesses") ?? "all",
    split: one("split") !== "false",
    ...(nested === undefined ? {} : { nested }),
    ...(secondStage === undefined ? {} : { secondStage }),
    ...(seed === undefined ? {} : { seed: Number(seed) }),
  };
  const set = settings.map(({ path, value }): [string, string] => [path, value]);
  const sweep = axes.map(({ path, values: list }): [string, readonly string[]] => [path, list]);
  return {
    command: "run",
    inputs: [...inputs],
    ...(scripts ? {} : traces),
    ...(set.length === 0 ? {} : { set: Object.fromEntries(set) }),
    ...(sweep.length === 0 ? {} : { sweep: Object.fromEntries(sweep) }),
  };
}
