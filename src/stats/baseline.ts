// A baseline: what the cells of a suite gave once, and the comparison with what they give now. Simulated figures
// are exact, so every difference is real; the question is only whether it is wanted, and where it comes from.

import { MmulateError } from "../errors.js";
import type { CellVerdict, Move, Verdict } from "./bench.js";
import { figuresOf } from "./figures.js";
import type { CellResult, Json } from "./report.js";

export const BASELINE_SCHEMA = "mmulate/baseline@1";

/** A figure that is judged. */
export interface Rule {
  /** Its path: cycles.work, counters.walks, metrics.loads_per_walk, events.fault. */
  readonly metric: string;
  readonly better: "less" | "more" | "same";
  /** Of the baseline: 0.01 = one per cent. */
  readonly tolerance: number;
}

/** What was asked of a cell: only cells of which the same was asked can be compared. */
export type Asked = Readonly<Record<string, Json>>;

export interface BaselineCell {
  readonly id: string;
  readonly asked: Asked;
  /** What it was resolved to: a change here is a cause, no obstacle. */
  readonly config: { readonly [name: string]: Json };
  /** Exact, as text: 2^64 fits. */
  readonly figures: Readonly<Record<string, string>>;
  /** Logarithms of CPU time over that of a fixed piece of work, one a round. */
  readonly host?: readonly number[];
}

export interface Baseline {
  readonly schema: typeof BASELINE_SCHEMA;
  readonly version: string;
  readonly suite: string;
  /** SHA-256 of all that was asked. */
  readonly configHash: string;
  /** The machine of the host figures, where there are any. */
  readonly machine?: Readonly<Record<string, string>>;
  readonly cells: readonly BaselineCell[];
}

/** The figures of a cell as a baseline keeps them: a count of nought is left out. */
export function keptFigures(cell: CellResult): Record<string, string> {
  const rows = figuresOf(cell).map(({ path, value }): [string, string] => [path, String(value)]);
  return Object.fromEntries(rows.filter(([path, value]) => isRate(path) || value !== "0"));
}

/** A rate that is not there had nothing to divide by; a count that is not there is 0. */
function isRate(path: string): boolean {
  return path.startsWith("metrics.");
}

/** The resolved configuration of a cell as a baseline keeps it: without paths of this machine and sources. */
export function keptConfig({ config }: CellResult): CellResult["config"] {
  const { input: _, ...kept } = config;
  return bare(kept) as CellResult["config"];
}

/** Words about facts: they change no figure. */
const WORDS: ReadonlySet<string> = new Set(["cite", "confidence", "sources", "title"]);

function bare(value: Json): Json {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(bare);
  const rows = Object.entries(value).filter(([key]) => !WORDS.has(key));
  return Object.fromEntries(rows.map(([key, inner]) => [key, bare(inner)]));
}

/**
 * Sees that a baseline can be compared with cells.
 * @param asked of each cell of now, by its id
 * @throws MmulateError CONFIG naming the first difference
 */
export function checkComparable(
  { cells, suite }: Baseline,
  asked: ReadonlyMap<string, Asked>,
  file: string,
): void {
  const refuse = (why: string): MmulateError =>
    new MmulateError(
      "CONFIG",
      `${file} cannot be compared: ${why} (--save-baseline makes a new one)`,
    );
  const before = new Map(cells.map((cell) => [cell.id, cell.asked]));
  for (const [id, now] of asked) {
    const then = before.get(id);
    if (then === undefined)
      throw refuse(`the suite ${suite} has a cell "${id}" and the baseline has none`);
    const [difference] = differences(then, now);
    if (difference !== undefined) throw refuse(`cell "${id}": ${difference}`);
  }
  const gone = cells.find(({ id }) => !asked.has(id));
  if (gone !== undefined) throw refuse(`its cell "${gone.id}" is not in the suite ${suite}`);
}

/** "path: before -> after" of every leaf in which two values differ. */
export function differences(
  before: Json | undefined,
  after: Json | undefined,
  path = "",
): string[] {
  const inner = (value: Json | undefined): [string, Json][] =>
    typeof value === "object" && value !== null ? Object.entries(value) : [];
  const keys = new Set([...inner(before), ...inner(after)].map(([key]) => key));
  if (keys.size === 0) {
    const [left, right] = [JSON.stringify(before), JSON.stringify(after)];
    return left === right ? [] : [`${path}: ${left ?? "nothing"} -> ${right ?? "nothing"}`];
  }
  const [left, right] = [new Map(inner(before)), new Map(inner(after))];
  return [...keys].flatMap((key) =>
    differences(left.get(key), right.get(key), path === "" ? key : `${path}.${key}`),
  );
}

function parsed(text: string): number | bigint {
  return /^-?\d+$/.test(text) ? BigInt(text) : Number(text);
}

/** Compares a cell with its baseline, figure by figure. */
export function compareCell(
  before: BaselineCell,
  cell: CellResult,
  rules: readonly Rule[],
): CellVerdict {
  const now = new Map(Object.entries(keptFigures(cell)));
  const then = new Map(Object.entries(before.figures));
  const value = (map: ReadonlyMap<string, string>, path: string): number | bigint | undefined => {
    const text = map.get(path) ?? (isRate(path) ? undefined : "0");
    return text === undefined ? undefined : parsed(text);
  };
  const moves = [...new Set([...now.keys(), ...then.keys()])]
    .filter((path) => now.get(path) !== then.get(path))
    .map((path): Move => ({ path, before: value(then, path), after: value(now, path) }));
  const judged = rules.flatMap((rule) => {
    const move = moves.find(({ path }) => path === rule.metric);
    return move === undefined ? [] : [{ ...move, verdict: judge(move, rule) }];
  });
  const paths = new Set(judged.map(({ path }) => path));
  const moved = moves.filter(({ path }) => !paths.has(path));
  const verdict = worst(
    judged.map(({ verdict: each }) => each),
    moved.length > 0,
  );
  const because = differences(before.config, keptConfig(cell));
  return { id: cell.id, verdict, judged, moved, because };
}

function worst(verdicts: readonly Verdict[], moved: boolean): Verdict {
  const order: readonly Verdict[] = ["regressed", "improved", "within tolerance"];
  return order.find((each) => verdicts.includes(each)) ?? (moved ? "changed" : "same");
}

/** after - before: exact before it is rounded to a number. */
export function changeOf({ before = 0, after = 0 }: Pick<Move, "before" | "after">): number {
  if (typeof before === "bigint" && typeof after === "bigint") return Number(after - before);
  return Number(after) - Number(before);
}

function judge({ before, after }: Move, { better, tolerance }: Rule): Verdict {
  if (before === undefined || after === undefined) return "regressed";
  const more = changeOf({ before, after });
  if (Math.abs(more) <= tolerance * Math.abs(Number(before))) return "within tolerance";
  if (better === "same") return "regressed";
  return more < 0 === (better === "less") ? "improved" : "regressed";
}
