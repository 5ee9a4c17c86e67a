// Runs one cell on one core, in this thread.

import { performance } from "node:perf_hooks";
import { Counter } from "../../assembly/abi/counters.js";
import { EVENT_BYTES } from "../../assembly/abi/event.js";
import { Stop } from "../../assembly/abi/stop.js";
import { Core } from "../core/core.js";
import { MmulateError } from "../errors.js";
import { hex } from "../layout/bits.js";
import { compileLayout } from "../layout/compile.js";
import { type CompiledLayout, FAULT_NAMES } from "../layout/compiled.js";
import { compileCpu } from "../layout/cpu.js";
import { encodeLayout, hashBytes } from "../layout/encode.js";
import { compilePagePolicy } from "../layout/page-policy.js";
import { namedCounters } from "../stats/counters.js";
import { accesses, checksOf, cyclesOf, type EventCosts, metricsOf } from "../stats/metrics.js";
import type { CellHost, CellResult } from "../stats/report.js";
import { readTrace, STAGING_BYTES } from "../trace/index.js";
import type { Cell } from "./cell.js";
import { cpuSeconds } from "./cpu-time.js";
import type { CoreModule } from "./module-files.js";
import { architectureNamed, cpuNamed } from "./plan.js";

export interface CellOutcome {
  readonly result: CellResult;
  readonly host: CellHost;
}

/** Called after every batch with the accesses simulated so far. */
export type OnProgress = (accesses: number) => void;

/**
 * Runs a cell.
 * @throws MmulateError INPUT when its trace is damaged; UNMAPPABLE when an access cannot be translated;
 * MEMORY when simulated memory is used up
 */
export async function runCell(
  { module, hash }: CoreModule,
  cell: Cell,
  onProgress: OnProgress = () => undefined,
): Promise<CellOutcome> {
  const cpuStart = cpuSeconds();
  const wallStart = performance.now();
  const core = new Core(module);
  const layout = prepare(core, cell);
  await feed(core, layout, cell, onProgress);

  const counters = namedCounters(core.counters());
  const costs = costsOf(cell.cpu);
  const cycles = cyclesOf(counters, costs);
  const result: CellResult = {
    id: cell.id,
    labels: cell.labels,
    config: {
      arch: cell.arch,
      mode: layout.mode,
      layoutHash: hashBytes(encodeLayout(layout)),
      moduleHash: hash,
      cpu: cell.cpu,
      pages: cell.pages,
      dataCached: cell.dataCached,
      input: { ...cell.input },
    },
    counters,
    cycles,
    metrics: metricsOf(counters, cycles, costs.memory?.walkers),
    checks: checksOf(counters),
  };
  const wallSeconds = (performance.now() - wallStart) / 1000;
  return {
    result,
    host: {
      id: cell.id,
      cpuSeconds: cpuSeconds() - cpuStart,
      wallSeconds,
      accessesPerSecond: Math.round(Number(accesses(counters)) / wallSeconds),
      peakBytes: core.exports.memory.buffer.byteLength,
    },
  };
}

/** Loads layout, CPU and page policy, and makes the root tables. */
function prepare(core: Core, cell: Cell): CompiledLayout {
  const layout = compileLayout(architectureNamed(cell.arch), cell.mode);
  core.reset(true);
  core.loadLayout(layout);
  const cpu = compileCpu(cpuNamed(cell.cpu), layout, { dataCached: cell.dataCached });
  core.loadCpu(cpu, 1, STAGING_BYTES / EVENT_BYTES);
  core.loadDemand(compilePagePolicy(layout, cell.pages));
  const [lower, upper] = layout.halves;
  const root = core.exports.newTable(0, lower.topLevel);
  const shared = lower.root === upper.root;
  core.exports.setRoots(root, shared ? root : core.exports.newTable(1, upper.topLevel));
  return layout;
}

/** What events cost on a CPU. */
export function costsOf(cpu: string): EventCosts {
  const { costs, caches, memory, walker } = cpuNamed(cpu);
  const side =
    memory === undefined || walker === undefined
      ? {}
      : {
          memory: {
            caches: caches.map(({ cycles }) => cycles),
            memory: memory.cycles,
            walkers: walker.inFlight,
          },
        };
  return {
    secondLevelHit: costs.secondLevelHit.cycles,
    walkLoad: costs.walkLoad.cycles,
    demandFault: costs.demandFault.cycles,
    dirtyAssist: costs.dirtyAssist.cycles,
    accessedAssist: costs.accessedAssist?.cycles ?? 0,
    ...side,
  };
}

async function feed(
  core: Core,
  layout: CompiledLayout,
  cell: Cell,
  onProgress: OnProgress,
): Promise<void> {
  const { path, format, accesses: kinds, split } = cell.input;
  const options = { format, accesses: kinds, split, pageShift: layout.pageShift };
  const staging = { memory: core.exports.memory, at: core.heldEvents(0).byteOffset };
  for await (const { records, count, staged } of readTrace(path, options, { staging })) {
    const done = staged === undefined ? core.run(records, count) : core.runHeld(staged, count);
    if (done < count) throw stopError(core, layout, cell);
    onProgress(accessesSoFar(core));
  }
}

function accessesSoFar(core: Core): number {
  const counted = [Counter.Reads, Counter.Writes, Counter.Fetches].map((c) => core.counter(c));
  return Number(counted.reduce((sum, value) => sum + value, 0n));
}

/** The simple mapper serves every first touch; what still stops a run cannot be mapped at all. */
function stopError(core: Core, layout: CompiledLayout, cell: Cell): MmulateError {
  const stop = core.stopBlock();
  const where = `${cell.input.path}: access ${accessesSoFar(core) + 1} to ${hex(stop.va)}`;
  const how = `${cell.labels.arch} with pages "${cell.pages}"`;
  if (stop.code === Stop.OutOfMemory) {
    return new MmulateError("MEMORY", `${where}: no simulated memory left under ${how}`);
  }
  if (stop.code === Stop.Control || stop.code === Stop.BadRecord) {
    return new MmulateError("INPUT", `${cell.input.path}: a control record that run cannot obey`);
  }
  const half = layout.halves[stop.half === 1 ? 1 : 0];
  const fault = FAULT_NAMES[stop.fault] ?? "fault";
  const range = `${half.root} translates ${half.vaBits} bits`;
  return new MmulateError("UNMAPPABLE", `${where}: ${fault} under ${how} (${range})`);
}
