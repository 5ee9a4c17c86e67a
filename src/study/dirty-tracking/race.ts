// A process that nobody stops: its threads write on while the collector, on a CPU of its own, asks what they wrote.
//
//   threads     w w w w w w w w w w w w w w w w
//   collector        read | clear                    what is written behind the read and before the clear is lost
//                    scan and protect                table by table under its lock: nothing is
//
// In the end the threads stop, and a last collection must tell what is left. Behind each page table that a call has
// looked at, writers go on (Kernel.meanwhile); calls that keep faults out are played as one.

import type { Tracker } from "../../tracker/types.js";
import { randomBelow } from "../../workload/random.js";
import { judge } from "../judge.js";
import { type Collected, Session } from "../session.js";
import type { PointResult, StudyMachine } from "../types.js";
import { traces } from "./round.js";

/** What the threads do, and how often they are asked. */
export interface RaceValues {
  readonly pages: number;
  /** Writes between two collections, as a part of the pages. */
  readonly dirty: number;
  /** Cycles of a thread's own between two of its writes. */
  readonly work: number;
  readonly rounds: number;
  readonly huge: boolean;
  readonly threads: number | undefined;
  readonly seed: number;
}

/** Runs it. */
export function runRace(machine: StudyMachine, tracker: Tracker, values: RaceValues): PointResult {
  const { pages, dirty, work, rounds, huge, threads } = values;
  const session = new Session(machine, tracker, pages, threads);
  if (huge) session.advise(pages, "hugepage");
  session.populate();
  const armed = session.arm();
  const below = randomBelow(values.seed);
  let writes = 0;
  const next = (): number => {
    writes++;
    return below(pages);
  };
  const { cpus } = session.writers;
  const time = (): number => cpus.reduce((sum, cpu) => sum + machine.kernel.clocks.of(cpu), 0);
  const count = Math.max(1, Math.floor(pages * dirty));
  const collected: Collected[] = [];
  const steps = [armed];
  const before = time();
  let among = 0;
  for (let round = 0; round < rounds; round++) {
    steps.push(session.write(Array.from({ length: count }, next), work));
    const written = writes;
    collected.push(session.collectAmong(next, work));
    among += writes - written;
  }
  const took = time() - before;
  collected.push(session.collect());
  steps.push(...collected.map(({ spent }) => spent));
  const { falsePositives, falseNegatives, rules, check } = judge(tracker, collected);
  return {
    metrics: {
      writes,
      writes_while_collecting: among,
      found: collected.reduce((sum, { found }) => sum + found, 0),
      false_positives: falsePositives,
      false_negatives: falseNegatives,
      ...traces(steps, session),
      ...slowdownOf(took, writes * work),
    },
    checks: [check],
    found: { rules: [...rules] },
  };
}

/** On one CPU the threads' own work is on no clock. */
function slowdownOf(took: number, worked: number): Record<string, number> {
  return { process_slowdown: took > worked && worked > 0 ? took / worked : 1 };
}
