// Simulated time of a piece of work: what the kernel's clocks went on by, and what translation and data cost the
// accesses in it.

import type { Kernel } from "../../kernel/kernel.js";

/** Times work on one kernel. Nanoseconds. */
export class Stopwatch {
  private readonly nsPerCycle: number;

  /** @param accessCycles cycles of all accesses so far, on the CPU's clock, which is taken for the costs' */
  constructor(
    private readonly kernel: Kernel,
    private readonly accessCycles: () => number,
  ) {
    this.nsPerCycle = 1000 / kernel.config.costs.clockMHz;
  }

  private now(): number {
    return this.kernel.clocks.elapsed + this.accessCycles() / this.kernel.config.costs.overlap;
  }

  /** Does the work. @returns nanoseconds that it took */
  time(work: () => void): number {
    const before = this.now();
    work();
    return (this.now() - before) * this.nsPerCycle;
  }
}
