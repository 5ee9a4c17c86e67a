// What the points say together: rows, verdicts and claims.

import type { CellResult, StudyRow, StudyVerdict } from "../../stats/report.js";
import type { CommandOf, StudyEnd } from "../types.js";
import { priceClaims, sibling, storyClaims } from "./claims.js";
import { crossovers } from "./crossovers.js";

/** Rows of the points that ran, verdicts on those that could not and on stories, and claims. */
export function assemble(cells: readonly CellResult[], commandOf: CommandOf): StudyEnd {
  const ran = cells.filter(({ found }) => found?.refused === undefined);
  const rounds = ran.filter(isRound);
  const traces = ran.filter(isTrace);
  const stories = ran.filter(({ labels }) => "vmSoftDirty" in labels);
  const passes = ran.filter(({ metrics }) => "process_slowdown" in metrics);
  return {
    rows: [
      ...rounds.map((cell) => rowOf(cell, rounds)),
      ...traces.map((cell) => rowOf(cell, traces)),
      ...passes.map(({ labels, metrics }) => ({ keys: labels, metrics })),
      ...causeRows(rounds),
      ...alike(stories.map(({ labels, metrics }) => ({ keys: labels, metrics }))),
    ],
    verdicts: [
      ...crossovers(rounds, commandOf),
      ...alike(stories.flatMap((cell) => storyVerdict(cell, commandOf))),
      ...refusals(cells, commandOf),
    ],
    claims: [
      ...priceClaims(rounds, commandOf),
      ...storyClaims([...stories, ...passes, ...traces], rounds, commandOf),
    ],
  };
}

const isRound = ({ metrics }: CellResult): boolean => "round_cycles_per_page" in metrics;
const isTrace = ({ metrics }: CellResult): boolean => "cycles_per_round" in metrics;

/** What differs in the architecture alone, as one. */
function alike<T extends { readonly keys: Readonly<Record<string, string>> }>(
  list: readonly T[],
): T[] {
  const told = new Map<string, T>();
  for (const each of list) {
    const { arch = "", ...keys } = each.keys;
    const name = JSON.stringify({ ...each, command: "", keys });
    const before = told.get(name);
    const archs = before === undefined ? arch : `${before.keys.arch}, ${arch}`;
    told.set(name, { ...(before ?? each), keys: { ...each.keys, arch: archs } });
  }
  return [...told.values()];
}

function rowOf(cell: CellResult, rounds: readonly CellResult[]): StudyRow {
  const base = sibling(rounds, cell, "none")?.metrics.writing_cycles;
  const { writing_cycles: own = 0, ...metrics } = cell.metrics;
  const slowdown = base === undefined ? {} : { slowdown: own / base };
  return { keys: cell.labels, metrics: { ...metrics, ...slowdown } };
}

/** Those that do nothing by themselves. */
const BOUNDS: ReadonlySet<string> = new Set(["none", "full-copy"]);

/** What of a point's labels is its machine: architecture, kernel, and paths that were swept. */
function machineOf(labels: CellResult["labels"]): Record<string, string> {
  const own = ([name]: [string, string]): boolean =>
    name === "arch" || name === "kernel" || name.includes(".");
  return Object.fromEntries(Object.entries(labels).filter(own));
}

/** Of each tracker's first point, cycles by cause, the largest first. */
function causeRows(rounds: readonly CellResult[]): StudyRow[] {
  const seen = new Set<string>();
  return rounds.flatMap(({ labels, found }) => {
    const { workload, tracker = "" } = labels;
    const keys = machineOf(labels);
    const name = JSON.stringify({ ...keys, tracker });
    if (workload !== "round" || seen.has(name) || BOUNDS.has(tracker)) return [];
    seen.add(name);
    const phases = Object.entries((found?.by ?? {}) as Record<string, Record<string, number>>);
    return phases.map(([phase, by]): StudyRow => {
      const list = Object.entries(by).sort(([, a], [, b]) => b - a);
      const causes = list.map(([cause, cycles]) => `${cause} ${cycles.toPrecision(3)}`).join(" + ");
      const cycles = list.reduce((sum, [, each]) => sum + each, 0);
      return { keys: { ...keys, tracker, phase, causes }, metrics: { cycles_per_page: cycles } };
    });
  });
}

/** What a story shows where a tracker says too much or too little. */
function storyVerdict(
  { labels, metrics, found }: CellResult,
  commandOf: CommandOf,
): readonly StudyVerdict[] {
  const { false_negatives: missed = 0, false_positives: extra = 0 } = metrics;
  const rules = (found?.rules ?? []) as readonly string[];
  const words = [
    ...(missed > 0 ? [`misses ${missed} pages: ${rules.join("; ")}`] : []),
    ...(extra > 0 ? [`reports ${extra} pages too many`] : []),
  ];
  if (words.length === 0 || labels.tracker === "full-copy") return [];
  return [{ keys: labels, result: words.join("; "), command: commandOf(labels) }];
}

/** What a kernel has not, once for each kernel and tracker. */
function refusals(cells: readonly CellResult[], commandOf: CommandOf): StudyVerdict[] {
  const told = new Map<string, StudyVerdict>();
  for (const { labels, found } of cells) {
    if (found?.refused === undefined) continue;
    const { arch = "", kernel = "", tracker = "" } = labels;
    const keys = { arch, kernel, tracker };
    const result = String(found.refused);
    const verdict = { keys, result, command: commandOf(keys) };
    if (!told.has(JSON.stringify(keys))) told.set(JSON.stringify(keys), verdict);
  }
  return [...told.values()];
}
