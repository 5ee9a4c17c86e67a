// Hands a cell's input to the core, batch by batch.

import { COUNTERS, Counter } from "../../assembly/abi/counters.js";
import { Control } from "../../assembly/abi/event.js";
import { Stop } from "../../assembly/abi/stop.js";
import type { Core } from "../core/core.js";
import { MmulateError } from "../errors.js";
import { hex } from "../layout/bits.js";
import { type CompiledLayout, FAULT_NAMES } from "../layout/compiled.js";
import { isWorthThread, readInThread, readTrace } from "../trace/index.js";
import { type WorkloadInput, workloadBatches } from "../workload/index.js";
import type { Cell, TraceInput } from "./cell.js";

/** Called after every batch with the accesses simulated so far. */
export type OnProgress = (accesses: number) => void;

/**
 * Simulates the whole input.
 * @returns the counters as they stood where the measured part began: noughts, or those at its mark
 * (`Control.Measure`). Counters only grow, so what was measured is the difference.
 * @throws MmulateError INPUT when a trace is damaged; UNMAPPABLE when an access cannot be translated;
 * MEMORY when simulated memory is used up
 */
export async function feed(
  core: Core,
  layout: CompiledLayout,
  cell: Cell,
  onProgress: OnProgress,
): Promise<BigUint64Array> {
  const { input } = cell;
  if ("workload" in input) return feedWorkload(core, layout, cell, input, onProgress);
  await feedTrace(core, layout, cell, input, onProgress);
  return new BigUint64Array(COUNTERS);
}

async function feedTrace(
  core: Core,
  layout: CompiledLayout,
  cell: Cell,
  { path, format, accesses, split }: TraceInput,
  onProgress: OnProgress,
): Promise<void> {
  const options = { format, accesses, split, pageShift: layout.pageShift };
  const staging = { memory: core.exports.memory, at: core.heldEvents(0).byteOffset };
  const batches = isWorthThread(path)
    ? readInThread(path, options, staging)
    : readTrace(path, options, { staging });
  for await (const { records, count, staged } of batches) {
    const done = staged === undefined ? core.run(records, count) : core.runHeld(staged, count);
    if (done < count) throw stopError(core, layout, cell);
    onProgress(accessesSoFar(core));
  }
}

function feedWorkload(
  core: Core,
  layout: CompiledLayout,
  cell: Cell,
  input: WorkloadInput,
  onProgress: OnProgress,
): BigUint64Array {
  let before: BigUint64Array = new BigUint64Array(COUNTERS);
  for (const { records, count } of workloadBatches(input)) {
    let done = core.run(records, count);
    while (done < count) {
      const { code, access } = core.stopBlock();
      if (code !== Stop.Control || access !== Control.Measure) throw stopError(core, layout, cell);
      before = core.counters();
      done = core.resume(done + 1, count);
    }
    onProgress(accessesSoFar(core));
  }
  return before;
}

function accessesSoFar(core: Core): number {
  const counted = [Counter.Reads, Counter.Writes, Counter.Fetches].map((c) => core.counter(c));
  return Number(counted.reduce((sum, value) => sum + value, 0n));
}

/** The simple mapper serves every first touch; what still stops a run cannot be mapped at all. */
function stopError(core: Core, layout: CompiledLayout, cell: Cell): MmulateError {
  const stop = core.stopBlock();
  const { input } = cell.labels;
  const where = `${input}: access ${accessesSoFar(core) + 1} to ${hex(stop.va)}`;
  const how = `${cell.labels.arch} with pages "${cell.pages}"`;
  if (stop.code === Stop.OutOfMemory) {
    return new MmulateError("MEMORY", `${where}: no simulated memory left under ${how}`);
  }
  if (stop.code === Stop.Control || stop.code === Stop.BadRecord) {
    return new MmulateError("INPUT", `${input}: a control record that run cannot obey`);
  }
  const half = layout.halves[stop.half === 1 ? 1 : 0];
  const fault = FAULT_NAMES[stop.fault] ?? "fault";
  const range = `${half.root} translates ${half.vaBits} bits`;
  return new MmulateError("UNMAPPABLE", `${where}: ${fault} under ${how} (${range})`);
}
