// What runs in a worker thread: one cell at a time, with the compiled module shared.

import type { MessagePort } from "node:worker_threads";
import type { ErrorCode } from "../errors.js";
import type { CellOutcome } from "./run-cell.js";
import { failureOf, runTask, type Task } from "./task.js";

export interface WorkerTask extends Task {
  /** Receives the accesses simulated so far. */
  readonly progress: MessagePort;
}

/** Errors lose their class on the way between threads, so they travel as data. */
export type WorkerReply =
  | { readonly outcome: CellOutcome }
  | { readonly error: { readonly code: ErrorCode; readonly message: string } };

export default async function work({ progress, ...task }: WorkerTask): Promise<WorkerReply> {
  progress.postMessage(0);
  try {
    return { outcome: await runTask(task, (done) => progress.postMessage(done)) };
  } catch (error) {
    const { code, message } = failureOf(task.cell, error);
    return { error: { code, message } };
  } finally {
    progress.close();
  }
}
