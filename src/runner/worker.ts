// What runs in a worker thread: one cell at a time, with the compiled module shared.

import type { MessagePort } from "node:worker_threads";
import { MmulateError } from "../errors.js";
import type { Cell } from "./cell.js";
import type { CoreModule } from "./module-files.js";
import { type CellOutcome, runCell } from "./run-cell.js";

export interface WorkerTask {
  readonly core: CoreModule;
  readonly cell: Cell;
  /** Receives the accesses simulated so far. */
  readonly progress: MessagePort;
}

/** Errors lose their class on the way between threads, so they travel as data. */
export type WorkerReply =
  | { readonly outcome: CellOutcome }
  | { readonly error: { readonly code: MmulateError["code"]; readonly message: string } };

export default async function work({ core, cell, progress }: WorkerTask): Promise<WorkerReply> {
  try {
    return { outcome: await runCell(core, cell, (accesses) => progress.postMessage(accesses)) };
  } catch (error) {
    if (!(error instanceof MmulateError)) throw error;
    return { error: { code: error.code, message: error.message } };
  } finally {
    progress.close();
  }
}
