// What a named workload is: a producer of event records that needs no file.

/** Records ready to be copied into the core's memory; valid until the next batch is asked for. */
export interface RecordBatch {
  /** u32[2 * capacity]: low word, high word, low word, … */
  readonly records: Uint32Array;
  /** Records, not words. */
  readonly count: number;
}

export interface Parameter {
  readonly means: string;
  readonly default: number;
  readonly min: number;
  readonly max: number;
  /** Values are multiples of it; default 1; 0: any number, decimals too. */
  readonly step?: number;
}

export type Values<Name extends string = string> = Readonly<Record<Name, number>>;

/** A row of `WORKLOADS`. */
export interface Workload<Name extends string = string> {
  /** One line for help texts. */
  readonly summary: string;
  readonly parameters: Readonly<Record<Name, Parameter>>;
  /** What is wrong with values that are right one by one, in words; null = nothing. */
  readonly fault: (values: Values<Name>) => string | null;
  /** Its records: the same for the same values and seed. At most one of them is a `Control.Measure`. */
  readonly batches: (values: Values<Name>, seed: number) => Generator<RecordBatch, void, undefined>;
}
