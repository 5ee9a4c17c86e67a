// One round: all pages written, watched; a part of them written; collected, and copied to wherever they are wanted.

import type { Json } from "../../stats/report.js";
import type { Tracker } from "../../tracker/types.js";
import { judge } from "../judge.js";
import type { Spent } from "../ledger.js";
import { LOCALITIES } from "../locality.js";
import { type Collected, Session } from "../session.js";
import type { PointResult, StudyMachine } from "../types.js";

/** What is written. */
export interface RoundValues {
  readonly pages: number;
  /** Part of the pages that is written. */
  readonly dirty: number;
  /** Cycles of the program's own work for each page that it writes. */
  readonly work: number;
  /** Of `LOCALITIES`. */
  readonly locality: string;
  readonly ascending: boolean;
  /** Larger folios are asked for (madvise). */
  readonly huge: boolean;
  readonly threads: number | undefined;
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
  const session = new Session(machine, tracker, values.pages, values.threads);
  if (values.huge) session.advise(values.pages, "hugepage");
  session.populate();
  const steps = played(session, values);
  const { armed, wrote, collected, vmas } = steps;
  const { falsePositives, falseNegatives, rules, check } = judge(tracker, [collected]);
  return {
    metrics: {
      ...costs(steps, values, machine),
      false_positives: falsePositives,
      false_negatives: falseNegatives,
      ...traces([armed, wrote, collected.spent], session),
      vmas_more: vmas,
      metadata_bytes: tracker.bufferBytes(values.pages) + vmas * VMA_BYTES,
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

function played(session: Session, values: RoundValues): Steps {
  const { pages, dirty, locality, ascending, work, seed } = values;
  const { vmas } = session.mm;
  const before = vmas.count;
  const armed = session.arm();
  const count = Math.max(1, Math.floor(pages * dirty));
  const chosen = LOCALITIES.get(locality)?.(pages, count, seed) ?? new Uint32Array();
  const wrote = session.write(ascending ? chosen.sort() : chosen, work);
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

/** What else a tracker leaves behind: locks, flushes, folds; what other CPUs were asked for, where there are some. */
export function traces(steps: readonly Spent[], { mm, machine }: Session): Record<string, number> {
  const times = (...names: string[]): number =>
    steps.reduce(
      (sum, { events }) => names.reduce((all, name) => all + (events[name] ?? 0), sum),
      0,
    );
  const parallel = machine.kernel.clocks.cpus > 1;
  return {
    lock_held_cycles: mm.mmapLock.held,
    lock_longest_cycles: mm.mmapLock.longest,
    ...(parallel && { lock_waited_cycles: steps.reduce((sum, { waited }) => sum + waited, 0) }),
    flushes_of_pages: times("tlb_flush_page", "tlb_flush_local"),
    flushes_of_spaces: times("tlb_flush_mm"),
    ...(parallel && { shootdowns: times("shootdown"), ipis: times("ipi") }),
    unfolds: times("contpte_unfold"),
    folds: times("contpte_fold"),
    splits: times("split_mapping"),
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
