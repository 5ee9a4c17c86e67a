// What a way of finding written pages is, to a workload that uses one.

import type { Kernel } from "../kernel/kernel.js";
import type { Mm } from "../kernel/mm.js";

/** Pages [start, end) of a process, which are to be watched. */
export interface Watched {
  readonly kernel: Kernel;
  readonly mm: Mm;
  readonly start: number;
  readonly end: number;
}

/** Pages that writes stumbled over since the last collection, in order. */
export interface Reported {
  readonly segv: readonly number[];
  readonly messages: readonly number[];
}

/** One way of finding them. */
export interface Tracker {
  /** One line for help texts. */
  readonly summary: string;
  /**
   * Watches from now on.
   * @throws MmulateError CONFIG where the kernel has no such thing
   */
  arm(watched: Watched): void;
  /** How many pages were written since; watches all of them again. */
  collect(watched: Watched, reported: Reported): number;
}
