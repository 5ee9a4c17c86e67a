// Help in groups: what an option is for stands above it. One table for all commands, so that the same option
// stands under the same words everywhere.

import type { Command, Option } from "commander";

/** Headings in the order they are shown, and the options below each. */
const OPTION_GROUPS: readonly (readonly [heading: string, flags: readonly string[]])[] = [
  [
    "What is compared:",
    [
      "--arch",
      "--cpu",
      "--kernel",
      "--linux-layout",
      "--costs",
      "--tracker",
      "--cpus",
      "--pae",
      "--mmu-policy",
      "--pages",
      "-L",
      "-P",
      "--any-input",
    ],
  ],
  ["The machine:", ["--data-cache", "--nested", "--second-stage", "--set"]],
  ["What is read and run:", ["--format", "--accesses", "--no-split", "--seed"]],
  ["What is watched and told:", ["--check", "--explain", "--show-config"]],
  ["Defaults:", ["--config", "--no-config"]],
  ["How it runs:", ["--workers", "--memory", "--timeout", "--shard", "--rounds"]],
  ["Baselines:", ["--baseline", "--save-baseline"]],
  ["Results:", ["--reporter", "--json", "--output", "--host", "--fail-on"]],
];

const COMMAND_GROUPS: readonly (readonly [heading: string, names: readonly string[]])[] = [
  ["Simulate and compare:", ["run", "compare", "demo", "study"]],
  ["Check against hardware and kernels:", ["verify", "walk", "arch"]],
  ["Guard against regressions, share work:", ["bench", "merge"]],
  ["Traces:", ["trace"]],
  ["Set up and look up:", ["init", "config", "counters", "completion"]],
];

/** As the table names it. */
function flagOf({ long, short }: Option): string {
  return long ?? short ?? "";
}

function rankIn(groups: readonly (readonly [string, readonly string[]])[], name: string): number {
  const at = groups.findIndex(([, names]) => names.includes(name));
  return at < 0 ? groups.length : at;
}

/** Sorts the options and commands of a program into their groups, and so for every command below it. */
export function groupHelp(program: Command): void {
  groupOptions(program);
  // Commander's own command falls into the group that stands here.
  program.commandsGroup(COMMAND_GROUPS.at(-1)?.[0] ?? "");
  program.helpCommand("help [command]", "tell what a command takes");
  for (const command of program.commands) {
    const [heading] = COMMAND_GROUPS[rankIn(COMMAND_GROUPS, command.name())] ?? [];
    if (heading !== undefined) command.helpGroup(heading);
    groupAll(command);
  }
}

function groupAll(command: Command): void {
  groupOptions(command);
  for (const inner of command.commands) groupAll(inner);
}

function groupOptions(command: Command): void {
  for (const option of command.options) {
    const [heading] = OPTION_GROUPS[rankIn(OPTION_GROUPS, flagOf(option))] ?? [];
    if (heading !== undefined) option.helpGroup(heading);
  }
  // Headings stand in the order of their first option.
  const order = OPTION_GROUPS.flatMap(([, flags]) => flags);
  const rank = (option: Option): number => order.indexOf(flagOf(option)) + 1 || order.length + 1;
  (command.options as Option[]).sort((a, b) => rank(a) - rank(b));
}
