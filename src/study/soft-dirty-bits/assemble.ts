// What the stories say of each layout, and what its bits collide with.

import type { CellResult, StudyClaim, StudyRow, StudyVerdict } from "../../stats/report.js";
import type { CommandOf, StudyEnd } from "../types.js";
import { CANDIDATES, collisionsOf } from "./layouts.js";

/** Rows, alike ones as one; verdicts on bits and on stories; claims. */
export function assemble(cells: readonly CellResult[], commandOf: CommandOf): StudyEnd {
  const layouts = [...new Set(cells.map(({ labels }) => labels.layout ?? ""))];
  return {
    rows: rowsOf(cells),
    verdicts: [
      ...layouts.flatMap(bitVerdicts),
      ...layouts.map((layout) => runVerdict(layout, cells, commandOf)),
    ],
    claims: claimsOf(cells, commandOf),
  };
}

/** Layouts of which everything came out the same share a row. */
function rowsOf(cells: readonly CellResult[]): StudyRow[] {
  const rows = new Map<string, StudyRow>();
  for (const { labels, metrics, found } of cells) {
    if (found?.refused !== undefined) continue;
    const { layout = "", ...keys } = labels;
    const name = JSON.stringify([keys, metrics]);
    const before = rows.get(name);
    const layouts = before === undefined ? layout : `${before.keys.layout}, ${layout}`;
    rows.set(name, { keys: { ...keys, layout: layouts }, metrics });
  }
  return [...rows.values()];
}

/** What a proposal's bits collide with, kernel by kernel. */
function bitVerdicts(layout: string): StudyVerdict[] {
  const candidate = CANDIDATES.get(layout);
  if (candidate === undefined) return [];
  return collisionsOf(candidate).map(({ layout: kernel, verdict }) => ({
    keys: { layout, kernel },
    result: verdict,
    command: `mmulate arch check ${layout}`,
  }));
}

/** What a layout loses or says too much; what nobody sets is left out. */
function runVerdict(
  layout: string,
  cells: readonly CellResult[],
  commandOf: CommandOf,
): StudyVerdict {
  const own = cells.filter(({ labels }) => labels.layout === layout && labels.setter !== "nobody");
  const words = own.flatMap(({ labels, metrics, found }) => {
    const { story, setter, fold } = labels;
    const { false_negatives: lost = 0, false_positives: extra = 0 } = metrics;
    const how = `${story} (${story === "contpte" ? `${setter}, ${fold}` : setter})`;
    const rules = (found?.rules ?? []) as readonly string[];
    return [
      ...(found?.refused === undefined ? [] : [`${how}: ${found.refused}`]),
      ...(lost > 0 ? [`loses ${lost} pages in ${how}: ${rules.join(", ")}`] : []),
      ...(extra > 0 ? [`${extra} pages too many in ${how}`] : []),
    ];
  });
  const result = words.length === 0 ? "finds what was written" : words.join("; ");
  return { keys: { layout }, result, command: commandOf({ layout }) };
}

interface Told {
  readonly id: string;
  readonly text: string;
  readonly of: Readonly<Record<string, readonly string[]>>;
  readonly holds: (metrics: CellResult["metrics"]) => boolean;
}

const is =
  (name: string, value: number) =>
  (metrics: CellResult["metrics"]): boolean =>
    metrics[name] === value;
const above =
  (name: string) =>
  (metrics: CellResult["metrics"]): boolean =>
    (metrics[name] ?? 0) > 0;

const TOLD: readonly Told[] = [
  {
    id: "nobody-loses-writes",
    text: "Where neither pte_mkdirty nor a write fault sets the bit, every write is lost.",
    of: { story: ["write"], setter: ["nobody"] },
    holds: is("false_negatives", 32),
  },
  {
    id: "mkdirty-over-reports-collapse",
    text: "Where pte_mkdirty sets the bit, a collapse makes a whole huge page soft-dirty.",
    of: { story: ["collapse"], setter: ["mkdirty"], fold: ["agree", "apart"] },
    holds: above("false_positives"),
  },
  {
    id: "faults-lose-collapse",
    text: "Where only write faults set it, a collapse loses what was written before, unless it carries the bit itself.",
    of: { story: ["collapse"], setter: ["faults"] },
    holds: is("false_negatives", 1),
  },
  {
    id: "mkdirty-over-reports-batches",
    text: "Where pte_mkdirty sets it, mprotect of large folios (batches, from 6.17 on) makes clean pages soft-dirty that are merely dirty.",
    of: { story: ["contpte"], setter: ["mkdirty"], fold: ["agree"] },
    holds: above("false_positives"),
  },
  {
    id: "agree-unfolds",
    text: "Groups that fold only where the bits agree: what was written is reported exactly, and no group with a written page folds again.",
    of: { story: ["contpte"], setter: ["faults"], fold: ["agree"] },
    holds: (metrics) => is("folded_read_only", 0)(metrics) && is("false_positives", 0)(metrics),
  },
  {
    id: "or-over-reports",
    text: "Groups that fold with OR: all fold again, and stay so; whole groups are reported.",
    of: { story: ["contpte"], setter: ["faults"], fold: ["or"] },
    holds: (metrics) => above("folded_writable")(metrics) && is("false_positives", 1920)(metrics),
  },
  {
    id: "beside-folds-while-read-only",
    text: "A bit beside the entries: what was written is reported exactly, and groups fold again while they are read-only; not when they may be written, because clean pages must stay write-protected.",
    of: { story: ["contpte"], setter: ["faults"], fold: ["apart"] },
    holds: (metrics) =>
      above("folded_read_only")(metrics) &&
      is("folded_writable", 0)(metrics) &&
      is("false_positives", 0)(metrics),
  },
];

/** Claims of which there are cells, on the architecture whose entries fold. */
function claimsOf(cells: readonly CellResult[], commandOf: CommandOf): StudyClaim[] {
  return TOLD.flatMap(({ id, text, of, holds }) => {
    const meant = cells.filter(({ labels, metrics }) => {
      // A bit that uffd-wp has, too, is a story of its own.
      if (CANDIDATES.get(labels.layout ?? "")?.proposal?.shares !== undefined) return false;
      const told = Object.entries(of).every(([key, values]) => values.includes(labels[key] ?? ""));
      const folds = labels.story !== "contpte" || (metrics.unfolds ?? 0) > 0;
      return told && folds && Object.keys(metrics).length > 0;
    });
    if (meant.length === 0) return [];
    const command = commandOf(of);
    return [{ id, text, holds: meant.every(({ metrics }) => holds(metrics)), command }];
  });
}
