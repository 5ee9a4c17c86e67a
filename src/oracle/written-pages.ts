// Which pages must be reported: a plain list of what was done to them since they were last collected, written from
// what the calls promise to their callers. It looks at no entry and knows no kernel.

import type { Cause, Change, Pages } from "../tracker/types.js";

/** What a report is worth. */
export interface Verdict {
  /** Pages that changed, and are not reported: by what changed them first. */
  readonly missed: ReadonlyMap<Cause, readonly number[]>;
  /** Pages reported that did not change. */
  readonly extra: number;
  /** Pages that changed. */
  readonly changed: number;
}

/** Pages that changed since the last collection. */
export class WrittenPages {
  private readonly changes = new Map<number, Cause>();

  /** The process stored to a page. */
  write(page: number): void {
    this.changes.set(page, "write");
  }

  /** Pages hold something else from now on, without a store to them. */
  change(start: number, end: number, how: Change): void {
    for (let page = start; page < end; page++) {
      if (!this.changes.has(page)) this.changes.set(page, how);
    }
  }

  /** So many pages changed. */
  get count(): number {
    return this.changes.size;
  }

  /** Judges a report; from now on what follows counts. */
  judge(reported: Pages): Verdict {
    let extra = 0;
    const changed = this.changes.size;
    for (const [first, end] of reported) {
      for (let page = first; page < end; page++) if (!this.changes.delete(page)) extra++;
    }
    const missed = new Map<Cause, number[]>();
    for (const [page, cause] of this.changes) {
      const list = missed.get(cause) ?? [];
      list.push(page);
      missed.set(cause, list);
    }
    this.changes.clear();
    return { missed, extra, changed };
  }
}
