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
