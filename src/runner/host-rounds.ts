// Host time of cells, in rounds: each runs a fixed piece of work and then the cell, and only their ratio is kept.
// What slows the machine down for a while slows both.

import { cpus } from "node:os";
import process from "node:process";
import { cpuSeconds } from "./cpu-time.js";
import type { CoreModule } from "./module-files.js";
import { type Runnable, runTask, type ScriptOptions, taskOf } from "./task.js";

/** Mixes words of a table that no first-level cache holds: some 30 ms on a machine of 2022. */
const TABLE_WORDS = 1 << 20;
const STEPS = 1 << 22;
const table = new Uint32Array(TABLE_WORDS);

/** The piece of work. Returns what it computed, so that no engine leaves it out. */
function fixedWork(): number {
  let word = 0x9e3779b9;
  for (let i = 0; i < STEPS; i++) {
    word = (Math.imul(word ^ (word >>> 15), 0x85ebca6b) + i) >>> 0;
    const at = word & (TABLE_WORDS - 1);
    word ^= table[at] ?? 0;
    table[at] = word;
  }
  return word;
}

/** What host figures depend on beside the program. */
export function thisMachine(): Record<string, string> {
  const [cpu] = cpus();
  const { arch, platform, version } = process;
  return { cpu: cpu?.model.trim() ?? "unknown", arch, platform, node: version };
}

/**
 * Logarithms of a cell's CPU time over that of the fixed work, one a round. A round before them warms up.
 * @throws MmulateError as running the cell
 */
export async function hostRounds(
  core: CoreModule,
  cell: Runnable,
  play: ScriptOptions,
  rounds: number,
): Promise<number[]> {
  const task = await taskOf(core, cell, play);
  const samples: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const start = cpuSeconds();
    fixedWork();
    const fixed = cpuSeconds() - start;
    const { host } = await runTask(task, () => undefined);
    if (round > 0) samples.push(Math.log(host.cpuSeconds / fixed));
  }
  return samples;
}
