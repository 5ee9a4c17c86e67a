// What `mmulate bench` says: result types, and how the whole ended.

import type { HostVerdict, Shift } from "./shift.js";

/** A figure that moved. */
export interface Move {
  readonly path: string;
  /** Undefined where the figure is not there. */
  readonly before: number | bigint | undefined;
  readonly after: number | bigint | undefined;
}

export type Verdict = "same" | "within tolerance" | "improved" | "regressed" | "changed" | "new";

export interface CellVerdict {
  readonly id: string;
  readonly verdict: Verdict;
  /** Judged figures that moved, each with its own verdict. */
  readonly judged: readonly (Move & { readonly verdict: Verdict })[];
  /** All others that moved: the cause, counted. */
  readonly moved: readonly Move[];
  /** What of the resolved configuration differs: "kernel.costs.events.fault.cycles: 1000 -> 1200". */
  readonly because: readonly string[];
}

/** Host time of a cell against that of the baseline, as the logarithm of their ratio. */
export interface HostRow extends Shift {
  readonly id: string;
  readonly verdict: HostVerdict;
}

/** One suite against its baseline. */
export interface BenchResult {
  readonly suite: string;
  readonly title: string;
  /** Left out where there is none: nothing was judged. */
  readonly baseline?: { readonly file: string; readonly version: string };
  readonly cells: readonly CellVerdict[];
  /** Of `--host`, where the baseline has host figures. */
  readonly host?: readonly HostRow[];
}

/** Whether nothing is worse, and nothing changed that nobody judged. */
export function isHeld({ cells, host = [] }: BenchResult): boolean {
  const bad = cells.some(({ verdict }) => verdict === "regressed" || verdict === "changed");
  return !bad && host.every(({ verdict }) => verdict !== "regressed");
}
