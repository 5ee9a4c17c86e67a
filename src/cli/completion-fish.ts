// Completion for fish: one `complete` for each word.

import {
  allCommands,
  type CompletedCommand,
  type CompletedOption,
  quoted,
} from "./completion-model.js";

/** Whether a command line has come to a command, and to none below it. */
function condition({ path, commands }: CompletedCommand): string {
  const seen = path.map((name) => `__fish_seen_subcommand_from ${name}`);
  const below = commands.map((each) => each.path.at(-1) ?? "").join(" ");
  const none = below === "" ? [] : [`not __fish_seen_subcommand_from ${below}`];
  return quoted([...seen, ...none].join("; and "));
}

function optionLine(
  where: string,
  { flags, means, value, choices, files }: CompletedOption,
): string {
  const names = flags.map((flag) =>
    flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
  );
  const words = choices.length === 0 ? "" : ` -a ${quoted(choices.join(" "))}`;
  // -r: a value follows, files among them; -x: a value that is no file.
  const argument = value === undefined ? "" : files === "no" ? ` -x${words}` : ` -r${words}`;
  return `complete -c mmulate -n ${where} ${names.join(" ")} -d ${quoted(means)}${argument}`;
}

function lines(command: CompletedCommand): string[] {
  const where = condition(command);
  const inner = command.commands.map(
    (each) => `complete -c mmulate -n ${where} -f -a ${each.path.at(-1)} -d ${quoted(each.means)}`,
  );
  const words = command.words.length === 0 ? "" : ` -a ${quoted(command.words.join(" "))}`;
  const files = command.files ? "-F" : "-f";
  const own = inner.length > 0 ? [] : [`complete -c mmulate -n ${where} ${files}${words}`];
  return [...inner, ...own, ...command.options.map((option) => optionLine(where, option))];
}

/** The script. */
export function toFish(program: CompletedCommand): string {
  return [
    "# fish completion of mmulate: mmulate completion fish | source",
    "complete -c mmulate -e",
    "complete -c mmulate -s h -l help -d 'display help'",
    ...allCommands(program).flatMap(lines),
    "",
  ].join("\n");
}
