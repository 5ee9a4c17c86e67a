// Bits beside page tables: 1 = the entry's page is not exclusive. A table of which all entries are exclusive has none.
//
//   ptdesc of the page that holds the table(s) ---> [ bits of table 0 | bits of table 1 | ... ]
//
// A page may hold several tables (fragments): there is one bitmap for the page, a table finds its bits by its place in
// it, and the bitmap goes with the last of them. An upper table also holds, for each of its huge mappings that is not
// exclusive, a bitmap set aside for the table that a split will make (as the table itself is).

import { MmulateError } from "../errors.js";
import { noMemory } from "../kernel/allocation.js";
import type { Kernel } from "../kernel/kernel.js";
import type { PaeCosts } from "./costs.js";

const ENTRY_BYTES = 8;
const WORD_BITS = 32;
/** Entries whose bits share a cache line. */
const LINE_ENTRIES = 512;
/** Levels whose entries may map pages. */
const LEVELS = 3;

/** What keeps the bits of a table its own. */
export interface BitmapGuards {
  /** Each table of a page has its part of the bitmap, which lives as long as one of them does. */
  readonly fragments: boolean;
  /** The bitmap of a table that is freed stays until walkers without locks are done. */
  readonly rcu: boolean;
  /** Walkers without locks look at the entry once more behind its bit. */
  readonly again: boolean;
}

/** Bits of one page of tables. */
interface Bitmap {
  readonly words: Uint32Array;
  /** First slots of the tables in it that have asked for it. */
  readonly tables: Set<number>;
}

/** A table of an address space. */
interface TablePlace {
  readonly level: number;
  readonly page: number;
  readonly slot: number;
}

/** Bitmaps of one kernel. */
export class Bitmaps {
  private readonly bitmaps = new Map<number, Bitmap>();
  private readonly deposits = new Set<number>();
  /** Bitmaps of tables that were freed while somebody walks without locks; null = they are gone already. */
  private readonly dying = new Map<number, Bitmap | null>();
  private readonly tableBytes: number;
  private readonly pageBytes: number;

  constructor(
    private readonly kernel: Kernel,
    private readonly costs: PaeCosts,
    private readonly guards: BitmapGuards,
  ) {
    this.tableBytes = kernel.entriesPerTable * ENTRY_BYTES;
    this.pageBytes = Math.max(this.tableBytes, kernel.config.page);
  }

  private pageOf(slot: number): number {
    return slot - (slot % this.pageBytes);
  }

  private tableOf(slot: number): number {
    return slot - (slot % this.tableBytes);
  }

  private indexOf(slot: number): number {
    const bytes = this.guards.fragments ? this.pageBytes : this.tableBytes;
    return (slot % bytes) / ENTRY_BYTES;
  }

  /** Bytes of the bitmap of a page of tables. */
  private get bytes(): number {
    return this.pageBytes / ENTRY_BYTES / 8;
  }

  private find(slot: number): Bitmap | undefined {
    this.costs.touch("meta_lines", `ptdesc ${this.pageOf(slot)}`);
    return this.bitmaps.get(this.pageOf(slot)) ?? this.dyingAt(slot);
  }

  /** What a walker still sees that began before the table was freed. */
  private dyingAt(slot: number): Bitmap | undefined {
    const { steps } = this.kernel;
    if (!steps.walking) this.dying.clear();
    const bitmap = this.dying.get(this.pageOf(slot));
    if (bitmap === null) steps.usesAfterFree++;
    return bitmap ?? undefined;
  }

  /** Some entry of the table may be marked. */
  has(slot: number): boolean {
    return this.bitmaps.has(this.pageOf(slot));
  }

  isMarked(slot: number): boolean {
    const bitmap = this.find(slot);
    if (bitmap === undefined) return false;
    const index = this.touch(slot);
    return (((bitmap.words[index >>> 5] ?? 0) >>> (index & (WORD_BITS - 1))) & 1) !== 0;
  }

  private touch(slot: number): number {
    const index = this.indexOf(slot);
    this.costs.touch("meta_lines", `bits ${this.pageOf(slot)}.${Math.floor(index / LINE_ENTRIES)}`);
    return index;
  }

