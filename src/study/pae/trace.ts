// A real program's writes as a workload: a child is forked before each round of the trace and ends behind it, and the
// process writes what the trace writes in that round. Pages that it touches lie one behind the other.

import { MmulateError } from "../../errors.js";
import type { TraceRounds } from "../trace-rounds.js";

/** Base pages that stay together, as in a folio. */
const BLOCK = 16;

/** Base pages of the mapping, and the script. */
export interface TraceScript {
  readonly pages: number;
  readonly lines: readonly string[];
}

/** The script of a trace. */
export function scriptOfTrace(trace: TraceRounds | undefined): TraceScript {
  if (trace === undefined) throw new MmulateError("INTERNAL", "no trace was read");
  const places = new Map<number, number>();
  for (const page of trace.pages) {
    const block = Math.floor(page / BLOCK);
    if (!places.has(block)) places.set(block, places.size * BLOCK);
  }
  const placeOf = (page: number): number =>
    (places.get(Math.floor(page / BLOCK)) ?? 0) + (page % BLOCK);
  const lines = trace.rounds.flatMap(({ written }, i) => [
    `fork c${i}`,
    ...written.map((page) => `write A ${placeOf(page)} 1`),
    `exit c${i}`,
  ]);
  return { pages: places.size * BLOCK, lines };
}
