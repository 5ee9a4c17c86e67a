// Lines of the kernel's own data that are no longer in the near cache when they are needed: struct pages, VMAs and
// the nodes of their tree. A first approximation: what is used evenly stays in a cache for as large a part as fits,
//
//   share of touches that miss = 1 - capacity / working set,  0 while all of it fits
//
// and shares add up until they are a whole line, so that counts are whole and the same in every run.

import { Event } from "./events.js";

/** Bytes of a struct page; of a VMA with its place in the anon_vma and in the maple tree (192 + 64 + 64). */
export const STRUCT_PAGE_BYTES = 64;
export const VMA_BYTES = 320;

/** Far lines of one kernel. */
export class CacheLines {
  private share = 0;

  /** @param capacity bytes of the near cache; 0 = everything is near */
  constructor(
    private readonly capacity: number,
    private readonly count: (event: number, times: number) => void,
  ) {}

  /** There is a cache that something may not fit: asked before a working set is measured for nothing. */
  get limited(): boolean {
    return this.capacity !== 0;
  }

  /** So many lines out of a working set are touched. */
  touch(lines: number, workingSet: number): void {
    if (!this.limited || workingSet <= this.capacity) return;
    this.share += lines * (1 - this.capacity / workingSet);
    const whole = Math.floor(this.share);
    if (whole === 0) return;
    this.share -= whole;
    this.count(Event.far_line, whole);
  }
}
