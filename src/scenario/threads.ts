// Threads of a script, and where they run: the first thread of every process on CPU 0, each other one on a CPU of
// its own, in the order in which they are made; `cpu N` moves a single operation.

import { MmulateError } from "../errors.js";
import type { Operation } from "./script.js";

/** Most CPUs of a machine that runs scripts. */
export const MOST_CPUS = 64;

/** A thread beside the first one of its process. */
export interface Thread<Process> {
  readonly process: Process;
  readonly cpu: number;
}

/**
 * CPUs that a script needs.
 * @throws MmulateError INPUT where there are not so many
 */
export function cpusNeeded(operations: readonly Operation[]): number {
  let threads = 0;
  let most = 1;
  for (const { verb, inner, cpu = inner?.cpu ?? 0, where } of operations) {
    if (verb === "thread") threads++;
    most = Math.max(most, 1 + threads, 1 + cpu);
    if (most > MOST_CPUS) {
      throw new MmulateError("INPUT", `${where}: CPU ${most - 1}; 0 to ${MOST_CPUS - 1} are there`);
    }
  }
  return most;
}

/** The threads of one run, by name. */
export class Threads<Process> {
  private readonly byName = new Map<string, Thread<Process>>();
  private made = 0;

  /**
   * Makes a thread.
   * @throws MmulateError INPUT where one has that name
   */
  make(process: Process, { where }: Operation, name: string): void {
    if (this.byName.has(name)) {
      throw new MmulateError("INPUT", `${where}: there is a thread "${name}" already`);
    }
    this.byName.set(name, { process, cpu: ++this.made });
  }

  /** Its process ends, and they with it. */
  end(process: Process): void {
    for (const [name, thread] of this.byName) {
      if (thread.process === process) this.byName.delete(name);
    }
  }

  /**
   * Who does an operation, and where.
   * @throws MmulateError INPUT for a thread or process that is not there
   */
  of(operation: Operation, processes: ReadonlyMap<string, Process>): Thread<Process> {
    const { thread: name, process: first, where, cpu } = operation;
    if (name === undefined) {
      const process = processes.get(first);
      if (process === undefined) throw unknownProcess(processes, operation, first);
      return { process, cpu: cpu ?? 0 };
    }
    const thread = this.byName.get(name);
    if (thread === undefined) {
      const known = [...this.byName.keys()].join(", ");
      const all = known === "" ? "there is none yet" : `there are ${known}`;
      throw new MmulateError("INPUT", `${where}: no thread "${name}" (${all})`);
    }
    return { process: thread.process, cpu: cpu ?? thread.cpu };
  }
}

/** The error of an operation that names a process which is not there. */
export function unknownProcess(
  processes: ReadonlyMap<string, unknown>,
  { where }: Operation,
  name: string,
): MmulateError {
  const known = [...processes.keys()].join(", ");
  return new MmulateError("INPUT", `${where}: no process "${name}" (there are ${known})`);
}
