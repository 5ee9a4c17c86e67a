// What a comparison of two reports says: the JSON of `mmulate compare --json`.

export const COMPARISON_SCHEMA = "mmulate/comparison@1";

/** One of the two, as the user named it. */
export interface Side {
  readonly name: string;
  /** Of mmulate. */
  readonly version: string;
}

/** `moved`: another figure, of which neither less nor more is better. */
export type Verdict = "same" | "better" | "worse" | "moved";

/** A figure of both, by its path in the report. Figures are exact: there is no tolerance. */
export interface Change {
  readonly path: string;
  /** Null where a side does not have the figure. */
  readonly a: bigint | number | null;
  readonly b: bigint | number | null;
  /** b / a; null where a is 0 and b is not, or one of them is missing. */
  readonly ratio: number | null;
  readonly verdict: Verdict;
}

/** A part of the configuration in which both differ; null where a side does not have it. */
export interface Difference {
  readonly path: string;
  readonly a: unknown;
  readonly b: unknown;
}

/** A cell of each. */
export interface ComparedCells {
  /** Labels that they share. */
  readonly labels: Readonly<Record<string, string>>;
  /** Labels in which they differ. */
  readonly a: Readonly<Record<string, string>>;
  readonly b: Readonly<Record<string, string>>;
  readonly config: readonly Difference[];
  /** Cycles, causes of cycles, and metrics, moved or not; those that are 0 in both are left out. */
  readonly metrics: readonly Change[];
  /** Counters and events that moved. */
  readonly counters: readonly Change[];
}

export interface Comparison {
  readonly schema: typeof COMPARISON_SCHEMA;
  readonly a: Side;
  readonly b: Side;
  readonly cells: readonly ComparedCells[];
  /** How many metrics there are of each verdict, and how many counters moved. */
  readonly summary: Readonly<Record<Verdict | "counters", number>>;
}
