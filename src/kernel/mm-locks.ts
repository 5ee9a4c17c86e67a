// Locks of address spaces beside their mmap_lock: of each VMA and of each page table.
//
//   fault    per-VMA lock, shared; where a writer has it: mmap_lock, shared   (lock_vma_under_rcu)
//   writer   mmap_lock, then the lock of each VMA that it changes, until it lets the mmap_lock go  (vma_start_write)
//   tables   one lock each: a call holds it while it works on the table's entries; a fault waits for it
//
// With one CPU nobody ever waits, and one lock of each kind is enough to tell how long they are held.

import type { Mm } from "./mm.js";
import { type Clocks, type Lock, newLock } from "./time.js";
import type { Vma } from "./vma.js";

/** Bytes of the smallest table. */
const TABLE_SHIFT = 12;

/** The locks of one kernel. */
export class MmLocks {
  private readonly anyVma = newLock("vma_lock");
  private readonly anyTable = newLock("page_table_lock");
  private readonly vmas = new WeakMap<Vma, Lock>();
  private readonly tables = new Map<number, Lock>();
  /** Locks of VMAs that the running call has for writing, and since when. */
  private readonly written = new Map<Lock, number>();
  /** What the fault in progress holds, and since when. */
  private fault: Lock | null = null;
  private faultSince = 0;
  /** The table that is worked on: whoever comes by again within that has its lock. */
  private table: Lock | null = null;

  /** @param perVma this kernel has locks of VMAs */
  constructor(
    private readonly clocks: Clocks,
    private readonly perVma: boolean,
  ) {}

  private ofVma(vma: Vma): Lock {
    if (this.clocks.cpus === 1) return this.anyVma;
    const known = this.vmas.get(vma);
    if (known !== undefined) return known;
    const lock = newLock("vma_lock");
    this.vmas.set(vma, lock);
    return lock;
  }

  private ofTable(slot: number): Lock {
    if (this.clocks.cpus === 1) return this.anyTable;
    const table = Math.floor(slot / 2 ** TABLE_SHIFT);
    const known = this.tables.get(table);
    if (known !== undefined) return known;
    const lock = newLock("page_table_lock");
    this.tables.set(table, lock);
    return lock;
  }

  /** vma_start_write: no fault of another CPU is in the VMA, and none gets in until the call ends. */
  startWrite(vma: Vma): void {
    if (!this.perVma) return;
    const lock = this.ofVma(vma);
    if (!this.written.has(lock)) this.written.set(lock, this.clocks.acquire(lock, "write"));
  }

  /** vma_end_write_all, with the mmap_lock. */
  endWrites(): void {
    for (const [lock, since] of this.written) this.clocks.release(lock, "write", since);
    this.written.clear();
  }

  /** A fault of user code begins in a VMA. */
  lockFault(mm: Mm, vma: Vma): void {
    const own = this.perVma ? this.ofVma(vma) : mm.mmapLock;
    // A writer is in: the fault waits where that one waited.
    const lock = own.writtenUntil > this.clocks.now ? mm.mmapLock : own;
    this.fault = lock;
    this.faultSince = this.clocks.acquire(lock, "read");
  }

  /** It is over, or sleeps. */
  unlockFault(): void {
    if (this.fault !== null) this.clocks.release(this.fault, "read", this.faultSince);
    this.fault = null;
  }

  /** Works on entries of the table that a slot lies in. */
  withTable(slot: number, work: () => void): void {
    const lock = this.ofTable(slot);
    if (lock === this.table) {
      work();
      return;
    }
    const outer = this.table;
    this.table = lock;
    const since = this.clocks.acquire(lock, "write");
    work();
    this.clocks.release(lock, "write", since);
    this.table = outer;
  }

  /** Waits until nobody works on the table; what the fault does then is short, and not counted as held. */
  waitForTable(slot: number): void {
    if (this.clocks.cpus > 1) this.clocks.wait(this.ofTable(slot), "write");
  }
}
