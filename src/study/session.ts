// A process whose writes are tracked: it maps a heap, writes, and is asked now and then what it wrote. The oracle
// watches each collection; a ledger says what every step costs.

import { MmulateError } from "../errors.js";
import { madvise } from "../kernel/madvise.js";
import type { Mm } from "../kernel/mm.js";
import { mmap } from "../kernel/mmap.js";
import { VM_READ, VM_WRITE } from "../kernel/vm-flags.js";
import { type Verdict, WrittenPages } from "../oracle/written-pages.js";
import type { Process } from "../scenario/player.js";
import { countOf, type Pages, type Tracker, type Watched } from "../tracker/types.js";
import { Ledger, type Spent } from "./ledger.js";
import type { StudyMachine } from "./types.js";
import { Writers } from "./writers.js";

/** What a collection brought. */
export interface Collected {
  readonly spent: Spent;
  /** Pages reported. */
  readonly pages: Pages;
  readonly found: number;
  readonly verdict: Verdict;
}

/** Accesses between two words of progress. */
const TOLD_EVERY = 2 ** 16;

/** One process, one heap, one tracker. */
export class Session {
  readonly process: Process;
  readonly writers: Writers;
  readonly start: number;
  end: number;
  readonly ledger: Ledger;
  readonly written = new WrittenPages();
  /** Pages that writes stumbled over since the last collection. */
  private readonly stumbled = { segv: [] as number[], messages: [] as number[] };
  /** What the heap grew by since the last collection. */
  private added: [number, number][] = [];
  /** First page of memory beside the heap, if there is any. */
  outside = 0;

  constructor(
    readonly machine: StudyMachine,
    readonly tracker: Tracker,
    pages: number,
    threads?: number,
  ) {
    const { player } = machine;
    this.process = player.processNamed("P");
    this.process.onSegv = "unprotect";
    this.start = player.nextPlace(true);
    this.end = this.start + pages;
    this.ledger = new Ledger(machine);
    this.writers = new Writers(machine, () => this.mm, threads);
    this.map(this.start, pages);
  }

  get mm(): Mm {
    return this.process.mm;
  }

  private get watched(): Watched {
    const { start, end, mm, machine } = this;
    return { kernel: machine.kernel, mm, start, end };
  }

  /** Maps private memory. */
  map(start: number, pages: number): void {
    const access = VM_READ | VM_WRITE;
    const errno = mmap(this.machine.kernel, this.mm, { start, pages, access, shared: false });
    if (errno !== 0) throw new MmulateError("MEMORY", `mmap of ${pages} pages: ${errno}`);
  }

  /** madvise of the heap's first pages. */
  advise(pages: number, advice: string): void {
    madvise(this.machine.kernel, this.mm, this.start, this.start + pages, advice);
  }

  /** Writes every page of the heap once, before anybody watches. */
  populate(): void {
    const { player, progress } = this.machine;
    for (let page = this.start; page < this.end; page++) {
      player.touch(this.process, page, 1);
      if (page % TOLD_EVERY === 0) progress?.(player.accesses.writes);
    }
  }

  /** Maps and writes memory elsewhere, which nobody watches but who watches everything. */
  mapOutside(pages: number): void {
    const { player } = this.machine;
    this.outside = player.nextPlace(true);
    this.map(this.outside, pages);
    for (let i = 0; i < pages; i++) player.touch(this.process, this.outside + i, 2);
  }

  /** Maps memory right behind the heap, which it is part of from now on, and writes it. */
  grow(pages: number): void {
    const { player } = this.machine;
    this.map(this.end, pages);
    this.added.push([this.end, this.end + pages]);
    for (let page = this.end; page < this.end + pages; page++) {
      player.touch(this.process, page, 1);
      this.written.write(page);
    }
    this.end += pages;
  }

  /** Begins to watch. */
  arm(): Spent {
    this.writers.start();
    const spent = this.timed(() => this.tracker.arm(this.watched));
    this.writers.wait();
    return spent;
  }

