// mmulate completion bash|zsh|fish

import { Argument, type Command } from "commander";
import { EXIT_DONE } from "../errors.js";
import { toBash } from "./completion-bash.js";
import { toFish } from "./completion-fish.js";
import { type CompletedCommand, completedOf } from "./completion-model.js";
import { toZsh } from "./completion-zsh.js";
import { print } from "./output.js";

const SHELLS: ReadonlyMap<string, (program: CompletedCommand) => string> = new Map([
  ["bash", toBash],
  ["zsh", toZsh],
  ["fish", toFish],
]);

const NOTES = `
To have it in every shell:
  bash   echo 'source <(mmulate completion bash)' >> ~/.bashrc
  zsh    echo 'source <(mmulate completion zsh)' >> ~/.zshrc    (behind compinit)
  fish   mmulate completion fish > ~/.config/fish/completions/mmulate.fish`;

/** Adds the command; it completes what the program has when it is called. `finish` receives the exit code. */
export function addCompletion(program: Command, finish: (code: number) => void): void {
  program
    .command("completion")
    .summary("print a script that completes command lines in your shell")
    .description("Prints a script with which a shell completes commands, options and values.")
    .addArgument(new Argument("<shell>", "which shell").choices([...SHELLS.keys()]))
    .addHelpText("after", NOTES)
    .action(async (shell: string) => {
      const script = SHELLS.get(shell) ?? toBash;
      await print(script(completedOf(program)));
      finish(EXIT_DONE);
    });
}
