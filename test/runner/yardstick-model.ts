// The yardstick's machine, once more and as plainly as can be: an independent model for the tests.
//
// Written from the reference simulator's description, with no code of ours: page numbers are numbers, a
// set is an array in order of use, the page table is one Map per level. It knows no bits, no masks and no
// memory; it counts.
//
//   L1 4K 16 sets x 4, L1 2M 8 x 4, second level 128 x 12 for both, walk caches 8 x 4, 1 x 4, 1 x 4;
//   true LRU, filled on a miss, set = low bits of the page number; from 2^46 on pages have 2 MiB.

const SMALL = { name: "4K", shift: 12, level: 0 };
const LARGE = { name: "2M", shift: 21, level: 1 };
const LARGE_FROM = 2 ** 46;
const TOP = 3;

interface Entry {
  readonly key: string;
  /** What a cached copy knows of the page's dirty state, as it was when the copy was made. */
  dirty: boolean;
}

/** Sets of entries, the least recently used first. */
class Lru {
  private readonly sets: Entry[][];

  constructor(
    sets: number,
    private readonly ways: number,
  ) {
    this.sets = Array.from({ length: sets }, () => []);
  }

  private setOf(page: number): Entry[] {
    return this.sets[page % this.sets.length] ?? [];
  }

  find(page: number, key: string): Entry | undefined {
    const set = this.setOf(page);
    const at = set.findIndex((entry) => entry.key === key);
    const [entry] = at < 0 ? [] : set.splice(at, 1);
    if (entry !== undefined) set.push(entry);
    return entry;
  }

  fill(page: number, key: string, dirty: boolean): Entry {
    const set = this.setOf(page);
    if (set.length === this.ways) set.shift();
    const entry = { key, dirty };
    set.push(entry);
    return entry;
  }
}

interface Page {
  readonly address: bigint;
  accessed: boolean;
  dirty: boolean;
}

/** Runs accesses and counts; `counters` has the names of a report, those that stay 0 left out. */
export class YardstickModel {
  readonly counters: Record<string, bigint> = {};
  private readonly first = { "4K": new Lru(16, 4), "2M": new Lru(8, 4) };
  private readonly second = new Lru(128, 12);
  private readonly walkCaches = [undefined, new Lru(8, 4), new Lru(1, 4), new Lru(1, 4)];
  private readonly pages = new Map<string, Page>();
  /** Entries that point to a table, as "level/number", once made and once accessed. */
  private readonly tables = new Map<string, { accessed: boolean }>();
  private nextSmall = 2n ** 32n;
  private nextLarge = 2n ** 33n;

  private count(name: string, by = 1n): void {
    this.counters[name] = (this.counters[name] ?? 0n) + by;
  }

  /** One access of the 8-byte word at `va`. */
  access(va: number, write: boolean): void {
    const size = va < LARGE_FROM ? SMALL : LARGE;
    const page = Math.floor(va / 2 ** size.shift);
    const key = `${size.name} ${page}`;
    const cached = this.lookUp(size, page, key, va, write);
    const mapped = this.pages.get(key);
    if (mapped === undefined) throw new Error(`${key} was not mapped`);
    if (write && !cached.dirty) {
      this.count("dirty_assist");
      if (!mapped.dirty) this.count("dirty_set");
      mapped.dirty = true;
      cached.dirty = true;
    }
    this.count(write ? "writes" : "reads");
    const offset = va - page * 2 ** size.shift;
    const sum = (this.counters.pa_sum ?? 0n) + mapped.address + BigInt(offset);
    this.counters.pa_sum = BigInt.asUintN(64, sum);
  }

  /** The first-level entry, after whatever it takes to fill it. */
  private lookUp(size: typeof SMALL, page: number, key: string, va: number, write: boolean): Entry {
    const first = this.first[size === SMALL ? "4K" : "2M"];
    const hit = first.find(page, key);
    if (hit !== undefined) {
      this.count("dtlb_l1_hit");
      if (size === LARGE) this.count("dtlb_l1_large_hit");
      return hit;
    }
    this.count("dtlb_l1_miss");
    const held = this.second.find(page, key);
    if (held !== undefined) {
      this.count("stlb_hit");
      if (size === LARGE) this.count("stlb_large_hit");
      return first.fill(page, key, held.dirty);
    }
    this.count("stlb_miss");
    const { dirty } = this.walk(size, key, va, write);
    this.second.fill(page, key, dirty);
    return first.fill(page, key, dirty);
  }

  /** From the lowest cached table, or the root, down to the page; made where they are absent. */
  private walk(size: typeof SMALL, key: string, va: number, write: boolean): Page {
    this.count("walks");
    for (let level = this.startOf(va); level > size.level; level--) this.passTable(level, va);
    this.count(`walk_loads_level${size.level}`);
    const page = this.pages.get(key) ?? this.map(size, key);
    if (!page.accessed) this.count("accessed_set");
    page.accessed = true;
    if (write && !page.dirty) {
      this.count("dirty_set");
      page.dirty = true;
    }
    return page;
  }

  private startOf(va: number): number {
    for (let level = 1; level <= TOP; level++) {
      const number = tableNumber(va, level);
      if (this.walkCaches[level]?.find(number, String(number)) === undefined) continue;
      this.count(`walk_cache_hit_level${level}`);
      return level - 1;
    }
    return TOP;
  }

  private passTable(level: number, va: number): void {
    this.count(`walk_loads_level${level}`);
    const number = tableNumber(va, level);
    const key = `${level}/${number}`;
    let table = this.tables.get(key);
    if (table === undefined) {
      this.count("demand_tables");
      table = { accessed: false };
      this.tables.set(key, table);
    }
    if (!table.accessed) this.count("accessed_set");
    table.accessed = true;
    this.walkCaches[level]?.fill(number, String(number), false);
  }

  private map(size: typeof SMALL, key: string): Page {
    this.count("demand_mappings");
    this.count("demand_entries");
    const address = size === SMALL ? this.nextSmall : this.nextLarge;
    if (size === SMALL) this.nextSmall += 4096n;
    else this.nextLarge += 2n ** 21n;
    const page = { address, accessed: false, dirty: false };
    this.pages.set(key, page);
    return page;
  }
}

/** Which entry of a level leads to `va`, counted over the whole address space. */
function tableNumber(va: number, level: number): number {
  return Math.floor(va / 2 ** (12 + 9 * level));
}
