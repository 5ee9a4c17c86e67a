// The command line: parses, runs one command, turns errors into one line and an exit code.

import process from "node:process";
import { Command, CommanderError } from "commander";
import { EXIT_DONE, EXIT_INTERNAL, EXIT_USAGE, MmulateError } from "../errors.js";
import { packageVersion } from "../runner/version.js";
import { addArch } from "./arch.js";
import { addBench } from "./bench.js";
import { addCompare } from "./compare.js";
import { addCompletion } from "./completion.js";
import { addConfig } from "./config.js";
import { addCounters } from "./counters.js";
import { addDemo } from "./demo.js";
import { groupHelp } from "./help-groups.js";
import { addInit } from "./init.js";
import { addMerge } from "./merge.js";
import { namesCommands, oneLine } from "./one-line.js";
import { say } from "./output.js";
import { addRun } from "./run.js";
import { addStudy } from "./study.js";
import { addTrace } from "./trace.js";
import { addVerify } from "./verify.js";

/** Runs the command of `argv` (without node and script). Returns the exit code; never throws. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  let code = EXIT_DONE;
  const finish = (result: number): void => {
    code = result;
  };
  const program = oneLine(
    new Command("mmulate")
      .description("Cycle-approximate, multi-architecture MMU emulator")
      .version(packageVersion()),
  );
  addRun(program, finish);
  addCompare(program, finish);
  addDemo(program, finish);
  addStudy(program, finish);
  addVerify(program, finish);
  addTrace(program, finish);
  addBench(program, finish);
  addArch(program, finish);
  addMerge(program, finish);
  addInit(program, finish);
  addConfig(program, finish);
  addCounters(program, finish);
  addCompletion(program, finish);
  groupHelp(program);
  namesCommands(program);
  try {
    await program.parseAsync(argv, { from: "user" });
    return code;
  } catch (error) {
    return exitCodeOf(error);
  }
}

function exitCodeOf(error: unknown): number {
  // Commander has already written its own message; help and version end here too, with code 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_DONE : EXIT_USAGE;
  if (error instanceof MmulateError) {
    say(error.message);
    return error.exitCode;
  }
  process.stderr.write(`mmulate: ${error instanceof Error ? error.stack : String(error)}\n`);
  return EXIT_INTERNAL;
}
