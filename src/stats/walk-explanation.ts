// One translation, explained: the JSON of `mmulate walk --json`.

export interface ExplainedStep {
  /** What happens: "range", "root", the entry's name in the manual ("PML4E"), "permission", "result". */
  readonly step: string;
  /** The manual's section. */
  readonly cite: string;
  readonly facts: readonly string[];
}

export interface WalkExplanation {
  readonly id: string;
  readonly arch: string;
  /** Every parameter of the walk, defaults included. */
  readonly config: Readonly<Record<string, boolean | number>>;
  readonly access: string;
  readonly steps: readonly ExplainedStep[];
  /** Where the access went or how it faulted, and the entries it changed. */
  readonly got: unknown;
  readonly want: unknown;
  readonly right: boolean;
}
