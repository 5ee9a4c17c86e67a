// mmulate counters

import type { Command } from "commander";
import { EXIT_DONE } from "../errors.js";
import { toCountersText } from "../report/counters-text.js";
import { toJson } from "../report/json.js";
import { COUNTER_LIST } from "../stats/counters.js";
import { print } from "./output.js";

/** Adds the command. `finish` receives the exit code. */
export function addCounters(program: Command, finish: (code: number) => void): void {
  program
    .command("counters")
    .summary("list every counter: name, unit, meaning, perf event")
    .description(
      "Lists every counter: name, unit, meaning, and the perf event that counts the same.",
    )
    .option("--json", "print the list as JSON")
    .action(async ({ json }: { json?: true }) => {
      await print(json === true ? toJson(COUNTER_LIST) : toCountersText(COUNTER_LIST));
      finish(EXIT_DONE);
    });
}
