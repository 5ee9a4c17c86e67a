// mmulate init

import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { CONFIG_NAMES } from "../config/files.js";
import { configTemplate } from "../config/template.js";
import { EXIT_DONE, MmulateError, unwritable } from "../errors.js";
import { print } from "./output.js";

const [NAME = "mmulate.config.yaml"] = CONFIG_NAMES;

/** Adds the command. `finish` receives the exit code. */
export function addInit(program: Command, finish: (code: number) => void): void {
  program
    .command("init")
    .summary(`write a commented ${NAME}, where there is none`)
    .description(
      `Writes ${NAME} into this folder: defaults of run, each with what it means. A file that is there stays.`,
    )
    .action(async () => {
      await writeFile(NAME, configTemplate(), { flag: "wx" }).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw unwritable(NAME, error);
        throw new MmulateError("USAGE", `${NAME} is there already; it stays as it is`, {
          cause: error,
        });
      });
      await print(`${NAME} is written: mmulate run uses it in this folder and below\n`);
      finish(EXIT_DONE);
    });
}
