// A real program's writes, cut into rounds: what its trace touches is memory of a process, and each round writes the
// pages that the trace writes in so many accesses.
//
//   trace   0x1f000.. 0x1f010..          0x7ff40..        page numbers, far from each other
//   heap    [ 16 pages      ][ 16 pages      ]            blocks with a page that is touched, one behind the other
//
// Before anybody watches, pages that the trace ever writes were written, all others read: fetches and reads bring pages
// in, and change none. Within a round the first write of a page is played; what comes behind it asks nobody.

import { MmulateError } from "../../errors.js";
import type { Tracker } from "../../tracker/types.js";
import { judge } from "../judge.js";
import { type Collected, Session } from "../session.js";
import type { TraceRounds } from "../trace-rounds.js";
import type { PointResult, StudyMachine } from "../types.js";
import { traces } from "./round.js";

/** Base pages that stay together: a contiguous group; with huge folios, what a table has. */
const BLOCK = 16;
/** Cycles of the program's own for each access: about one instruction. */
const ACCESS_CYCLES = 1;

/** How the trace is played. */
export interface TraceValues {
  readonly trace: TraceRounds | undefined;
  /** Larger folios are asked for (madvise). */
  readonly folio: string;
}

/** Where pages of the trace lie in the heap. */
class Places {
  private readonly places = new Map<number, number>();
  readonly size: number;

  constructor(
    pages: readonly number[],
    private readonly block: number,
  ) {
    for (const page of pages) {
      const at = Math.floor(page / block);
      if (!this.places.has(at)) this.places.set(at, this.places.size * block);
    }
    this.size = this.places.size * block;
  }

  of(page: number): number {
    return (this.places.get(Math.floor(page / this.block)) ?? 0) + (page % this.block);
  }
}

/** Runs it. */
export function runTrace(
  machine: StudyMachine,
  tracker: Tracker,
  { trace, folio }: TraceValues,
): PointResult {
  if (trace === undefined) throw new MmulateError("INTERNAL", "no trace was read");
  const { kernel, player } = machine;
  const places = new Places(trace.pages, folio === "2m" ? kernel.entriesPerTable : BLOCK);
  const session = new Session(machine, tracker, places.size, 1);
  if (folio !== "4k") session.advise(places.size, "hugepage");
  const everWritten = new Set(trace.rounds.flatMap(({ written }) => written));
  for (const page of trace.pages) {
    const value = everWritten.has(page) ? 1 : undefined;
    player.touch(session.process, session.start + places.of(page), value);
  }
  const armed = session.arm();
  const rounds = trace.rounds.map(({ written }) => {
    const wrote = session.write(written.map((page) => places.of(page)));
    return { wrote, collected: session.collect() };
  });
  const collected = rounds.map((round) => round.collected);
  const { falsePositives, falseNegatives, rules, check } = judge(tracker, collected);
  const steps = [armed, ...rounds.flatMap((round) => [round.wrote, round.collected.spent])];
  return {
    metrics: {
      ...figures(trace, rounds, places.size, machine),
      false_positives: falsePositives,
      false_negatives: falseNegatives,
      ...traces(steps, session),
    },
    checks: [check],
    found: { rules: [...rules] },
  };
}

interface Played {
  readonly wrote: { readonly cycles: number; readonly events: Readonly<Record<string, number>> };
  readonly collected: Collected;
}

const sumOf = <T>(list: readonly T[], of: (each: T) => number): number =>
  list.reduce((sum, each) => sum + of(each), 0);

function figures(
  { rounds, pages }: TraceRounds,
  played: readonly Played[],
  heap: number,
  { kernel }: StudyMachine,
): Record<string, number> {
  const written = sumOf(rounds, (round) => round.written.length);
  const accesses = sumOf(rounds, (round) => round.accesses);
  const writing = sumOf(played, ({ wrote }) => wrote.cycles);
  const collecting = sumOf(played, ({ collected }) => collected.spent.cycles);
  const found = sumOf(played, (round) => round.collected.found);
  const copying = found * (kernel.config.costs.events.page_copy?.cycles ?? 0);
  return {
    rounds: rounds.length,
    pages_touched: pages.length,
    heap_pages: heap,
    written_per_round: written / rounds.length,
    write_cycles_per_written_page: writing / Math.max(1, written),
    collect_cycles_per_page: collecting / (heap * rounds.length),
    cycles_per_round: (writing + collecting + copying) / rounds.length,
    writing_cycles: writing + accesses * ACCESS_CYCLES,
    traps_per_written_page:
      sumOf(played, ({ wrote }) => wrote.events.trap ?? 0) / Math.max(1, written),
    found,
  };
}
