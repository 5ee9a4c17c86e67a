// Cycles of a script: translation, as of any run, and beside it what the kernel did.

import type { Cycles } from "./report.js";

/** Cycles of one event of the kernel, by its name; an event that is left out costs nothing. */
export type KernelCosts = Readonly<Record<string, { readonly cycles: number }>>;

/** Time of the kernel's CPUs, in cycles. */
export interface KernelTime {
  readonly elapsed: number;
  readonly work: number;
}

/**
 * Adds the kernel's work to the cycles of translation, each event as the cause `kernel.EVENT`. Costs may be
 * fractions, causes are whole cycles: each is rounded, and `work` stays their sum.
 *
 * @param translation cycles of one CPU, as `cyclesOf` gives them
 * @param events how often each event happened
 * @param time the kernel's clocks: with several CPUs less time may go by than work is done
 */
export function withKernel(
  translation: Cycles,
  events: Readonly<Record<string, number>>,
  costs: KernelCosts,
  time: KernelTime,
): Cycles {
  const causes = Object.entries(events).map(([name, times]): [string, bigint] => [
    `kernel.${name}`,
    BigInt(Math.round(times * (costs[name]?.cycles ?? 0))),
  ]);
  const by = {
    ...translation.by,
    ...Object.fromEntries(causes.filter(([, cycles]) => cycles > 0n)),
  };
  const work = Object.values(by).reduce((sum, cycles) => sum + cycles, 0n);
  const beside = BigInt(Math.round(time.work - time.elapsed));
  return { elapsed: work - beside, work, by };
}

/** Locks of one name, in cycles: how often they were taken, how long held in all and at most, how long waited for. */
export interface LockFigures {
  readonly taken: number;
  readonly held: number;
  readonly longest: number;
  readonly waited: number;
}

/** Metrics of locks: `mmap_lock_longest`, in whole cycles; those that nobody took are left out. */
export function lockMetrics(locks: ReadonlyMap<string, LockFigures>): Record<string, number> {
  const rows = [...locks].flatMap(([name, figures]) =>
    Object.entries(figures).map(([what, value]): [string, number] => [
      `${name}_${what}`,
      Math.round(value),
    ]),
  );
  return Object.fromEntries(rows);
}
