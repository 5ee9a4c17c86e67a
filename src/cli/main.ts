#!/usr/bin/env node
// The process around the command line (program.ts).

import process from "node:process";
import { leave } from "./execute.js";
import { runProgram } from "./program.js";

// `print` deals with errors of stdout; without a listener they would end the process before that.
process.stdout.on("error", () => undefined);
process.exitCode = await runProgram(process.argv.slice(2));
leave();
