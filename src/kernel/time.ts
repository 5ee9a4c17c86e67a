// Time: every CPU has a clock, in cycles; the order in which operations are played is the global order.
//
//   cpu 0  |--work--|............|--work--|      a lock is free again at some time; whoever wants it earlier
//   cpu 1        |--wait--|--work--|             waits. elapsed = the latest clock, work = the sum of work
//
// A message, IPI or wake-up is work here and a latency there: `until` moves a clock to what it waits for.

/** How a lock is taken: readers share it. */
export type LockMode = "read" | "write";

/** A lock of readers and writers. Cycles. */
export interface Lock {
  readonly name: string;
  /** When its last writer, and its last reader, let it go. */
  writtenUntil: number;
  readUntil: number;
  /** Cycles it was held, the longest time, and cycles others waited for it. */
  held: number;
  longest: number;
  waited: number;
  /** What it is added to; null = it was not taken yet. */
  totals: LockTotals | null;
}

/** A lock nobody has held yet. */
export function newLock(name: string): Lock {
  return { name, writtenUntil: 0, readUntil: 0, held: 0, longest: 0, waited: 0, totals: null };
}

/** Locks of one name, taken together. Cycles. */
export interface LockTotals {
  taken: number;
  held: number;
  longest: number;
  waited: number;
}

/** Clocks of a machine's CPUs. */
export class Clocks {
  private readonly at: number[];
  private total = 0;
  /** All locks so far, by name. */
  readonly locks = new Map<string, LockTotals>();
  /** The CPU that what follows is done on. */
  current = 0;

  constructor(readonly cpus: number) {
    this.at = new Array<number>(cpus).fill(0);
  }

  /** Time of the running CPU. */
  get now(): number {
    return this.at[this.current] ?? 0;
  }

  /** Time of any CPU. */
  of(cpu: number): number {
    return this.at[cpu] ?? 0;
  }

  /** All CPUs wait for the latest. */
  meet(): void {
    this.at.fill(this.elapsed);
  }

  /** The latest clock. */
  get elapsed(): number {
    return Math.max(...this.at);
  }

  /** Work of all CPUs. */
  get work(): number {
    return this.total;
  }

  /** The running CPU works. */
  spend(cycles: number): void {
    this.at[this.current] = this.now + cycles;
    this.total += cycles;
  }

  /** The running CPU waits for something that is there at `time`. Returns how long. */
  until(time: number): number {
    const waited = Math.max(0, time - this.now);
    this.at[this.current] = this.now + waited;
    return waited;
  }

  /** Cycles that CPUs waited for locks. */
  get waited(): number {
    let sum = 0;
    for (const { waited } of this.locks.values()) sum += waited;
    return sum;
  }

  /** Takes a lock, waiting for it. Returns since when it is held. */
  acquire(lock: Lock, mode: LockMode): number {
    this.wait(lock, mode);
    this.totals(lock).taken++;
    return this.now;
  }

  /** Waits until a lock could be taken. */
  wait(lock: Lock, mode: LockMode): void {
    const free = mode === "read" ? lock.writtenUntil : Math.max(lock.writtenUntil, lock.readUntil);
    if (free <= this.now) return;
    const waited = this.until(free);
    lock.waited += waited;
    this.totals(lock).waited += waited;
  }

  private totals(lock: Lock): LockTotals {
    if (lock.totals !== null) return lock.totals;
    const known = this.locks.get(lock.name);
    const totals = known ?? { taken: 0, held: 0, longest: 0, waited: 0 };
    this.locks.set(lock.name, totals);
    lock.totals = totals;
    return totals;
  }

  /** Lets a lock go that is held since `since`. */
  release(lock: Lock, mode: LockMode, since: number): void {
    const { now } = this;
    const held = now - since;
    if (mode === "write") lock.writtenUntil = now;
    else if (now > lock.readUntil) lock.readUntil = now;
    lock.held += held;
    if (held > lock.longest) lock.longest = held;
    const totals = this.totals(lock);
    totals.held += held;
    if (held > totals.longest) totals.longest = held;
  }
}
