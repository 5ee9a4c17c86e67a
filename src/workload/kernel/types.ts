// What a named workload of the simulated kernel is: it calls the kernel and touches pages, and returns figures.

import type { Player } from "../../scenario/player.js";
import type { Tracker } from "../../tracker/types.js";
import type { Parameter, Values } from "../types.js";
import type { Stopwatch } from "./stopwatch.js";

/** Where it runs. */
export interface KernelRun {
  readonly player: Player;
  readonly watch: Stopwatch;
  readonly tracker: Tracker;
  readonly seed: number;
}

/** A row of `KERNEL_WORKLOADS`. */
export interface KernelWorkload<Name extends string = string> {
  /** One line for help texts. */
  readonly summary: string;
  readonly parameters: Readonly<Record<Name, Parameter>>;
  /** It has a tracker find written pages. */
  readonly tracks: boolean;
  /** What is wrong with values that are right one by one, in words; null = nothing. */
  readonly fault: (values: Values<Name>) => string | null;
  /** Its figures: the same for the same values, seed and machine. */
  readonly run: (run: KernelRun, values: Values<Name>) => Record<string, number>;
}
