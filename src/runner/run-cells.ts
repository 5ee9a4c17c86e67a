// Runs cells: in this thread, or spread over workers. The results do not depend on which.

import { availableParallelism } from "node:os";
import { MessageChannel } from "node:worker_threads";
import { Piscina } from "piscina";
import { MmulateError } from "../errors.js";
import { accesses } from "../stats/metrics.js";
import type { Cell } from "./cell.js";
import type { CoreModule } from "./module-files.js";
import { type CellOutcome, runCell } from "./run-cell.js";
import type { WorkerReply, WorkerTask } from "./worker.js";

/** Called as cells go on: `done` once for each. */
export type OnCellProgress = (cell: Cell, accesses: number, done: boolean) => void;

export interface RunOptions {
  /** Worker threads; default: one per cell, up to the processors of the machine. */
  readonly workers?: number | undefined;
  readonly onProgress?: OnCellProgress;
}

/**
 * Runs cells and returns their outcomes in the order of the cells.
 * @throws MmulateError of the first cell, in their order, that failed
 */
export async function runCells(
  core: CoreModule,
  cells: readonly Cell[],
  { workers, onProgress = () => undefined }: RunOptions = {},
): Promise<CellOutcome[]> {
  const threads = Math.min(workers ?? availableParallelism(), cells.length);
  if (threads > 1) return runInPool(core, cells, threads, onProgress);
  const outcomes: CellOutcome[] = [];
  for (const cell of cells) {
    const outcome = await runCell(core, cell, (accesses) => onProgress(cell, accesses, false));
    onProgress(cell, totalOf(outcome), true);
    outcomes.push(outcome);
  }
  return outcomes;
}

function totalOf({ result }: CellOutcome): number {
  return Number(accesses(result.counters));
}

async function runInPool(
  core: CoreModule,
  cells: readonly Cell[],
  threads: number,
  onProgress: OnCellProgress,
): Promise<CellOutcome[]> {
  const pool = new Piscina<WorkerTask, WorkerReply>({
    filename: new URL("./worker.js", import.meta.url).href,
    minThreads: threads,
    maxThreads: threads,
  });
  try {
    const replies = await Promise.all(
      cells.map((cell) => runInWorker(pool, core, cell, onProgress)),
    );
    return replies.map((reply) => {
      if ("error" in reply) throw new MmulateError(reply.error.code, reply.error.message);
      return reply.outcome;
    });
  } finally {
    await pool.destroy();
  }
}

async function runInWorker(
  pool: Piscina<WorkerTask, WorkerReply>,
  core: CoreModule,
  cell: Cell,
  onProgress: OnCellProgress,
): Promise<WorkerReply> {
  const { port1, port2 } = new MessageChannel();
  port1.on("message", (accesses: number) => onProgress(cell, accesses, false));
  const reply = await pool.run({ core, cell, progress: port2 }, { transferList: [port2] });
  port1.close();
  if ("outcome" in reply) onProgress(cell, totalOf(reply.outcome), true);
  return reply;
}
