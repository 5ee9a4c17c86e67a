// Runs one cell on one core, in this thread.

import type { CpuProfile } from "../../arch/cpu-schema.js";
import { EVENT_BYTES } from "../../assembly/abi/event.js";
import { Core } from "../core/core.js";
import { compileCoreFor } from "../core/made-for.js";
import { compileLayout } from "../layout/compile.js";
import type { CompiledLayout } from "../layout/compiled.js";
import { type CompiledCpu, compileCpu } from "../layout/cpu.js";
import { encodeLayout, hashBytes } from "../layout/encode.js";
import { compilePagePolicy, sizeName } from "../layout/page-policy.js";
import { namedCounters } from "../stats/counters.js";
import {
  accesses,
  checksOf,
  cyclesOf,
  type EventCosts,
  type Machine,
  metricsOf,
} from "../stats/metrics.js";
import type { CellHost, CellResult } from "../stats/report.js";
import { STAGING_BYTES, startThreadFor } from "../trace/index.js";
import type { Cell } from "./cell.js";
import { startHost } from "./cell-host.js";
import { feed, type OnProgress } from "./feed.js";
import type { CoreModule } from "./module-files.js";
import { architectureNamed, cpuNamed } from "./plan.js";
import { loadSecondStage } from "./second-stage.js";

export type { OnProgress } from "./feed.js";

export interface CellOutcome {
  readonly result: CellResult;
  readonly host: CellHost;
}

/**
 * Runs a cell.
 * @throws MmulateError INPUT when its trace is damaged; UNMAPPABLE when an access cannot be translated;
 * MEMORY when simulated memory is used up
 */
export async function runCell(
  { bytes, hash }: CoreModule,
  cell: Cell,
  onProgress: OnProgress = () => undefined,
): Promise<CellOutcome> {
  // It starts while the core is compiled.
  if ("path" in cell.input) startThreadFor(cell.input.path);
  const { layout, cpu } = machineFor(cell);
  return runCellOn(await compileCoreFor(bytes, layout, cpu), hash, cell, onProgress);
}

/**
 * What a cell's module is made for.
 * @throws MmulateError USAGE or CONFIG for a name or combination that does not exist
 */
export function machineFor(cell: Cell): { layout: CompiledLayout; cpu: CompiledCpu } {
  const layout = compileLayout(cell.own?.architecture ?? architectureNamed(cell.arch), cell.mode);
  const { dataCached, nestedShift } = cell;
  const secondStage = cell.secondStage !== undefined;
  const options = { dataCached, nestedShift, secondStage };
  return { layout, cpu: compileCpu(profileOf(cell), layout, options) };
}

/** The CPU of a cell: the named one, or what files and settings made of it. */
function profileOf({ cpu, own }: Cell): CpuProfile {
  return own?.cpu ?? cpuNamed(cpu);
}

/**
 * Runs a cell on a module made for it (`machineFor`, `compileCoreFor`).
 * @param hash of the core as built
 * @throws MmulateError as `runCell`
 */
export async function runCellOn(
  module: WebAssembly.Module,
  hash: string,
  cell: Cell,
  onProgress: OnProgress = () => undefined,
): Promise<CellOutcome> {
  const host = startHost(cell.id);
  const { layout, cpu } = machineFor(cell);
  const core = new Core(module);
  prepare(core, layout, cpu, cell);
  const before = await feed(core, layout, cell, onProgress);

  const counters = namedCounters(core.counters().map((value, i) => value - (before[i] ?? 0n)));
  const profile = profileOf(cell);
  const cycles = cyclesOf(counters, costsOf(profile));
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
      ...(cell.nestedShift === undefined ? {} : { nested: sizeName(cell.nestedShift) }),
      ...(cell.secondStage === undefined ? {} : { secondStage: { ...cell.secondStage } }),
      ...(cell.set === undefined ? {} : { set: cell.set }),
      input: { ...cell.input },
    },
    counters,
    cycles,
    metrics: metricsOf(counters, cycles, machineOf(profile)),
    checks: checksOf(counters),
  };
  return { result, host: host(accesses(counters), core) };
}

/** Loads layout, CPU and page policy, and makes the root tables. */
function prepare(core: Core, layout: CompiledLayout, cpu: CompiledCpu, cell: Cell): void {
  core.reset(true);
  core.loadLayout(layout);
  core.loadCpu(cpu, 1, STAGING_BYTES / EVENT_BYTES);
  core.loadDemand(compilePagePolicy(layout, cell.pages));
  const [lower, upper] = layout.halves;
  const root = core.exports.newTable(0, lower.topLevel);
  const shared = lower.root === upper.root;
  core.exports.setRoots(root, shared ? root : core.exports.newTable(1, upper.topLevel));
  if (cell.secondStage !== undefined) {
    loadSecondStage(core, cell.arch, cell.secondStage, profileOf(cell));
  }
}

/** What events cost on a CPU. */
export function costsOf({ costs, caches, memory }: CpuProfile): EventCosts {
  const side =
    memory === undefined
      ? {}
      : {
          memory: {
            caches: caches.map(({ cycles }) => cycles),
            memory: memory.cycles,
          },
        };
  return {
    secondLevelHit: costs.secondLevelHit.cycles,
    walkLoad: costs.walkLoad.cycles,
    demandFault: costs.demandFault.cycles,
    dirtyAssist: costs.dirtyAssist.cycles,
    walkStart: costs.walkStart?.cycles ?? 0,
    accessedAssist: costs.accessedAssist?.cycles ?? 0,
    ...side,
  };
}

/** What metrics need to know of a CPU. */
export function machineOf({ walker, clockMHz }: CpuProfile): Machine {
  return { walkers: walker?.inFlight, clockMHz: clockMHz?.value };
}