  /** Time of the collector. */
  private timed(work: () => void): Spent {
    let spent: Spent | undefined;
    this.writers.collect(() => {
      spent = this.ledger.measure(work);
    });
    if (spent === undefined) throw new MmulateError("INTERNAL", "nobody collected");
    return spent;
  }

  /** @throws MmulateError CONFIG where the write ends the process: the tracker is of no use then */
  private touch(page: number): void {
    const { player } = this.machine;
    if (player.touch(this.process, page, 1) !== null) return;
    const why = `${this.mm.vmas.count} mappings are there (kernel.maxMapCount)`;
    throw new MmulateError(
      "CONFIG",
      `this kernel does not make page ${page - this.start} of ${this.end - this.start} writable again: ${why}`,
    );
  }

  private store(page: number): void {
    const { player, progress } = this.machine;
    this.touch(page);
    this.written.write(page);
    if (player.accesses.writes % TOLD_EVERY === 0) progress?.(player.accesses.writes);
  }

  /**
   * Stores to pages, given by their place in the heap.
   * @param work cycles of its own that a thread spends before each, where others run beside it; they are not told
   */
  write(pages: Iterable<number>, work = 0): Spent {
    const { player } = this.machine;
    const { writers, start } = this;
    player.takeTrouble();
    let spent: Spent;
    if (writers.parallel) {
      const list = pages[Symbol.iterator]();
      let count = 0;
      const next = (): (() => void) | undefined => {
        const { done, value } = list.next();
        if (done === true) return undefined;
        count++;
        return () => this.store(start + value);
      };
      const all = this.ledger.measure(() => writers.write(next, work), writers.cpus);
      spent = { ...all, cycles: all.cycles - count * work };
    } else {
      spent = this.ledger.measure(() => {
        for (const page of pages) this.store(start + page);
      });
    }
    this.stumble();
    return spent;
  }

  /** Keeps what writes stumbled over for the next collection. */
  private stumble(): void {
    const { segv, wpfault } = this.machine.player.takeTrouble();
    for (const page of segv) this.stumbled.segv.push(page);
    for (const page of wpfault) this.stumbled.messages.push(page);
  }

  /**
   * Asks what was written, and watches on.
   * @param meanwhile what others do between the steps of the collection, and in the end; null: they stand still
   */
  collect(meanwhile: (() => void) | null = null): Collected {
    const { kernel } = this.machine;
    const segv = this.stumbled.segv.splice(0);
    const messages = this.stumbled.messages.splice(0);
    let pages: Pages = [];
    kernel.meanwhile = meanwhile;
    const spent = this.timed(() => {
      pages = this.tracker.collect(this.watched, { segv, messages });
    });
    kernel.meanwhile = null;
    if (meanwhile === null) this.writers.wait();
    else {
      meanwhile();
      this.stumble();
    }
    // Who watches page by page knows nothing of a new mapping: all of it counts, as CRIU dumps a new mapping whole.
    const added = this.tracker.seesNewMappings === true ? [] : this.added;
    this.added = [];
    const told = [...pages, ...added];
    return { spent, pages: told, found: countOf(told), verdict: this.written.judge(told) };
  }

  /**
   * Collects while the threads go on: until each step of the collection is over they write what they come to. A step is
   * played as one, so what is written in its time comes behind it.
   * @param next pages to write, by their place in the heap
   */
  collectAmong(next: () => number, work: number): Collected {
    const { writers, start, machine } = this;
    // Who is behind the latest writer has not yet come to where the collection begins.
    const before = (): (() => void) => {
      const page = start + next();
      return () => this.store(page);
    };
    writers.write(before, work, machine.kernel.clocks.elapsed);
    this.stumble();
    const store = (): (() => void) => {
      const page = start + next();
      return () => {
        this.touch(page);
        this.written.writeDuring(page);
      };
    };
    return this.collect(() => writers.write(store, work, writers.collectorTime));
  }
}
