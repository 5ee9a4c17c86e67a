// Runs one cell of a script on one core, in this thread.

import { Core } from "../core/core.js";
import { encodeLayout, hashBytes } from "../layout/encode.js";
import { machineParts } from "../scenario/machine.js";
import {
  type AccessCycles,
  type Played,
  type PlayOptions,
  playScript,
} from "../scenario/play-script.js";
import { namedCounters } from "../stats/counters.js";
import { lockMetrics, withKernel } from "../stats/kernel-cycles.js";
import { accesses, checksOf, cyclesOf, metricsOf } from "../stats/metrics.js";
import type { CellResult, Check } from "../stats/report.js";
import { startHost } from "./cell-host.js";
import type { CoreModule } from "./module-files.js";
import type { ScriptCell } from "./plan-scripts.js";
import { type CellOutcome, costsOf, machineOf } from "./run-cell.js";

/**
 * Plays a script.
 * @throws MmulateError INPUT where it names what is not there; UNMODELLED; MEMORY
 */
export function runScript(
  { module, hash }: Pick<CoreModule, "module" | "hash">,
  cell: ScriptCell,
  options: PlayOptions = {},
): CellOutcome {
  const host = startHost(cell.id);
  const core = new Core(module);
  const costs = costsOf(machineParts(cell.machine).profile);
  const accessCycles: AccessCycles = (counted) =>
    Number(cyclesOf(namedCounters(counted), costs).work);
  const played = playScript(core, cell.operations, cell.machine, { ...options, accessCycles });
  const result = resultOf(cell, played, hash);
  return { result, host: host(accesses(result.counters), core) };
}

function resultOf(cell: ScriptCell, played: Played, moduleHash: string): CellResult {
  const { kernel, cpu } = cell.machine;
  const { descriptor, profile, hardware: layout } = machineParts(cell.machine);
  const counters = namedCounters(played.counters);
  const translation = cyclesOf(counters, costsOf(profile));
  const { events, narrations, time, locks } = played;
  return {
    id: cell.id,
    labels: cell.labels,
    config: {
      arch: descriptor.name,
      mode: layout.mode,
      layoutHash: hashBytes(encodeLayout(layout)),
      moduleHash,
      cpu,
      kernel: { ...kernel, mthp: Object.fromEntries(kernel.mthp) },
      ...(cell.set === undefined ? {} : { set: cell.set }),
      input: { path: cell.labels.input, operations: cell.operations.length },
    },
    counters,
    cycles: withKernel(translation, events, kernel.costs.events, time),
    metrics: { ...metricsOf(counters, translation, machineOf(profile)), ...lockMetrics(locks) },
    checks: [...checksOf(counters), ...oracleChecks(played)],
    events,
    observations: played.observations,
    ...(narrations === null ? {} : { narrations }),
  };
}

/** One check a rule that was broken, with where it was first; one that holds where none was. */
function oracleChecks({ complaints }: Played): Check[] {
  if (complaints === null) return [];
  if (complaints.length === 0) return [{ id: "oracle", ok: true }];
  const firsts = new Map<string, Check>();
  for (const { id, op, text } of complaints) {
    if (!firsts.has(id))
      firsts.set(id, { id: `oracle: ${id}`, ok: false, first: `${op}: ${text}` });
  }
  return [...firsts.values()];
}
