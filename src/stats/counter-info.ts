// What is told of a counter.

export interface CounterInfo {
  readonly name: string;
  readonly unit: string;
  readonly means: string;
  /** Intel and Arm events; "-" where machines have none. */
  readonly perf: string;
}
