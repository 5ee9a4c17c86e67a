// Sentences about trackers that the figures must bear out.

import type { CellResult, StudyClaim } from "../../stats/report.js";
import type { CommandOf } from "../types.js";

/** Times that a real machine took longer for a first write under each tracker than under uffd-async. */
const MEASURED: ReadonlyMap<string, number> = new Map([
  ["mprotect", 3004.05 / 610.7],
  ["uffd-sync", 3831.63 / 610.7],
]);
/** A factor is "about" another within this part of it, as predicted figures of the calibration are. */
const ABOUT = 0.25;

const written = ({ metrics }: CellResult): number => metrics.write_cycles_per_written_page ?? 0;

/** A point of a sweep over prices: what a real machine measured is said of one of them. */
function isPriced({ labels }: CellResult): boolean {
  return Object.keys(labels).some((name) => name.startsWith("costs."));
}

/** Claims for which the cells that they are about are there. */
export function priceClaims(all: readonly CellResult[], commandOf: CommandOf): StudyClaim[] {
  const cells = all.filter((cell) => !isPriced(cell));
  return [...MEASURED].flatMap(([tracker, factor]) => {
    const real = `${factor.toFixed(1)} times on a real machine`;
    const asMeasured = { tracker: [tracker, "uffd-async"], workload: "in-order" };
    return [
      ...claim(factorsOf(cells, tracker, wasMeasured), (least, most) => ({
        id: `async-beats-${tracker}-as-measured`,
        text: `Every page written in address order: a first write costs ${timesOf(least, most)} as much under ${tracker} as under uffd-async (${real}).`,
        holds: least > factor * (1 - ABOUT) && most < factor * (1 + ABOUT),
        command: commandOf(asMeasured),
      })),
      ...claim(factorsOf(cells, tracker, isRandom), (least, most) => ({
        id: `async-beats-${tracker}`,
        text: `In random order: ${timesOf(least, most)}, not less than that.`,
        holds: least > factor,
        command: commandOf({ tracker: [tracker, "uffd-async"] }),
      })),
    ];
  });
}

/** What was measured: every page, in address order. */
function wasMeasured({ labels: { workload } }: CellResult): boolean {
  return workload === "in-order";
}

const isRandom = ({ labels: { workload, order } }: CellResult): boolean =>
  workload === "round" && order === "random";

const timesOf = (least: number, most: number): string =>
  `${least.toFixed(1)} to ${most.toFixed(1)} times`;

function claim(
  times: readonly number[],
  say: (least: number, most: number) => StudyClaim,
): StudyClaim[] {
  return times.length === 0 ? [] : [say(Math.min(...times), Math.max(...times))];
}

/** How many times as much a first write costs as under uffd-async, at every such point that has both. */
function factorsOf(
  cells: readonly CellResult[],
  tracker: string,
  isMeant: (cell: CellResult) => boolean,
): number[] {
  const own = cells.filter((cell) => cell.labels.tracker === tracker && isMeant(cell));
  return own.flatMap((cell) => {
    const other = sibling(cells, cell, "uffd-async");
    return other === undefined ? [] : [written(cell) / written(other)];
  });
}

/** The cell that differs from another in its tracker alone. */
export function sibling(
  cells: readonly CellResult[],
  { labels }: CellResult,
  tracker: string,
): CellResult | undefined {
  return cells.find((cell) =>
    Object.entries(labels).every(
      ([name, value]) => cell.labels[name] === (name === "tracker" ? tracker : value),
    ),
  );
}

/** A sentence about stories, and what it says of each of their points. */
interface Told {
  readonly id: string;
  readonly text: string;
  readonly workload: readonly string[];
  readonly tracker: readonly string[];
  readonly holds: (metrics: CellResult["metrics"]) => boolean;
}

const SOFT_DIRTY = ["soft-dirty", "soft-dirty-scan"];
const STORIES = ["merge", "discard", "move-table", "move-part", "collapse"];
const none =
  (name: string) =>
  (metrics: CellResult["metrics"]): boolean =>
    metrics[name] === 0;
const some =
  (name: string) =>
  (metrics: CellResult["metrics"]): boolean =>
    (metrics[name] ?? 0) > 0;

