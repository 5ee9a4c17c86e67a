// Runs planned cells as the command line does: with progress, and with Ctrl-C that keeps what is finished.

import process from "node:process";
import type { Selection } from "../config/selection.js";
import {
  EXIT_DONE,
  EXIT_FAILED,
  EXIT_INTERNAL,
  EXIT_INTERRUPTED,
  MmulateError,
} from "../errors.js";
import { loadCoreModule } from "../runner/module-files.js";
import { type RunEnd, settleCells } from "../runner/run-cells.js";
import type { Runnable, ScriptOptions } from "../runner/task.js";
import type { Report } from "../stats/report.js";
import { say } from "./output.js";
import { Progress, toldFailure } from "./progress.js";
import { bytesOf, numberOf } from "./sweep-options.js";

/** Most seconds of --timeout: timers hold 2^31 milliseconds. */
const MOST_SECONDS = 2_000_000;

/** How a selection wants its cells to be run. */
export interface Running {
  readonly workers: number | undefined;
  readonly memoryBytes: number | undefined;
  readonly stallSeconds: number | undefined;
}

/**
 * Reads that part of a selection.
 * @throws MmulateError USAGE for a value that is not allowed
 */
export function runningOf(selection: Selection): Running {
  const stallSeconds = numberOf(selection, "timeout", 1, MOST_SECONDS);
  const workers = numberOf(selection, "workers", 0, 9999);
  return {
    // Only a worker can be ended from outside.
    workers: workers ?? (stallSeconds === undefined ? undefined : 1),
    memoryBytes: bytesOf(selection, "memory"),
    stallSeconds,
  };
}

/**
 * Runs cells. The first SIGINT ends the run and keeps what is finished; a second one ends the process.
 * @param lines whether each cell is told when it is finished
 * @throws MmulateError of the first cell when none finished
 */
export async function execute(
  cells: readonly Runnable[],
  { workers, memoryBytes, stallSeconds }: Running,
  play: ScriptOptions = {},
  lines = true,
): Promise<RunEnd> {
  const core = await loadCoreModule(memoryBytes);
  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(EXIT_INTERRUPTED);
    controller.abort();
  };
  // One cell alone has nothing to keep, and in this thread a signal would wait for its end.
  const kept = cells.length > 1 || (workers ?? 0) > 0;
  if (kept) process.on("SIGINT", interrupt);
  const progress = new Progress("accesses", cells.length, lines);
  try {
    const end = await settleCells(core, cells, {
      workers,
      stallSeconds,
      play,
      signal: controller.signal,
      onProgress: new Follower(progress).follow,
    });
    progress.erase();
    if (end.wedged === true) endHard();
    const [first] = end.failures;
    if (first !== undefined && end.outcomes.length === 0 && end.unfinished === 0) {
      // One damaged trace fails in each of its cells: it is told once, by the error that ends the command.
      for (const failure of end.failures) {
        if (failure.message !== first.message) say(toldFailure(failure));
      }
      throw new MmulateError(first.code, first.message);
    }
    if (end.unfinished > 0) {
      say(`interrupted: ${end.outcomes.length} of ${cells.length} cells finished`);
    }
    return end;
  } finally {
    if (kept) process.off("SIGINT", interrupt);
  }
}

let wedged = false;

/**
 * A worker waits for a read of the system (a pipe that nobody writes, say). No thread can be ended there, and
 * the process would wait for it; so it will be killed once all is written.
 */
function endHard(): void {
  wedged = true;
  say("a worker waits for the system and cannot be ended: this process will end by SIGKILL");
}

/** Ends the process where it would not end by itself. Everything must have been written. */
export function leave(): void {
  if (wedged) process.kill(process.pid, "SIGKILL");
}

/** Tells failures once another cell has finished: before that, they may be all that there is to tell. */
class Follower {
  private held: Parameters<Progress["updateCell"]>[] = [];
  private finished = false;

  constructor(private readonly progress: Progress) {}

  readonly follow = (...told: Parameters<Progress["updateCell"]>): void => {
    const [, , done, failure] = told;
    if (failure !== undefined && !this.finished) {
      this.held.push(told);
      return;
    }
    this.progress.updateCell(...told);
    if (!done || this.finished) return;
    this.finished = true;
    for (const held of this.held) this.progress.updateCell(...held);
  };
}

/** The exit code of a run that ended so, and of its report. */
export function exitCodeOf({ failures, unfinished }: RunEnd, { cells }: Report): number {
  if (unfinished > 0) return EXIT_INTERRUPTED;
  if (failures.some(({ code }) => code === "INTERNAL")) return EXIT_INTERNAL;
  const held = cells.every(({ checks }) => checks.every(({ ok }) => ok));
  return held && failures.length === 0 ? EXIT_DONE : EXIT_FAILED;
}
