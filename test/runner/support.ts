// Shared by the runner's tests: plan and run a cell in this thread.

import { loadCoreModule } from "../../src/runner/module-files.js";
import { planRun } from "../../src/runner/plan.js";
import { runCell } from "../../src/runner/run-cell.js";
import type { CellResult } from "../../src/stats/report.js";

export interface Wanted {
  readonly path: string;
  readonly arch: string;
  readonly cpu?: string;
  readonly pages?: string;
  readonly format?: string;
  readonly accesses?: "all" | "data";
}

/** Runs the one cell that the names plan. */
export async function runOne(wanted: Wanted): Promise<CellResult> {
  const { path, arch, cpu = "plain", pages, format = "auto", accesses = "all" } = wanted;
  const [cell, ...others] = planRun({
    inputs: [{ path, format, accesses, split: true }],
    archs: [arch],
    cpus: [cpu],
    pages: pages === undefined ? [] : [pages],
  });
  if (cell === undefined || others.length > 0) throw new Error("not one cell");
  return (await runCell(await loadCoreModule(), cell)).result;
}
