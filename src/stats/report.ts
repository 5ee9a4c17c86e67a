// The report: what a run returns, however many cells it had and wherever they ran.

import type { ErrorCode } from "../errors.js";
import type { BenchResult } from "./bench.js";
import type { CounterValues } from "./counters.js";
import type { Narration, Observation } from "./observation.js";

export const REPORT_SCHEMA = "mmulate/report@1";

export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [name: string]: Json };

/** An identity between counters, or another condition that must hold in every run. */
export interface Check {
  readonly id: string;
  readonly ok: boolean;
  /** What was seen where it does not hold. */
  readonly first?: string;
}

export interface Cycles {
  /** Time of the latest CPU. */
  readonly elapsed: bigint;
  /** Sum over all CPUs. */
  readonly work: bigint;
  readonly by: Readonly<Record<string, bigint>>;
}

export interface CellResult {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly config: { readonly [name: string]: Json };
  readonly counters: CounterValues;
  readonly cycles: Cycles;
  readonly metrics: Readonly<Record<string, number>>;
  readonly checks: readonly Check[];
  /** Of a script: what each operation showed. */
  readonly observations?: readonly Observation[];
  /** Of an explained script: what each operation did to entries. */
  readonly narrations?: readonly Narration[];
  /** Of a script: what happened in the kernel, by the name of the event. */
  readonly events?: Readonly<Record<string, number>>;
  /** Of a study's point: what no number says. */
  readonly found?: { readonly [name: string]: Json };
}

/** Figures of the host, which differ from run to run. */
export interface CellHost {
  readonly id: string;
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  readonly accessesPerSecond: number;
  readonly peakBytes: number;
}

/** A cell that did not finish, and why. */
export interface CellFailure {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly code: ErrorCode;
  readonly message: string;
}

/** Which part of a run a report holds. */
export interface Shard {
  readonly index: number;
  readonly of: number;
  /** Cells of the whole run. */
  readonly cells: number;
}

/** A line of a study's figures. Rows with the same metrics stand in one table. */
export interface StudyRow {
  readonly keys: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, number>>;
}

/** What a study says of a point or of some, in words. */
export interface StudyVerdict {
  readonly keys: Readonly<Record<string, string>>;
  readonly result: string;
  /** What shows it. */
  readonly command: string;
}

/** A sentence that the study's figures bear out, or do not. */
export interface StudyClaim {
  readonly id: string;
  readonly text: string;
  readonly holds: boolean;
  readonly command: string;
}

/** Which study a report is of. */
export interface StudyHead {
  readonly name: string;
  readonly summary: string;
  readonly about: readonly string[];
  /** The whole of the command line. */
  readonly command: string;
}

export interface Report {
  readonly schema: typeof REPORT_SCHEMA;
  readonly version: string;
  readonly config: { readonly [name: string]: Json };
  /** Of `--shard`: what `merge` joins. */
  readonly shard?: Shard;
  readonly cells: readonly CellResult[];
  /** Cells that did not finish; left out where all did. */
  readonly failures?: readonly CellFailure[];
  /** Of `mmulate bench`: how the cells compare with a baseline, suite by suite. */
  readonly bench?: readonly BenchResult[];
  /** Of `mmulate study`. */
  readonly study?: StudyHead;
  readonly rows?: readonly StudyRow[];
  readonly verdicts?: readonly StudyVerdict[];
  readonly claims?: readonly StudyClaim[];
  readonly host?: { readonly cells: readonly CellHost[] };
}
