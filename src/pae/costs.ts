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
  ["waits", "folios in migration that fork had to wait for"],
] as const;

type PaeCost = (typeof PAE_COSTS)[number][0];

/** Costs of one kernel's scheme. */
export class PaeCosts {
  private readonly counts = new Map<PaeCost, number>(PAE_COSTS.map(([name]) => [name, 0]));
  /** Bytes of metadata, now and at most. */
  bytes = 0;
  mostBytes = 0;
  /** The line that was touched last: touched again, it is near. */
  private lines: readonly string[] = [];

  add(cost: PaeCost, times = 1): void {
    this.counts.set(cost, (this.counts.get(cost) ?? 0) + times);
  }

  of(cost: PaeCost): number {
    return this.counts.get(cost) ?? 0;
  }

  /** A line of metadata is touched; the last two are near (fork goes along two tables). */
  touch(cost: PaeCost, line: string): void {
    if (this.lines.includes(line)) return;
    this.lines = [line, this.lines[0] ?? ""];
    this.add(cost);
  }

  /** So many bytes of metadata more, or fewer. */
  grow(by: number): void {
    this.bytes += by;
    this.mostBytes = Math.max(this.mostBytes, this.bytes);
  }
}
