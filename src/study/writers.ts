// Threads of a watched process that write, and who collects: where they run, and who goes on when.
//
//   cpus 1    everybody on CPU 0, one after the other
//   cpus 4    writers on 0, 1, 2; the collector, and the monitor of userfaultfds, on 3 (Kernel.monitorCpu)
//
// The writer whose clock is earliest writes next: that is the order in which they would come by.

import type { Mm } from "../kernel/mm.js";
import type { StudyMachine } from "./types.js";

/** Threads of one process, each on a CPU of its own. */
export class Writers {
  /** CPUs that write. */
  readonly cpus: readonly number[];
  private readonly collector: number;

  /** @param threads as many write, or as there are CPUs beside the collector's */
  constructor(
    private readonly machine: StudyMachine,
    private readonly mm: () => Mm,
    threads = Number.POSITIVE_INFINITY,
  ) {
    const { cpus } = machine.kernel.clocks;
    this.collector = cpus - 1;
    const free = Math.max(1, cpus - 1);
    this.cpus = Array.from({ length: Math.min(threads, free) }, (_, cpu) => cpu);
  }

  /** Others run beside the collector. */
  get parallel(): boolean {
    return this.collector > 0;
  }

  /** All of them run the process. */
  start(): void {
    if (!this.parallel) return;
    for (const cpu of this.cpus) this.on(cpu, () => undefined);
  }

  private on(cpu: number, work: () => void): void {
    const { cpus } = this.machine.kernel;
    const before = cpus.moveTo(cpu);
    cpus.run(this.mm());
    work();
    cpus.moveTo(before);
  }

  /** Arms or collects, on the collector's CPU, and no earlier than all that happened so far. */
  collect(work: () => void): void {
    const { clocks, cpus } = this.machine.kernel;
    if (!this.parallel) {
      work();
      return;
    }
    const now = clocks.elapsed;
    this.on(this.collector, () => {
      clocks.until(now);
      work();
      cpus.idle();
    });
  }

  /** They stand still until the collector is done. */
  wait(): void {
    if (this.parallel) this.machine.kernel.clocks.meet();
  }

  /** Time of the collector. */
  get collectorTime(): number {
    return this.machine.kernel.clocks.of(this.collector);
  }

  /**
   * Lets the writers work and write, until `next` has nothing more or all of them have come to a time.
   * @param work cycles of a thread's own before each of its writes
   */
  write(
    next: () => (() => void) | undefined,
    work: number,
    until = Number.POSITIVE_INFINITY,
  ): void {
    const { clocks } = this.machine.kernel;
    for (;;) {
      const cpu = this.earliest();
      if (clocks.of(cpu) >= until) return;
      const store = next();
      if (store === undefined) return;
      this.on(cpu, () => {
        clocks.until(clocks.now + work);
        store();
      });
    }
  }

  private earliest(): number {
    const { clocks } = this.machine.kernel;
    let first = this.cpus[0] ?? 0;
    for (const cpu of this.cpus) if (clocks.of(cpu) < clocks.of(first)) first = cpu;
    return first;
  }
}
