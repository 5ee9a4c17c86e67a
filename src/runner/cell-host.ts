// What a cell costs this host: measured from here to the end of its run.

import { performance } from "node:perf_hooks";
import type { Core } from "../core/core.js";
import type { CellHost } from "../stats/report.js";
import { cpuSeconds } from "./cpu-time.js";

/** Starts the clocks. The function returned reads them, once the accesses are simulated. */
export function startHost(id: string): (accesses: bigint | number, core: Core) => CellHost {
  const cpuStart = cpuSeconds();
  const wallStart = performance.now();
  return (accesses, core) => {
    const wallSeconds = (performance.now() - wallStart) / 1000;
    return {
      id,
      cpuSeconds: cpuSeconds() - cpuStart,
      wallSeconds,
      accessesPerSecond: Math.round(Number(accesses) / wallSeconds),
      peakBytes: core.exports.memory.buffer.byteLength,
    };
  };
}
