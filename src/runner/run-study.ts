// Runs one point of a study on one core, in this thread.

import { Core } from "../core/core.js";
import { MmulateError } from "../errors.js";
import { encodeLayout, hashBytes } from "../layout/encode.js";
import { countersOf, eventsOf } from "../scenario/counts.js";
import { bootMachine, machineParts } from "../scenario/machine.js";
import { Player } from "../scenario/player.js";
import { namedCounters } from "../stats/counters.js";
import { withKernel } from "../stats/kernel-cycles.js";
import { accesses, checksOf, cyclesOf, type EventCosts } from "../stats/metrics.js";
import { STUDIES } from "../study/index.js";
import type { PointResult, StudyMachine } from "../study/types.js";
import { startHost } from "./cell-host.js";
import type { OnProgress } from "./feed.js";
import type { CoreModule } from "./module-files.js";
import type { StudyCell } from "./plan-study.js";
import { type CellOutcome, costsOf } from "./run-cell.js";
import { traceRounds } from "./trace-rounds.js";

/**
 * Runs a point.
 * @throws MmulateError as the study's `run`; MEMORY; INPUT where its trace is damaged
 */
export async function runStudy(
  { module, hash }: Pick<CoreModule, "module" | "hash">,
  cell: StudyCell,
  onProgress: OnProgress = () => undefined,
): Promise<CellOutcome> {
  const { machine, seed, point } = cell;
  const study = STUDIES.get(cell.study);
  if (study === undefined) throw new MmulateError("INTERNAL", `no study "${cell.study}"`);
  const host = startHost(cell.id);
  const core = new Core(module);
  const costs = costsOf(machineParts(machine).profile);
  const bootNow = (): StudyMachine => ({ ...bootAt(core, cell, costs), progress: onProgress });
  let booted = bootNow();
  let fresh = true;
  const boot = (): StudyMachine => {
    if (!fresh) booted = bootNow();
    fresh = false;
    return booted;
  };
  const pageShift = Math.log2(machine.kernel.page);
  const trace = point.trace === undefined ? undefined : await traceRounds(point.trace, pageShift);
  const found = study.run({ core, machine, seed, trace, boot, progress: onProgress }, point);
  const result = resultOf(cell, hash, booted, costs, found);
  return { result, host: host(accesses(result.counters), core) };
}

function bootAt(core: Core, { machine }: StudyCell, costs: EventCosts): StudyMachine {
  const kernel = bootMachine(core, machine);
  const player = new Player(kernel);
  const accessCycles = (): number =>
    Number(cyclesOf(namedCounters(countersOf(player)), costs).work);
  return { kernel, player, accessCycles };
}

function resultOf(
  { id, labels, point, study, machine, seed, set }: StudyCell,
  moduleHash: string,
  { kernel, player }: StudyMachine,
  costs: EventCosts,
  { metrics, checks, found }: PointResult,
): CellOutcome["result"] {
  const counters = namedCounters(countersOf(player));
  const events = eventsOf(kernel);
  const { config } = kernel;
  return {
    id,
    labels,
    config: {
      arch: config.architecture,
      mode: kernel.hardware.mode,
      layoutHash: hashBytes(encodeLayout(kernel.hardware)),
      moduleHash,
      cpu: machine.cpu,
      kernel: { ...config, mthp: Object.fromEntries(config.mthp) },
      ...(set === undefined ? {} : { set }),
      input: { study, values: { ...point.values }, seed },
    },
    counters,
    cycles: withKernel(cyclesOf(counters, costs), events, config.costs.events, kernel.clocks),
    metrics,
    checks: [...checksOf(counters), ...checks],
    events,
    ...(found === undefined ? {} : { found }),
  };
}
