// Which pages must be reported: a plain list of what was done to them since they were last collected, written from
// what the calls promise to their callers. It looks at no entry and knows no kernel.
//
//   ... store | collection 1      | ... store | collection 2      what is told is copied behind its collection
//       ^ 1 must tell  ^ store: 1 or 2 must      ^ 2 must tell    (a page told by 1 was copied with that store)

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

/** What is kept of a page, by its number: the cause of its change, and more bits. */
const CAUSES: readonly Cause[] = ["write", "discard", "move", "race"];
const CAUSE_MASK = 7;
/** It was stored to while a collection was in progress. */
const DURING = 8;
/** It was told, and stored to while that was going on: telling it once more is no mistake. */
const TOLD_DURING = 16;
const MAYBE = 32;

/** Pages are kept by the thousand: a heap may have more than a map has room for. */
const CHUNK = 4096;

/** Pages that changed since the last collection. */
export class WrittenPages {
  private readonly chunks = new Map<number, Uint8Array>();
  private changed = 0;

  private chunkOf(page: number): Uint8Array {
    const at = Math.floor(page / CHUNK);
    let chunk = this.chunks.get(at);
    if (chunk === undefined) {
      chunk = new Uint8Array(CHUNK);
      this.chunks.set(at, chunk);
    }
    return chunk;
  }

  private changes(page: number, cause: Cause, anew: boolean): void {
    const chunk = this.chunkOf(page);
    const kept = chunk[page % CHUNK] ?? 0;
    if ((kept & CAUSE_MASK) === 0) this.changed++;
    else if (!anew) return;
    chunk[page % CHUNK] = (kept & ~CAUSE_MASK) | (1 + CAUSES.indexOf(cause));
  }

  /** The process stored to a page. */
  write(page: number): void {
    this.changes(page, "write", true);
  }

  /** It did so while a collection is in progress: this one or the next must tell the page. */
  writeDuring(page: number): void {
    const chunk = this.chunkOf(page);
    chunk[page % CHUNK] = (chunk[page % CHUNK] ?? 0) | DURING;
  }

  /** Pages hold something else from now on, without a store to them. */
  change(start: number, end: number, how: Change): void {
    for (let page = start; page < end; page++) this.changes(page, how, false);
  }

  /** So many pages changed. */
  get count(): number {
    return this.changed;
  }

  /** Judges a report; from now on what follows counts. */
  judge(reported: Pages): Verdict {
    let extra = 0;
    const { changed } = this;
    for (const [first, end] of reported) {
      for (let page = first; page < end; page++) {
        const chunk = this.chunkOf(page);
        const kept = chunk[page % CHUNK] ?? 0;
        if (kept === 0) extra++;
        chunk[page % CHUNK] = (kept & DURING) === 0 ? 0 : TOLD_DURING;
      }
    }
    const missed = new Map<Cause, number[]>();
    this.changed = 0;
    for (const [at, chunk] of this.chunks) this.settle(at * CHUNK, chunk, missed);
    return { missed, extra, changed };
  }

  /** What was not told: missed, or for the next collection to tell. */
  private settle(first: number, chunk: Uint8Array, missed: Map<Cause, number[]>): void {
    for (let i = 0; i < CHUNK; i++) {
      const kept = chunk[i] ?? 0;
      if (kept === 0) continue;
      const cause = CAUSES[(kept & CAUSE_MASK) - 1];
      if (cause !== undefined) {
        const list = missed.get(cause) ?? [];
        list.push(first + i);
        missed.set(cause, list);
      }
      chunk[i] = (kept & TOLD_DURING) === 0 ? 0 : MAYBE;
      if ((kept & DURING) !== 0) this.changes(first + i, "race", true);
    }
  }
}