const TOLD: readonly Told[] = [
  {
    id: "merge-false-positive",
    text: "Memory mapped right behind a tracked mapping merges with it and makes all of it soft-dirty (as seen in November 2022).",
    workload: ["merge"],
    tracker: SOFT_DIRTY,
    holds: some("false_positives"),
  },
  {
    id: "growing-heap-all-dirty",
    text: "A heap that grows by mmap behind itself is soft-dirty as a whole, each time: soft-dirty is a full copy then.",
    workload: ["store"],
    tracker: SOFT_DIRTY,
    holds: some("false_positives"),
  },
  {
    id: "growing-heap-exact",
    text: "uffd-async and mprotect report of that heap what was written.",
    workload: ["store"],
    tracker: ["uffd-async", "mprotect"],
    holds: (metrics) => none("false_negatives")(metrics) && none("false_positives")(metrics),
  },
  {
    id: "soft-dirty-misses-discard",
    text: "Soft-dirty does not see MADV_DONTNEED.",
    workload: ["discard"],
    tracker: SOFT_DIRTY,
    holds: some("false_negatives"),
  },
  {
    id: "soft-dirty-misses-moved-tables",
    text: "Soft-dirty does not see mremap where whole tables move.",
    workload: ["move-table"],
    tracker: SOFT_DIRTY,
    holds: some("false_negatives"),
  },
  {
    id: "soft-dirty-sees-moved-entries",
    text: "Soft-dirty sees mremap where entries move one by one.",
    workload: ["move-part"],
    tracker: SOFT_DIRTY,
    holds: none("false_negatives"),
  },
  {
    id: "collapse-false-positive",
    text: "A huge page made by MADV_COLLAPSE is soft-dirty as a whole.",
    workload: ["collapse"],
    tracker: SOFT_DIRTY,
    holds: some("false_positives"),
  },
  {
    id: "async-exact",
    text: "uffd-async reports in all these stories what changed, and nothing else.",
    workload: STORIES,
    tracker: ["uffd-async"],
    holds: (metrics) => none("false_negatives")(metrics) && none("false_positives")(metrics),
  },
  {
    id: "two-calls-lose-races",
    text: "Where nobody stops the process, trackers that read in one call and clear in another lose pages written in between.",
    workload: ["race"],
    tracker: [...SOFT_DIRTY, "uffd-async-sd"],
    holds: some("false_negatives"),
  },
  {
    id: "one-step-loses-none",
    text: "Those that read and protect in one step, or are told of each write, lose none.",
    workload: ["race"],
    tracker: ["uffd-async", "uffd-sync", "mprotect", "hw-log", "hw-sweep"],
    holds: none("false_negatives"),
  },
  {
    id: "trace-exact",
    text: "Of a real program's writes, every tracker reports each page, and none too many.",
    workload: ["trace"],
    tracker: [...SOFT_DIRTY, "mprotect", "uffd-sync", "uffd-async", "uffd-async-sd", "hw-log"],
    holds: (metrics) => none("false_negatives")(metrics) && none("false_positives")(metrics),
  },
  {
    id: "hardware-over-reports-groups",
    text: "The hardware's dirty state is one for a contiguous group: a sweep of it reports groups, not pages.",
    workload: ["large-folios"],
    tracker: ["hw-sweep"],
    holds: some("false_positives"),
  },
  {
    id: "large-folios-unfold",
    text: "With folios of 64 KiB, a write under uffd-async unfolds its block where the architecture has contiguous groups.",
    workload: ["large-folios"],
    tracker: ["uffd-async"],
    holds: some("unfolds"),
  },
];

/** Claims about the stories that were run, under the kernel's own rules. */
export function storyClaims(
  stories: readonly CellResult[],
  rounds: readonly CellResult[],
  commandOf: CommandOf,
): StudyClaim[] {
  const folded = rounds.filter(
    ({ labels, found }) => labels.folio === "64k" && found?.groups === true,
  );
  const passes = stories.filter(({ labels }) => !("vmSoftDirty" in labels));
  const own = stories.filter(({ labels }) => labels.vmSoftDirty === "version");
  return TOLD.flatMap(({ id, text, workload, tracker, holds }) => {
    const meant = [...own, ...folded, ...passes].filter(
      ({ labels }) =>
        workload.includes(labels.workload ?? "") && tracker.includes(labels.tracker ?? ""),
    );
    if (meant.length === 0) return [];
    const command = commandOf({ tracker, workload });
    return [{ id, text, holds: meant.every(({ metrics }) => holds(metrics)), command }];
  });
}
