// One round: all pages written, watched; a part of them written at random; collected.

import type { Json } from "../../stats/report.js";
import type { Tracker } from "../../tracker/types.js";
import { shuffled } from "../../workload/random.js";
import type { Spent } from "../ledger.js";
import type { PointResult, StudyMachine } from "../types.js";
import { judge } from "./judge.js";
import { Session } from "./session.js";

/** In which order. */
export type Order = "random" | "ascending";

/** What is written. */
export interface RoundValues {
  readonly pages: number;
  /** Part of the pages that is written. */
  readonly dirty: number;
  /** Cycles of the program's own work for each page that it writes. */
  readonly work: number;
  readonly order: Order;
  readonly seed: number;
}

/** Runs it. */
export function runRound(
  machine: StudyMachine,
  tracker: Tracker,
  { pages, dirty, work, order, seed }: RoundValues,
): PointResult {
  const session = new Session(machine, tracker, pages);
  session.populate();
  const { vmas } = session.mm;
  const vmasBefore = vmas.count;
  const armed = session.arm();
  const count = Math.max(1, Math.floor(pages * dirty));
  const chosen = shuffled(pages, seed).subarray(0, count);
  const wrote = session.write(order === "random" ? chosen : chosen.sort());
  const vmasMost = vmas.count - vmasBefore;
  const collected = session.collect();
  const { falsePositives, falseNegatives, rules, check } = judge(tracker, [collected]);
  const lock = session.mm.mmapLock;
  const flushes = (name: string): number =>
    [armed, wrote, collected.spent].reduce((sum, { events }) => sum + (events[name] ?? 0), 0);
  return {
    metrics: {
      arm_cycles_per_page: armed.cycles / pages,
      write_cycles_per_written_page: wrote.cycles / count,
      writing_cycles: wrote.cycles + work * count,
      collect_cycles_per_page: collected.spent.cycles / pages,
      traps_per_written_page: (wrote.events.trap ?? 0) / count,
      found: collected.found,
      false_positives: falsePositives,
      false_negatives: falseNegatives,
      lock_longest_cycles: lock.longest,
      flushes_of_pages: flushes("tlb_flush_page") + flushes("tlb_flush_local"),
      flushes_of_spaces: flushes("tlb_flush_mm"),
      vmas_more: vmasMost,
    },
    checks: [check],
    found: {
      rules: [...rules],
      by: {
        arm: causes(armed, pages),
        write: causes(wrote, count),
        collect: causes(collected.spent, pages),
      },
    },
  };
}

/** Cycles by cause, for each page. */
function causes({ by }: Spent, pages: number): { readonly [name: string]: Json } {
  return Object.fromEntries(Object.entries(by).map(([name, cycles]) => [name, cycles / pages]));
}
