// Errors of a command line that does not parse: one line, and an exception instead of an exit.

import type { Command } from "commander";

/**
 * Has a program and its commands tell errors so.
 * @param where begins the line, for a command line within another
 */
export function oneLine(program: Command, where = ""): Command {
  return program
    .configureOutput({
      outputError: (text, write) =>
        write(
          `mmulate: ${where}${text
            .replace(/^error: /, "")
            .trim()
            .replaceAll("\n", " ")} (see --help)\n`,
        ),
    })
    .exitOverride();
}

/**
 * A command that is only a name for others, called without one or with one that is not there, says so in one
 * line, where commander would print its help. The program alone shows its help.
 */
export function namesCommands(program: Command): void {
  for (const command of [program, ...program.commands]) {
    if (command.commands.length === 0) continue;
    const help = command.help.bind(command);
    const names = command.commands.map((each) => each.name()).join(", ");
    command.help = (context): never => {
      const alone = command === program && program.args.length === 0;
      const failed = typeof context === "object" && "error" in context && context.error;
      if (failed !== true || alone) return help(context as { error: boolean });
      return command.error(`expected a command: one of ${names}`);
    };
  }
}
