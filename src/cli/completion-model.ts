// What completes a command line, taken from the program itself: commands, options, and values where they are known.

import type { Argument, Command, Option } from "commander";
import { CPUS } from "../../arch/cpus/index.js";
import { ARCHITECTURES } from "../../arch/index.js";
import { KERNEL_VERSIONS } from "../../arch/linux/kernels.js";
import { TRACE_FORMATS } from "../trace/index.js";
import { WORKLOADS } from "../workload/index.js";
import { REPORTER_NAMES } from "./reporters.js";

export interface CompletedOption {
  /** "--arch", "-L". */
  readonly flags: readonly string[];
  readonly means: string;
  /** What its value is called; undefined = it takes none. */
  readonly value: string | undefined;
  readonly choices: readonly string[];
  /** Several values in one, with commas. */
  readonly isList: boolean;
  /** The value names a file, or (`behind`) does so behind NAME=. */
  readonly files: "no" | "yes" | "behind";
}

export interface CompletedCommand {
  /** Words that name it: none for the program, ["trace", "info"]. */
  readonly path: readonly string[];
  readonly means: string;
  readonly options: readonly CompletedOption[];
  readonly commands: readonly CompletedCommand[];
  /** Words that its arguments may be, beside files. */
  readonly words: readonly string[];
  readonly files: boolean;
}

/** Values of options whose choices are not in the program, since they are checked with their parameters. */
const VALUES: ReadonlyMap<string, readonly string[]> = new Map([
  ["--arch", [...ARCHITECTURES.keys()]],
  ["--cpu", [...CPUS.keys()]],
  ["--kernel", KERNEL_VERSIONS],
  ["--pages", ["base", "thp", "contiguous"]],
  ["--format", ["auto", ...Object.keys(TRACE_FORMATS)]],
  ["--reporter", REPORTER_NAMES],
]);

function optionOf({
  long,
  short,
  description,
  required,
  optional,
  argChoices,
  flags,
}: Option): CompletedOption {
  const name = long ?? short ?? "";
  const [, value = ""] = /[<[](.*?)[>\]]/.exec(flags) ?? [];
  const files = value === "file" ? "yes" : value === "name[=file" ? "behind" : "no";
  return {
    flags: [long, short].filter((flag) => flag !== undefined),
    means: description,
    value: required || optional ? value.replace(/\W.*/, "") : undefined,
    choices: argChoices ?? VALUES.get(name) ?? [],
    isList: /^\w+,\w+$/.test(value),
    files,
  };
}

/** The arguments of commands that name no files. */
function wordsOf(args: readonly Argument[]): readonly string[] {
  return args.flatMap(({ argChoices = [] }) => argChoices);
}

/** A program or command, and all below it. */
export function completedOf(command: Command, path: readonly string[] = []): CompletedCommand {
  const args = command.registeredArguments;
  const words = wordsOf(args);
  const inputs = args.some((arg) => arg.name() === "input");
  return {
    path,
    means: command.summary(),
    options: command.options.map(optionOf),
    commands: command.commands.map((inner) => completedOf(inner, [...path, inner.name()])),
    words: inputs ? [...words, ...WORKLOADS.keys()] : words,
    files: args.length > 0 && words.length === 0,
  };
}

/** A command and all below it. */
export function allCommands(command: CompletedCommand): CompletedCommand[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

/** A word for a shell: within single quotes, which all three know. Backslashes, where fish differs, are left out. */
export function quoted(text: string): string {
  return `'${text.replaceAll("\\", "/").replaceAll("'", `'"'"'`)}'`;
}
