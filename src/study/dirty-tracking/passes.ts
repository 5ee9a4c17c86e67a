// Processes that go on while somebody asks again and again what they wrote.
//
//   precopy   a live migration: pass after pass is sent, until what is left fits the downtime; then it stands still
//   predump   CRIU: so many pre-dumps, then the dump, which copies while the process is frozen
//   store     keys by Zipf's law (octaves of ranks are equally likely), in a heap that grows by mmap behind itself
//   barrier   a garbage collector asks at each of many small collections, and reads what was written

import type { Tracker } from "../../tracker/types.js";
import { randomBelow } from "../../workload/random.js";
import { judge } from "../judge.js";
import { type Collected, Session } from "../session.js";
import type { PointResult, StudyMachine } from "../types.js";

/** What a process and its link are like. */
export interface PassValues {
  readonly pages: number;
  /** Cycles of the program's own work for each write. */
  readonly work: number;
  /** Bytes a microsecond. */
  readonly bandwidth: number;
  /** Microseconds. */
  readonly downtime: number;
  /** Pre-dumps and the dump. */
  readonly dumps: number;
  readonly seed: number;
}

/** Most passes of a migration; rounds of the others. */
const MOST_PASSES = 20;
const ROUNDS = 8;
/** Part of the heap that a round of the others writes, and by which the store grows. */
const ROUND_PART = 0.02;
/** Writes between two looks at the clock. */
const MOST_AT_ONCE = 64;
/** Cycles to read a cache line of what a collection found. */
const READ_LINE = 10;
const LINE = 64;

/** A process under way. */
class Passes {
  readonly session: Session;
  readonly collected: Collected[] = [];
  /** Cycles of its own work and of all that it took, and writes. */
  worked = 0;
  took = 0;
  private readonly below: (end: number) => number;
  private readonly cyclesPerMicrosecond: number;
  readonly pageBytes: number;

  constructor(
    { kernel }: StudyMachine,
    session: Session,
    readonly values: PassValues,
  ) {
    this.session = session;
    this.below = randomBelow(values.seed);
    this.cyclesPerMicrosecond = kernel.config.costs.clockMHz;
    this.pageBytes = kernel.config.page;
  }

  microseconds(cycles: number): number {
    return cycles / this.cyclesPerMicrosecond;
  }

  /** Microseconds that so many pages take on the link. */
  sending(pages: number): number {
    return (pages * this.pageBytes) / this.values.bandwidth;
  }

  /** A page by Zipf's law: each octave of ranks is as likely as the next. Ranks lie scattered. */
  private key(): number {
    const { start, end } = this.session;
    const pages = end - start;
    const octave = this.below(Math.floor(Math.log2(pages)));
    const rank = 2 ** octave + this.below(2 ** octave);
    return (rank * 7919) % pages;
  }

  /** So many writes. */
  write(count: number): void {
    const keys = Array.from({ length: count }, () => this.key());
    const { cycles } = this.session.write(keys, this.values.work);
    const work = count * this.values.work;
    this.worked += work;
    this.took += cycles + work;
  }

  /** Runs for so long: several writes at once while much is left, then one by one. */
  runFor(microseconds: number): void {
    const until = this.took + microseconds * this.cyclesPerMicrosecond;
    while (this.took < until) {
      const fit = Math.floor((until - this.took) / (4 * Math.max(1, this.values.work)));
      this.write(Math.max(1, Math.min(fit, MOST_AT_ONCE)));
    }
  }

  collect(): Collected {
    const collected = this.session.collect();
    this.collected.push(collected);
    return collected;
  }

  get slowdown(): number {
    return this.worked === 0 ? 1 : this.took / this.worked;
  }
}

type Figures = Record<string, number>;

function precopy(passes: Passes): Figures {
  const { pages, downtime } = passes.values;
  let [left, sent, rounds, total] = [pages, 0, 0, 0];
  let stop = 0;
  do {
    const time = passes.sending(left);
    passes.runFor(time);
    sent += left;
    total += time;
    rounds++;
    const { found, spent } = passes.collect();
    left = found;
    stop = passes.microseconds(spent.cycles);
  } while (passes.sending(left) > downtime && rounds < MOST_PASSES);
  const converged = passes.sending(left) <= downtime ? 1 : 0;
  const down = stop + passes.sending(left);
  return {
    rounds,
    converged,
    downtime_us: down,
    total_us: total + down,
    pages_sent: sent + left,
  };
}

/** Under the names of CRIU's statistics (stats-dump), in microseconds and pages. */
function predump(passes: Passes): Figures {
  const { pages, dumps } = passes.values;
  let [frozen, writing, written] = [0, passes.sending(pages), pages];
  passes.runFor(writing);
  for (let dump = 1; dump <= dumps; dump++) {
    const { found, spent } = passes.collect();
    const time = passes.sending(found);
    frozen += passes.microseconds(spent.cycles);
    writing += time;
    written += found;
    // The last dump copies while the process is frozen.
    if (dump < dumps) passes.runFor(time);
    else frozen += time;
  }
  const scanned = pages * dumps;
  return {
    frozen_time: frozen,
    memwrite_time: writing,
    pages_scanned: scanned,
    pages_skipped_parent: scanned + pages - written,
    pages_written: written,
  };
}

function store(passes: Passes): Figures {
  const { pages } = passes.values;
  const growth = Math.max(1, Math.floor(pages * ROUND_PART));
  const before = passes.session.mm.vmas.count;
  let most = before;
  for (let round = 0; round < ROUNDS; round++) {
    passes.session.grow(growth);
    passes.write(growth);
    most = Math.max(most, passes.session.mm.vmas.count);
    passes.collect();
  }
  const found = passes.collected.reduce((sum, each) => sum + each.found, 0);
  return { pages_found: found, vmas_more: most - before };
}

function barrier(passes: Passes): Figures {
  const { pages } = passes.values;
  const pauses: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    passes.write(Math.ceil(pages * ROUND_PART));
    const { found, spent } = passes.collect();
    const reading = found * (passes.pageBytes / LINE) * READ_LINE;
    pauses.push(passes.microseconds(spent.cycles + reading));
  }
  const sum = pauses.reduce((all, each) => all + each, 0);
  return { pause_us: sum / ROUNDS, longest_pause_us: Math.max(...pauses) };
}

export const PASSES: ReadonlyMap<string, (passes: Passes) => Figures> = new Map([
  ["precopy", precopy],
  ["predump", predump],
  ["store", store],
  ["barrier", barrier],
]);

/** Runs one. */
export function runPasses(
  machine: StudyMachine,
  tracker: Tracker,
  name: string,
  values: PassValues,
): PointResult {
  // One thread: the others would have clocks of their own.
  const session = new Session(machine, tracker, values.pages, 1);
  session.populate();
  const passes = new Passes(machine, session, values);
  session.arm();
  const figures = PASSES.get(name)?.(passes) ?? {};
  const { falsePositives, falseNegatives, rules, check } = judge(tracker, passes.collected);
  return {
    metrics: {
      ...figures,
      process_slowdown: passes.slowdown,
      false_positives: falsePositives,
      false_negatives: falseNegatives,
    },
    checks: [check],
    found: { rules: [...rules] },
  };
}
