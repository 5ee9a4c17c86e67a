// What is run: a cell of a trace or workload, one of a script, of the kernel or of a study, wherever it runs.

import { compileCoreFor } from "../core/made-for.js";
import { MmulateError } from "../errors.js";
import { accesses } from "../stats/metrics.js";
import type { CellFailure } from "../stats/report.js";
import { startThreadFor } from "../trace/index.js";
import type { Cell } from "./cell.js";
import type { OnProgress } from "./feed.js";
import type { CoreModule } from "./module-files.js";
import type { KernelCell } from "./plan-kernel.js";
import type { ScriptCell } from "./plan-scripts.js";
import type { StudyCell } from "./plan-study.js";
import { type CellOutcome, machineFor, runCellOn } from "./run-cell.js";
import { runKernel } from "./run-kernel.js";
import { runScript } from "./run-script.js";
import { runStudy } from "./run-study.js";

/** Any cell. */
export type Runnable = Cell | ScriptCell | KernelCell | StudyCell;

/** How scripts are played; traces and workloads do not look at it. */
export interface ScriptOptions {
  readonly check?: boolean;
  readonly explain?: boolean;
}

/** A cell with the module it runs on: what a worker is sent. */
export interface Task {
  readonly cell: Runnable;
  /** Compiled; threads share its code. */
  readonly module: WebAssembly.Module;
  /** Of the core as built. */
  readonly hash: string;
  readonly play: ScriptOptions;
}

/**
 * Compiles what a cell runs on: for a trace or workload, the core made for its layout and CPU.
 * @throws MmulateError as `machineFor`
 */
export async function taskOf(
  core: CoreModule,
  cell: Runnable,
  play: ScriptOptions = {},
): Promise<Task> {
  const { hash } = core;
  // What meets a kernel stops at every fault: a module made for its layout would not pay.
  if ("machine" in cell) return { cell, module: core.module, hash, play };
  const { layout, cpu } = machineFor(cell);
  return { cell, module: await compileCoreFor(core.bytes, layout, cpu), hash, play };
}

/**
 * Runs it in this thread.
 * @throws MmulateError as `runCell` and `runScript`
 */
export async function runTask(
  { cell, module, hash, play }: Task,
  onProgress: OnProgress,
): Promise<CellOutcome> {
  if ("operations" in cell) return runScript({ module, hash }, cell, { ...play, onProgress });
  if ("workload" in cell) return runKernel({ module, hash }, cell, onProgress);
  if ("study" in cell) return runStudy({ module, hash }, cell, onProgress);
  // It starts while the core is made ready.
  if ("path" in cell.input) startThreadFor(cell.input.path);
  return runCellOn(module, hash, cell, onProgress);
}

/** What a failed cell is reported as. */
export function failureOf({ id, labels }: Runnable, error: unknown): CellFailure {
  if (error instanceof MmulateError)
    return { id, labels, code: error.code, message: error.message };
  const message = error instanceof Error ? error.message : String(error);
  return { id, labels, code: "INTERNAL", message };
}

/** Accesses of a finished cell. */
export function accessesOf({ result }: CellOutcome): number {
  return Number(accesses(result.counters));
}
