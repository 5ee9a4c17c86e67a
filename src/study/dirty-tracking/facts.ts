// Small stories in which one tracker or another is known to say too much or too little. Each changes a few pages of a
// watched heap; the oracle says which.

import { mremap } from "../../kernel/mremap.js";
import type { Tracker } from "../../tracker/types.js";
import { judge } from "../judge.js";
import { Session } from "../session.js";
import type { PointResult, StudyMachine } from "../types.js";

interface Fact {
  readonly means: string;
  /** Before anybody watches. */
  readonly prepare?: (session: Session) => void;
  /** While the heap is watched. */
  readonly happens: (session: Session) => void;
}

/** Pages of the heap; pages that a story changes. */
const HEAP = 2048;
const SOME = 16;

/** Base pages under one last-level table. */
const tableOf = ({ machine }: Session): number => machine.kernel.entriesPerTable;

/** Moves pages from outside of the heap over its first ones. */
function moveIn(session: Session, pages: number): void {
  const { machine, mm, start } = session;
  mremap(machine.kernel, mm, { start: session.outside, pages, to: start, keep: false });
  session.written.change(start, start + pages, "move");
}

export const FACTS: ReadonlyMap<string, Fact> = new Map<string, Fact>([
  [
    "merge",
    {
      means: "memory is mapped right behind the heap; one page is written",
      happens(session) {
        session.map(session.end, SOME);
        session.write([0]);
      },
    },
  ],
  [
    "merges",
    {
      means: "a hundred times, memory is mapped right behind, and all of it is read",
      happens(session) {
        const { player } = session.machine;
        for (let i = 0; i < 100; i++) {
          session.map(session.end + i * SOME, SOME);
          player.touch(session.process, session.end + i * SOME);
        }
      },
    },
  ],
  [
    "discard",
    {
      means: "pages are given back (MADV_DONTNEED) and read as zeroes",
      happens(session) {
        const { start } = session;
        session.advise(SOME, "dontneed");
        session.written.change(start, start + SOME, "discard");
      },
    },
  ],
  [
    "move-table",
    {
      means: "as many pages as a whole table has are moved over the heap's first ones (mremap)",
      prepare: (session) => session.mapOutside(tableOf(session)),
      happens: (session) => moveIn(session, tableOf(session)),
    },
  ],
  [
    "move-part",
    {
      means: "fewer pages than a table has are moved over the heap's first ones",
      prepare: (session) => session.mapOutside(SOME),
      happens: (session) => moveIn(session, SOME),
    },
  ],
  [
    "collapse",
    {
      means: "one page is written, then base pages around it become a huge one (MADV_COLLAPSE)",
      happens(session) {
        session.write([1]);
        session.advise(tableOf(session), "collapse");
      },
    },
  ],
]);

/** Runs one. */
export function runFact(machine: StudyMachine, tracker: Tracker, name: string): PointResult {
  const fact = FACTS.get(name);
  const session = new Session(machine, tracker, HEAP);
  session.populate();
  fact?.prepare?.(session);
  session.arm();
  const { vmas } = session.mm;
  const before = vmas.count;
  fact?.happens(session);
  const more = vmas.count - before;
  const { falsePositives, falseNegatives, rules, check } = judge(tracker, [session.collect()]);
  return {
    metrics: { false_positives: falsePositives, false_negatives: falseNegatives, vmas_more: more },
    checks: [check],
    found: { rules: [...rules] },
  };
}
