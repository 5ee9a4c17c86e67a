// Runs cells: in this thread, or spread over workers. The results do not depend on which.

import { availableParallelism } from "node:os";
import { setImmediate } from "node:timers/promises";
import { MmulateError } from "../errors.js";
import type { CellFailure } from "../stats/report.js";
import type { CoreModule } from "./module-files.js";
import { Pool } from "./pool.js";
import type { CellOutcome } from "./run-cell.js";
import {
  accessesOf,
  failureOf,
  type Runnable,
  runTask,
  type ScriptOptions,
  taskOf,
} from "./task.js";

/** Called as cells go on: `done` once for each that finishes, `failure` once for each that does not. */
export type OnCellProgress = (
  cell: Runnable,
  accesses: number,
  done: boolean,
  failure?: CellFailure,
) => void;

export interface RunOptions {
  /** Worker threads, 0 = this thread; default: one per cell, up to the processors; this thread for one cell. */
  readonly workers?: number | undefined;
  readonly onProgress?: OnCellProgress;
  /** How scripts are played. */
  readonly play?: ScriptOptions;
  /** Ends the run: running cells are given up, finished ones kept. */
  readonly signal?: AbortSignal | undefined;
  /** A worker that tells no progress for so long is ended, and its cell reported; default 600. */
  readonly stallSeconds?: number | undefined;
  /** What runs in a worker, for tests; default: worker.js. */
  readonly workerFile?: string | undefined;
}

/** How the cells of a run ended, in the order of the cells. */
export interface RunEnd {
  readonly outcomes: readonly CellOutcome[];
  readonly failures: readonly CellFailure[];
  /** Cells that were not finished when `signal` came. */
  readonly unfinished: number;
  /** A worker could not be ended: the process will not end by itself. */
  readonly wedged?: true;
}

export const STALL_SECONDS = 600;
/** A worker's own code, its readers' buffers and results need about a third of it. */
const LEAST_HEAP_MIB = 128;

/**
 * Runs cells and returns their outcomes in the order of the cells.
 * @throws MmulateError of the first cell, in their order, that failed
 */
export async function runCells(
  core: CoreModule,
  cells: readonly Runnable[],
  options: RunOptions = {},
): Promise<CellOutcome[]> {
  const { outcomes, failures } = await settleCells(core, cells, options);
  const [first] = failures;
  if (first !== undefined) throw new MmulateError(first.code, first.message);
  return [...outcomes];
}

/** Runs cells, whatever becomes of single ones. */
export async function settleCells(
  core: CoreModule,
  cells: readonly Runnable[],
  options: RunOptions = {},
): Promise<RunEnd> {
  const { workers, stallSeconds = STALL_SECONDS, workerFile: file } = options;
  const usual = cells.length === 1 ? 0 : availableParallelism();
  const threads = Math.min(workers ?? usual, cells.length);
  if (threads === 0)
    return settle(core, cells, 1, options, (cell, told) => runHere(core, cell, options, told));
  const { memoryBytes } = core;
  const heapMiB =
    memoryBytes === undefined ? undefined : Math.max(LEAST_HEAP_MIB, memoryBytes / 2 ** 20);
  const pool = new Pool({ threads, heapMiB, stallSeconds, file });
  const end = await settle(core, cells, threads, options, async (cell, told) =>
    pool.run(await taskOf(core, cell, options.play), told, options.signal),
  );
  return (await pool.close()) ? end : { ...end, wedged: true };
}

async function runHere(
  core: CoreModule,
  cell: Runnable,
  { play }: RunOptions,
  told: (accesses: number) => void,
): Promise<CellOutcome> {
  const outcome = await runTask(await taskOf(core, cell, play), told);
  // Lets a signal through before the next cell begins.
  await setImmediate();
  return outcome;
}

/** Says the limit where one was set: memory may have ended there, or earlier for a reason of its own. */
function limitTold(failure: CellFailure, memoryBytes: number | undefined): CellFailure {
  if (failure.code !== "MEMORY" || memoryBytes === undefined) return failure;
  const limit = `${memoryBytes / 2 ** 20} MiB are allowed for a cell: --memory`;
  return { ...failure, message: `${failure.message} (${limit})` };
}

function aborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

type RunOne = (cell: Runnable, told: (accesses: number) => void) => Promise<CellOutcome>;

/** So many lanes, each of which takes the next cell when it has finished one. */
async function settle(
  { memoryBytes }: CoreModule,
  cells: readonly Runnable[],
  lanes: number,
  { onProgress = () => undefined, signal }: RunOptions,
  runOne: RunOne,
): Promise<RunEnd> {
  const ends: (CellOutcome | CellFailure | undefined)[] = cells.map(() => undefined);
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < cells.length && !aborted(signal)) {
      const index = next++;
      const cell = cells[index];
      if (cell === undefined) return;
      try {
        const outcome = await runOne(cell, (accesses) => onProgress(cell, accesses, false));
        ends[index] = outcome;
        onProgress(cell, accessesOf(outcome), true);
      } catch (error) {
        if (aborted(signal)) return;
        const failure = limitTold(failureOf(cell, error), memoryBytes);
        ends[index] = failure;
        onProgress(cell, 0, true, failure);
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  const outcomes = ends.filter((end): end is CellOutcome => end !== undefined && "result" in end);
  const failures = ends.filter((end): end is CellFailure => end !== undefined && "code" in end);
  return { outcomes, failures, unfinished: cells.length - outcomes.length - failures.length };
}
