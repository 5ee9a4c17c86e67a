// From an access (kind, byte address, size) to its records: one for each page it touches.
//
// A translation covers one page, so an access over a page border needs two, and both must reach the
// core. The border is that of the base page of the machine that is simulated: with 16 KiB pages, an access
// over a 4 KiB border still needs but one.

import { EVENT_KIND_MASK, type EventKind } from "../../assembly/abi/event.js";
import type { BatchWriter } from "./batch.js";

/** Smallest base page of any architecture here, and the one that lackey's guests have. */
export const BASE_PAGE_SHIFT = 12;
/** Larger ones would not fit the 32-bit arithmetic below. */
export const MAX_PAGE_SHIFT = 30;

/** Wide enough for the widest access known (XSAVE areas); more is damage. */
export const MAX_ACCESS_BYTES = 65536;
/** An access of that size touches at most 17 pages of 4 KiB. */
export const MAX_ACCESS_RECORDS = MAX_ACCESS_BYTES / 2 ** BASE_PAGE_SHIFT + 1;

/** Writes accesses to a batch. */
export class AccessWriter {
  private readonly pageMask: number;
  /** An access whose end, counted from the start of its page, lies beyond this is split. */
  private readonly pageBytes: number;

  /**
   * @param batch where the records go
   * @param split false: every access is one record, at its start address
   * @param pageShift log2 bytes of the page, `BASE_PAGE_SHIFT` to `MAX_PAGE_SHIFT`
   */
  constructor(
    private readonly batch: BatchWriter,
    split: boolean,
    pageShift: number,
  ) {
    this.pageMask = 2 ** pageShift - 1;
    this.pageBytes = split ? 2 ** pageShift : 0x7fffffff;
  }

  /**
   * Writes up to `MAX_ACCESS_RECORDS` records; the caller has seen to it that there is room.
   *
   * @param kind Read, Write or Fetch
   * @param low address bits 31:0 (signed or not)
   * @param high address bits 63:32
   * @param bytes 1 to `MAX_ACCESS_BYTES`
   */
  write(kind: EventKind, low: number, high: number, bytes: number): void {
    this.batch.push((low & ~EVENT_KIND_MASK) | kind, high);
    const end = (low & this.pageMask) + bytes;
    if (end > this.pageBytes) this.writeFurtherPages(kind, low, high, end);
  }

  /** @param end end of the access, in bytes from the start of its first page */
  private writeFurtherPages(kind: EventKind, low: number, high: number, end: number): void {
    let pageLow = low & ~this.pageMask;
    let pageHigh = high;
    for (let left = end - this.pageBytes; left > 0; left -= this.pageBytes) {
      pageLow = (pageLow + this.pageBytes) | 0;
      // Behind the last page of the address space comes page 0: addresses are taken modulo 2^64.
      if (pageLow === 0) pageHigh++;
      this.batch.pushContinuation(pageLow | kind, pageHigh);
    }
  }
}
