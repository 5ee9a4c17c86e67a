// What a scheme costs beside what Linux does anyway: counted by the scheme, one row each.
//
//   a struct page has 64 bytes, so each page of a large folio has a line of its own; the line of a small page, and of a
//   folio's first page, is near whenever the page is mapped, referenced or counted, and is not counted here

/** Name and meaning, in times unless said. */
const PAE_COSTS = [
  ["atomics", "atomic operations on the flags of pages or folios"],
  ["locks", "bit locks taken and given back"],
  ["page_lines", "lines of struct pages that are no folio's first, read or written for this alone"],
  ["meta_lines", "lines of bitmaps, and of what they hang off, read or written"],
  ["meta_allocations", "bitmaps allocated"],
  ["entry_writes", "page-table entries written for this alone"],
  ["folio_dirtied", "folios marked dirty because an entry could no longer say so"],
  ["entries_gathered", "entries of other tables write-protected, because a folio's all must be"],
  ["fork_batches", "runs of present entries that fork copied, each as long as it could be"],
  ["fork_batched", "entries in them"],
  [
    "copies_unneeded",
    "pages copied at a write fault though nobody else had them mapped or in swap",
  ],
  ["waits", "folios in migration that fork had to wait for"],
] as const;

type PaeCost = (typeof PAE_COSTS)[number][0];

/** Names and meanings, in order. */
export const PAE_COST_MEANINGS: readonly (readonly [PaeCost, string])[] = PAE_COSTS;

/** Lines that are near because they were touched just now. */
const NEAR = 4;

/** Costs of one kernel's scheme. */
export class PaeCosts {
  private readonly counts = new Map<PaeCost, number>(PAE_COSTS.map(([name]) => [name, 0]));
  /** fork goes entry by entry, so that each is counted; else what its program does is not. */
  exact = false;
  /** False while an observer looks. */
  counting = true;
  /** Bytes of metadata, now and at most. */
  bytes = 0;
  mostBytes = 0;
  /** Entries of the longest run that fork copied. */
  longestBatch = 0;
  /** Lines touched last: touched again, they are near. */
  private lines: readonly string[] = [];

  add(cost: PaeCost, times = 1): void {
    this.counts.set(cost, (this.counts.get(cost) ?? 0) + times);
  }

  of(cost: PaeCost): number {
    return this.counts.get(cost) ?? 0;
  }

  /** fork copied so many entries together. */
  forked(entries: number): void {
    this.add("fork_batches");
    this.add("fork_batched", entries);
    this.longestBatch = Math.max(this.longestBatch, entries);
  }

  /** A line is touched; the last four are near (fork goes along two tables, and what hangs off them). */
  touch(cost: PaeCost, line: string): void {
    if (!this.counting || this.lines.includes(line)) return;
    this.lines = [line, ...this.lines.slice(0, NEAR - 1)];
    this.add(cost);
  }

  /** So many bytes of metadata more, or fewer. */
  grow(by: number): void {
    this.bytes += by;
    this.mostBytes = Math.max(this.mostBytes, this.bytes);
  }
}
