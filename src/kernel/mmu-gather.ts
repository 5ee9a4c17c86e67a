// What a call takes down is gathered: the TLB is flushed once for all of it, and pages are freed only then
// (mm/mmu_gather.c, asm-generic/tlb.h).
//
//   entries cleared, pages and tables unhooked | ... | flush what was changed, from the first to the last | free
//
// There is room for so many pages; once it is full, a flush comes in between.

import { Event } from "./events.js";
import { headOf } from "./folio.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { dropCached, dropReference } from "./swap-device.js";

/** mmu_gather_bundle: room inside of the structure. */
const BUNDLE = 8;
/** MAX_GATHER_BATCH_COUNT: about so many pages in all. */
const PAGES = 10_000;
/** mmu_gather_batch before its array, and a pointer to a page. Bytes. */
const BATCH_HEAD = 16;
const POINTER = 8;

/** Pages that are gathered before a flush, with base pages of so many bytes. */
function gatherRoom(kernel: Kernel): number {
  const batch = Math.floor((kernel.config.page - BATCH_HEAD) / POINTER);
  // From 6.9 on a folio's pages take two places, which are kept free in each batch.
  const kept = kernel.has("batchedZap") ? 1 : 0;
  return BUNDLE - kept + Math.floor(PAGES / batch) * (batch - kept);
}

/** One call's worth. */
export class Gather {
  private from = Number.POSITIVE_INFINITY;
  private to = 0;
  private stride = Number.POSITIVE_INFINITY;
  private freedTables = false;
  private readonly frames: number[] = [];
  private readonly heads: number[] = [];
  private used = 0;
  /** Pages side by side of the folio that comes in. */
  private run = 0;
  private readonly room: number;

  /** @param whole the address space goes: it is flushed as such (fullmm) */
  constructor(
    readonly kernel: Kernel,
    readonly mm: Mm,
    private readonly whole = false,
  ) {
    this.room = gatherRoom(kernel);
  }

  /** The TLB may hold what an entry of so many pages was before it was changed (tlb_remove_tlb_entry). */
  changed(page: number, pages: number): void {
    this.from = Math.min(this.from, page);
    this.to = Math.max(this.to, page + pages);
    this.stride = Math.min(this.stride, pages);
  }

  /** The base page that an entry mapped goes with it (tlb_remove_page). */
  page(frame: number): void {
    this.frames.push(frame);
    this.take(frame);
  }

  /** The same, and its mapping is taken off already. */
  folio(head: number): void {
    this.heads.push(head);
    this.used++;
    if (this.used >= this.room) this.flush();
  }

  /** Pages of a folio side by side take two places, whatever their number; others one. */
  private take(frame: number): void {
    const before = this.frames.at(-2);
    const follows = before === frame - 1 && this.kernel.has("batchedZap");
    const joins = follows && headOf(this.kernel, before) === headOf(this.kernel, frame);
    this.run = joins ? this.run + 1 : 1;
    if (this.run <= 2) this.used++;
    if (this.used >= this.room) this.flush();
  }

  /** The table that a page's entry stands in is unhooked (pte_free_tlb). */
  table(page: number): void {
    this.freedTables = true;
    this.changed(page, 1);
  }

  /** tlb_flush_mmu; at the end of the call as well. */
  flush(): void {
    const { kernel, mm, whole, from, to, stride, freedTables } = this;
    if (to > from) {
      if (whole) kernel.tlb.space(mm, freedTables);
      else kernel.tlb.range(mm, from, to, stride, freedTables);
    }
    this.from = Number.POSITIVE_INFINITY;
    this.to = 0;
    this.stride = Number.POSITIVE_INFINITY;
    this.freedTables = false;
    this.release();
  }

  private release(): void {
    const { kernel, mm, frames, heads } = this;
    if (this.used >= this.room) kernel.count(Event.gather_full);
    for (const frame of frames) dropCached(kernel, frame, mm.id);
    for (const head of heads) dropReference(kernel, head);
    frames.length = 0;
    heads.length = 0;
    this.used = 0;
    this.run = 0;
  }
}

/** Does a call's work with a gather of its own, and finishes it. */
export function gathering<T>(
  kernel: Kernel,
  mm: Mm,
  work: (gather: Gather) => T,
  whole = false,
): T {
  const gather = new Gather(kernel, mm, whole);
  const result = work(gather);
  gather.flush();
  return result;
}
