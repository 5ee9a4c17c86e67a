// One round: all pages written, watched; a part of them written; collected, and copied to wherever they are wanted.

import type { Json } from "../../stats/report.js";
import type { Tracker } from "../../tracker/types.js";
import { shuffled } from "../../workload/random.js";
import { judge } from "../judge.js";
import type { Spent } from "../ledger.js";
import { type Collected, Session } from "../session.js";
import type { PointResult, StudyMachine } from "../types.js";

/** What is written. */
export interface RoundValues {
  readonly pages: number;
  /** Part of the pages that is written. */
  readonly dirty: number;
  /** Cycles of the program's own work for each page that it writes. */
  readonly work: number;
  readonly order: "random" | "ascending";
  /** Larger folios are asked for (madvise). */
  readonly huge: boolean;
  readonly seed: number;
}

/** The steps of a round, measured. */
interface Steps {
  readonly armed: Spent;
  readonly wrote: Spent;
  readonly collected: Collected;
  /** Pages written. */
  readonly count: number;
  /** VMAs more than before, at most. */
  readonly vmas: number;
}

/** Runs it. */
export function runRound(
  machine: StudyMachine,
  tracker: Tracker,
  values: RoundValues,
): PointResult {
  const session = new Session(machine, tracker, values.pages);
  if (values.huge) session.advise(values.pages, "hugepage");
  session.populate();
  const steps = played(session, values);
  const { falsePositives, falseNegatives, rules, check } = judge(tracker, [steps.collected]);
  return {
    metrics: {
      ...costs(steps, values, machine),
      false_positives: falsePositives,
      false_negatives: falseNegatives,
      ...traces(steps, session),
      metadata_bytes: tracker.bufferBytes(values.pages) + steps.vmas * VMA_BYTES,
    },
    checks: [check],
    found: {
      rules: [...rules],
      by: causes(steps, values.pages),
      groups: machine.kernel.foldsGroups,
    },
  };
}

/** Of a VMA, its place in the tree and in the anon_vma (src/kernel/cache-lines.ts). */
const VMA_BYTES = 320;

function played(session: Session, { pages, dirty, order, seed }: RoundValues): Steps {
  const { vmas } = session.mm;
  const before = vmas.count;
  const armed = session.arm();
  const count = Math.max(1, Math.floor(pages * dirty));
  const chosen = shuffled(pages, seed).subarray(0, count);
  const wrote = session.write(order === "random" ? chosen : chosen.sort());
  const more = vmas.count - before;
  return { armed, wrote, collected: session.collect(), count, vmas: more };
}

function costs(
  { armed, wrote, collected, count }: Steps,
  { pages, work }: RoundValues,
  { kernel }: StudyMachine,
): Record<string, number> {
  const { spent, found } = collected;
  const copy = found * (kernel.config.costs.events.page_copy?.cycles ?? 0);
  return {
    arm_cycles_per_page: armed.cycles / pages,
    write_cycles_per_written_page: wrote.cycles / count,
    collect_cycles_per_page: spent.cycles / pages,
    round_cycles_per_page: (wrote.cycles + spent.cycles + copy) / pages,
    writing_cycles: wrote.cycles + work * count,
    traps_per_written_page: (wrote.events.trap ?? 0) / count,
    found,
  };
}

/** What else a tracker leaves behind: locks, flushes, folds. */
function traces({ armed, wrote, collected, vmas }: Steps, { mm }: Session): Record<string, number> {
  const times = (...names: string[]): number =>
    [armed, wrote, collected.spent].reduce(
      (sum, { events }) => names.reduce((all, name) => all + (events[name] ?? 0), sum),
      0,
    );
  return {
    lock_held_cycles: mm.mmapLock.held,
    lock_longest_cycles: mm.mmapLock.longest,
    flushes_of_pages: times("tlb_flush_page", "tlb_flush_local"),
    flushes_of_spaces: times("tlb_flush_mm"),
    unfolds: times("contpte_unfold"),
    folds: times("contpte_fold"),
    splits: times("split_mapping"),
    vmas_more: vmas,
  };
}

/** Cycles by cause: for each page that was armed, written, collected. */
function causes({ armed, wrote, collected, count }: Steps, pages: number): Record<string, Json> {
  const each = ({ by }: Spent, of: number): Json =>
    Object.fromEntries(Object.entries(by).map(([name, cycles]) => [name, cycles / of]));
  return {
    arm: each(armed, pages),
    write: each(wrote, count),
    collect: each(collected.spent, pages),
  };
}
