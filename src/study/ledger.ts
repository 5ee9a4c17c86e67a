// What a piece of work costs, cause by cause: events of the kernel times their costs, and what the accesses in it pay
// for translation and data.

import { EVENT_MEANINGS } from "../kernel/events.js";
import type { StudyMachine } from "./types.js";

/** What work took. */
export interface Spent {
  /** Cycles that went by on the CPUs that did it, one after the other, accesses among them. */
  readonly cycles: number;
  /** Cycles that CPUs waited for locks. */
  readonly waited: number;
  /** Cycles of work by cause; "translation" is of the accesses. Causes that cost nothing are left out. */
  readonly by: Readonly<Record<string, number>>;
  /** How often each event of the kernel happened. */
  readonly events: Readonly<Record<string, number>>;
}

/** Measures work on one machine. */
export class Ledger {
  constructor(private readonly machine: StudyMachine) {}

  /**
   * Does the work, and tells what it took.
   * @param cpus whose time counts; the one that works
   */
  measure(work: () => void, cpus: readonly number[] = [this.machine.kernel.clocks.current]): Spent {
    const { kernel, accessCycles } = this.machine;
    const { clocks } = kernel;
    const { costs } = kernel.config;
    const before = kernel.events.slice();
    const timeOf = (): number => cpus.reduce((sum, cpu) => sum + clocks.of(cpu), 0);
    const [time, access, waited] = [timeOf(), accessCycles(), clocks.waited];
    work();
    const translation = (accessCycles() - access) / costs.overlap;
    const by: Record<string, number> = translation > 0 ? { translation } : {};
    const events: Record<string, number> = {};
    EVENT_MEANINGS.forEach(([name], i) => {
      const times = (kernel.events[i] ?? 0) - (before[i] ?? 0);
      if (times === 0) return;
      events[name] = times;
      const cycles = times * (costs.events[name]?.cycles ?? 0);
      if (cycles > 0) by[name] = cycles;
    });
    return {
      cycles: timeOf() - time + translation,
      waited: clocks.waited - waited,
      by,
      events,
    };
  }
}
