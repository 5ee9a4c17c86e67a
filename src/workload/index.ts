// Named workloads: what `mmulate run` takes in the place of a trace.
//
//   NAME[:PARAMETER=VALUE...]      chase      chase:pages=4096:stride=8k

import { MmulateError } from "../errors.js";
import { chase } from "./chase.js";
import { KERNEL_WORKLOADS } from "./kernel/index.js";
import {
  looksLikeWorkload,
  type Named,
  readWorkload,
  unknown,
  type WorkloadInput,
} from "./parse.js";
import type { RecordBatch, Workload } from "./types.js";
import { uniform } from "./uniform.js";

export type { WorkloadInput } from "./parse.js";

/** Every workload that is a stream of accesses, by name. */
export const WORKLOADS: ReadonlyMap<string, Workload> = new Map<string, Workload>([
  ["chase", chase],
  ["uniform", uniform],
]);

/** Those of the simulated kernel, too. */
export const ALL_WORKLOADS: ReadonlyMap<string, Named & { readonly summary: string }> = new Map<
  string,
  Named & { readonly summary: string }
>([...WORKLOADS, ...KERNEL_WORKLOADS]);

/**
 * Reads an input as a workload. A file of such a name is meant by "./NAME".
 * @returns null where the text has another form: it names a file
 * @throws MmulateError USAGE when the text has the form, and a name or value is not allowed
 */
export function parseWorkload(text: string, seed?: number): WorkloadInput | null {
  const [name = ""] = text.split(":");
  const workload = WORKLOADS.get(name);
  if (workload !== undefined) return readWorkload(text, workload, seed);
  if (looksLikeWorkload(text)) throw unknown("workload", name, ALL_WORKLOADS);
  return null;
}

/** Records of a workload, as `parseWorkload` returned it. */
export function workloadBatches(input: WorkloadInput): Generator<RecordBatch, void, undefined> {
  const workload = WORKLOADS.get(input.workload);
  if (workload === undefined) {
    throw new MmulateError("INTERNAL", `no workload "${input.workload}"`);
  }
  return workload.batches(input.parameters, input.seed);
}
