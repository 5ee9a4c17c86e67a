// Runs one cell of a kernel workload on one core, in this thread.

import { Core } from "../core/core.js";
import { MmulateError } from "../errors.js";
import { encodeLayout, hashBytes } from "../layout/encode.js";
import { countersOf, eventsOf } from "../scenario/counts.js";
import { bootMachine, machineParts } from "../scenario/machine.js";
import { Player } from "../scenario/player.js";
import { namedCounters } from "../stats/counters.js";
import { lockMetrics, withKernel } from "../stats/kernel-cycles.js";
import { accesses, checksOf, cyclesOf } from "../stats/metrics.js";
import { TRACKERS } from "../tracker/index.js";
import { KERNEL_WORKLOADS } from "../workload/kernel/index.js";
import { Stopwatch } from "../workload/kernel/stopwatch.js";
import { startHost } from "./cell-host.js";
import type { OnProgress } from "./feed.js";
import type { CoreModule } from "./module-files.js";
import type { KernelCell } from "./plan-kernel.js";
import { type CellOutcome, costsOf } from "./run-cell.js";

/**
 * Runs a workload.
 * @throws MmulateError CONFIG where the kernel has not what the workload needs; MEMORY
 */
export function runKernel(
  { module, hash }: Pick<CoreModule, "module" | "hash">,
  cell: KernelCell,
  onProgress: OnProgress = () => undefined,
): CellOutcome {
  const { machine, labels, set } = cell;
  const { workload: name, parameters, seed } = cell.workload;
  const workload = KERNEL_WORKLOADS.get(name);
  const tracker = TRACKERS.get(cell.tracker);
  if (workload === undefined || tracker === undefined) {
    throw new MmulateError("INTERNAL", `no workload "${name}" or tracker "${cell.tracker}"`);
  }
  const host = startHost(cell.id);
  const core = new Core(module);
  const kernel = bootMachine(core, machine);
  const player = new Player(kernel);
  const costs = costsOf(machineParts(machine).profile);
  const watch = new Stopwatch(kernel, () => {
    onProgress(player.accesses.reads + player.accesses.writes);
    return Number(cyclesOf(namedCounters(countersOf(player)), costs).work);
  });
  const metrics = workload.run({ player, watch, tracker, seed }, parameters);
  const counters = namedCounters(countersOf(player));
  const { config } = kernel;
  const events = eventsOf(kernel);
  const result = {
    id: cell.id,
    labels,
    config: {
      arch: config.architecture,
      mode: kernel.hardware.mode,
      layoutHash: hashBytes(encodeLayout(kernel.hardware)),
      moduleHash: hash,
      cpu: machine.cpu,
      kernel: { ...config, mthp: Object.fromEntries(config.mthp) },
      ...(set === undefined ? {} : { set }),
      input: { workload: name, parameters, seed },
      ...(workload.tracks ? { tracker: cell.tracker } : {}),
    },
    counters,
    cycles: withKernel(cyclesOf(counters, costs), events, config.costs.events, kernel.clocks),
    metrics: { ...metrics, ...lockMetrics(kernel.clocks.locks) },
    checks: checksOf(counters),
    events,
  };
  return { result, host: host(accesses(counters), core) };
}