  /** Makes the bitmap of a table, if there is none. False: no memory. */
  make(slot: number): boolean {
    const bitmap = this.bitmaps.get(this.pageOf(slot));
    if (bitmap === undefined && noMemory(this.kernel)) return false;
    this.add(slot);
    return true;
  }

  /** The same with memory that was set aside. */
  private add(slot: number): Bitmap {
    const at = this.pageOf(slot);
    const known = this.bitmaps.get(at);
    if (known === undefined) this.charge(1);
    const words = new Uint32Array(Math.ceil(this.pageBytes / ENTRY_BYTES / WORD_BITS));
    const bitmap = known ?? { words, tables: new Set<number>() };
    bitmap.tables.add(this.tableOf(slot));
    this.bitmaps.set(at, bitmap);
    return bitmap;
  }

  private charge(bitmaps: 1 | -1): void {
    if (bitmaps > 0) this.costs.add("meta_allocations");
    this.costs.grow(bitmaps * this.bytes);
  }

  /** Sets aside what a split of the huge mapping in a slot will need. False: no memory. */
  deposit(slot: number): boolean {
    if (this.deposits.has(slot)) return true;
    if (noMemory(this.kernel)) return false;
    this.deposits.add(slot);
    this.charge(1);
    return true;
  }

  /** The huge mapping was split, or is another: what was set aside becomes the bitmap of a table, or goes. */
  takeDeposit(slot: number, table?: number): void {
    if (!this.deposits.delete(slot)) return;
    this.charge(-1);
    if (table !== undefined) this.add(table);
  }

  /** A huge mapping moves to another slot. */
  moveDeposit(from: number, to: number): void {
    if (this.deposits.delete(from)) this.deposits.add(to);
  }

  /** Marks `count` entries, or takes the marks away. Where there is no bitmap, there is nothing to take. */
  mark(slot: number, count: number, marked: boolean): void {
    const bitmap = this.find(slot);
    if (bitmap === undefined) {
      if (!marked) return;
      throw new MmulateError("INTERNAL", `no bitmap for the table of slot ${slot}`);
    }
    for (let at = slot; at < slot + count * ENTRY_BYTES; at += ENTRY_BYTES) {
      const index = this.touch(at);
      const bit = 1 << (index & (WORD_BITS - 1));
      const word = bitmap.words[index >>> 5] ?? 0;
      bitmap.words[index >>> 5] = marked ? word | bit : word & ~bit;
    }
  }

  /** Tables below `root` are freed: their bitmaps go with them. */
  free(root: number, first: number, end: number, free: () => number): number {
    if (this.bitmaps.size === 0) return free();
    const before = this.tablesIn(root, first, end);
    const freed = free();
    for (const { level, page, slot } of before) {
      const now = this.kernel.mmu.exports.findEntry(root, page, level) >>> 0;
      if (now !== slot) this.drop(this.tableOf(slot));
    }
    return freed;
  }

  /** Tables in a range that have a bitmap. */
  private tablesIn(root: number, first: number, end: number): TablePlace[] {
    const { exports } = this.kernel.mmu;
    const found: TablePlace[] = [];
    for (let level = 0; level < LEVELS; level++) {
      const span = this.kernel.entriesPerTable ** (level + 1);
      for (
        let page = exports.nextEntry(root, first, end, level);
        page < end;
        page = exports.nextEntry(root, page - (page % span) + span, end, level)
      ) {
        const slot = exports.findEntry(root, page, level) >>> 0;
        if (slot !== 0 && this.has(slot)) found.push({ level, page, slot });
      }
    }
    return found;
  }

  private drop(table: number): void {
    for (const slot of this.deposits) if (this.tableOf(slot) === table) this.takeDeposit(slot);
    const bitmap = this.bitmaps.get(this.pageOf(table));
    if (bitmap === undefined || !bitmap.tables.delete(table)) return;
    if (this.kernel.steps.walking) {
      const kept = { ...bitmap, words: bitmap.words.slice() };
      this.dying.set(this.pageOf(table), this.guards.rcu ? kept : null);
    }
    this.mark(table, this.kernel.entriesPerTable, false);
    if (this.guards.fragments && bitmap.tables.size > 0) return;
    this.bitmaps.delete(this.pageOf(table));
    this.charge(-1);
  }
}
