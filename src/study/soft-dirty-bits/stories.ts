// What befalls a soft-dirty bit: small stories on a heap that soft-dirty watches.

import { mprotect } from "../../kernel/mprotect.js";
import { VM_READ, VM_WRITE } from "../../kernel/vm-flags.js";
import { Pte } from "../../layout/linux-flags.js";
import { countOf, type Tracker } from "../../tracker/types.js";
import { uffdAsync } from "../../tracker/uffd-async.js";
import { judge } from "../judge.js";
import { type Collected, Session } from "../session.js";
import type { PointResult, StudyMachine } from "../types.js";

/** A story. */
export interface Story {
  readonly means: string;
  /** Folios of the heap. */
  readonly folio?: "64k" | "2m";
  /** What happens; the last collection follows. Returns collections before that, and figures of its own. */
  readonly happens: (session: Session) => Told;
}

interface Told {
  readonly collected?: readonly Collected[];
  readonly metrics?: Readonly<Record<string, number>>;
}

/** Pages of the heap, and those written of it. */
const HEAP = 2048;
const WRITTEN = Array.from({ length: 32 }, (_, i) => i * 63);
/** Base pages of 64 KiB. */
const BLOCK = 16;
const FIRST_OF_BLOCKS = Array.from({ length: HEAP / BLOCK }, (_, i) => i * BLOCK);

function protect({ machine, mm, start, end }: Session, access: number): void {
  mprotect(machine.kernel, mm, start, end, access);
}

function readAll({ machine, process, start, end }: Session): void {
  for (let page = start; page < end; page++) machine.player.touch(process, page);
}

/** Contiguous groups that are folded now. */
function foldedGroups({ machine, mm, start, end }: Session): number {
  const { exports } = machine.kernel.mmu;
  let folded = 0;
  for (let page = start; page < end; page += BLOCK) {
    const slot = exports.findEntry(mm.root, page, 0) >>> 0;
    if (slot !== 0 && (exports.entryFlags(slot) & Pte.contiguous) !== 0) folded++;
  }
  return folded;
}

export const STORIES: ReadonlyMap<string, Story> = new Map<string, Story>([
  [
    "write",
    {
      means: "some pages are written",
      happens(session) {
        session.write(WRITTEN);
        return {};
      },
    },
  ],
  [
    "swap",
    {
      means: "written pages go to swap before anybody asks",
      happens(session) {
        session.write(WRITTEN);
        session.advise(HEAP, "pageout");
        return {};
      },
    },
  ],
  [
    "swap-clean",
    {
      means: "clean pages go to swap and come back by being read",
      happens(session) {
        session.advise(HEAP, "pageout");
        readAll(session);
        return {};
      },
    },
  ],
  [
    "prot-none",
    {
      means: "written pages lose all rights, are asked for, and get them back",
      happens(session) {
        session.write(WRITTEN);
        protect(session, 0);
        const hidden = session.collect();
        protect(session, VM_READ | VM_WRITE);
        session.write([1, 2, 3]);
        return { collected: [hidden] };
      },
    },
  ],
  [
    "uffd-wp",
    {
      means: "asynchronous userfaultfd write-protection watches the same pages",
      happens(session) {
        const { kernel } = session.machine;
        const watched = { kernel, mm: session.mm, start: session.start, end: session.end };
        uffdAsync.arm(watched);
        session.write(WRITTEN);
        const told = uffdAsync.collect(watched, { segv: [], messages: [] });
        return { metrics: { uffd_wp_found: countOf(told) } };
      },
    },
  ],
  [
    "contpte",
    {
      means:
        "one page of every 64 KiB is written; then the heap becomes read-only and writable again",
      folio: "64k",
      happens(session) {
        session.write(FIRST_OF_BLOCKS);
        protect(session, VM_READ);
        const readOnly = foldedGroups(session);
        protect(session, VM_READ | VM_WRITE);
        const writable = foldedGroups(session);
        return { metrics: { folded_read_only: readOnly, folded_writable: writable } };
      },
    },
  ],
  [
    "thp",
    {
      means: "one page of every huge page is written",
      folio: "2m",
      happens(session) {
        const size = session.machine.kernel.entriesPerTable;
        session.write(Array.from({ length: HEAP / size }, (_, i) => i * size));
        return {};
      },
    },
  ],
  [
    "thp-split",
    {
      means:
        "huge pages are split by a part that becomes read-only; then one page of each is written",
      folio: "2m",
      happens(session) {
        const { machine, mm, start } = session;
        const size = machine.kernel.entriesPerTable;
        const firsts = Array.from({ length: HEAP / size }, (_, i) => i * size);
        for (const first of firsts) {
          mprotect(machine.kernel, mm, start + first + 8, start + first + 16, VM_READ);
        }
        session.write(firsts);
        return {};
      },
    },
  ],
  [
    "collapse",
    {
      means: "one page is written, then base pages around it become a huge one",
      happens(session) {
        session.write([1]);
        session.advise(session.machine.kernel.entriesPerTable, "collapse");
        return {};
      },
    },
  ],
]);

/** Plays one under soft-dirty. */
export function playStory(machine: StudyMachine, tracker: Tracker, story: Story): PointResult {
  const session = new Session(machine, tracker, HEAP);
  if (story.folio !== undefined) session.advise(HEAP, "hugepage");
  session.populate();
  session.arm();
  let told: Told = {};
  const collections: Collected[] = [];
  const spent = session.ledger.measure(() => {
    told = story.happens(session);
    collections.push(...(told.collected ?? []), session.collect());
  });
  const { falsePositives, falseNegatives, rules, check } = judge(tracker, collections);
  const times = (...names: string[]): number =>
    names.reduce((sum, name) => sum + (spent.events[name] ?? 0), 0);
  return {
    metrics: {
      false_positives: falsePositives,
      false_negatives: falseNegatives,
      traps: times("trap"),
      folds: times("contpte_fold"),
      unfolds: times("contpte_unfold"),
      tlb_flushes: times("tlb_flush_page", "tlb_flush_local", "tlb_flush_mm", "contpte_flush"),
      cycles: Math.round(spent.cycles),
      metadata_bytes: machine.kernel.beside === null ? 0 : HEAP / 8,
      ...told.metrics,
    },
    checks: [check],
    found: { rules: [...rules] },
  };
}
