// Shared by the workloads' tests: records as they are.

import { EVENT_KIND_MASK } from "../../assembly/abi/event.js";
import { parseWorkload, workloadBatches } from "../../src/workload/index.js";

export interface Decoded {
  readonly kind: number;
  readonly address: bigint;
}

/** Every record of a workload, and the sizes of its batches. */
export function recordsOf(text: string, seed?: number): { records: Decoded[]; sizes: number[] } {
  const input = parseWorkload(text, seed);
  if (input === null) throw new Error(`${text} is no workload`);
  const records: Decoded[] = [];
  const sizes: number[] = [];
  for (const batch of workloadBatches(input)) {
    sizes.push(batch.count);
    const words = new BigUint64Array(batch.records.buffer, 0, batch.count);
    for (const word of words) {
      const kind = Number(word & BigInt(EVENT_KIND_MASK));
      records.push({ kind, address: word - BigInt(kind) });
    }
  }
  return { records, sizes };
}
