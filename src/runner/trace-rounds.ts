// Reads a trace file for a study that wants it in rounds.

import { type Cut, RoundCutter, type TraceRounds } from "../study/trace-rounds.js";
import type { StudyTrace } from "../study/types.js";
import { AUTO_FORMAT, formatNamed } from "../trace/formats.js";
import { readTrace } from "../trace/index.js";
import { checkReadable } from "../trace/open.js";
import { packageFile } from "./package-files.js";

/** Traces that ship, by the names under which studies know them. */
const SHIPPED: ReadonlyMap<string, string> = new Map([["sort", "test/data/traces/sort.lackey.gz"]]);

/** The file that a study's trace stands for: one that ships, else a path. */
function fileOf({ path }: StudyTrace): string {
  const shipped = SHIPPED.get(path);
  return shipped === undefined ? path : packageFile(shipped);
}

/**
 * Sees, before anything runs, that the trace is there, and its format known.
 * @throws MmulateError INPUT; USAGE
 */
export async function checkTrace(trace: StudyTrace): Promise<void> {
  if (trace.format !== AUTO_FORMAT) formatNamed(trace.format);
  await checkReadable(fileOf(trace));
}

/** What was read last: points of a study come by the dozen, and want the same. */
let latest: { readonly of: string; readonly rounds: TraceRounds } | undefined;

/**
 * Reads as much of a trace as its rounds need, in the memory of the pages they write.
 * @throws MmulateError INPUT where it is damaged; USAGE for an unknown format
 */
export async function traceRounds(trace: StudyTrace, pageShift: number): Promise<TraceRounds> {
  const path = fileOf(trace);
  const { accesses, rounds, format } = trace;
  const cut: Cut = { accesses, rounds, pageShift };
  const of = JSON.stringify([path, format, cut]);
  if (latest?.of === of) return latest.rounds;
  const cutter = new RoundCutter(cut);
  for await (const batch of readTrace(path, { format, accesses: "all", split: true, pageShift })) {
    cutter.add(batch.records, batch.count);
    if (cutter.full) break;
  }
  const cutOff = cutter.finish();
  latest = { of, rounds: cutOff };
  return cutOff;
}
