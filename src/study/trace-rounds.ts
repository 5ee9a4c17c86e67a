// A trace cut into rounds of as many accesses each: which pages every round writes. All that matters to who finds
// written pages, and small however long the trace is; the records come batch by batch, from whoever reads the file.
//
//   records  r w w f r w | r f w ...        (read, write, fetch)
//   rounds   {pages written} {pages written} ...

import {
  CONTROL_OPERANDS_MASK,
  CONTROL_OPERANDS_SHIFT,
  EVENT_KIND_MASK,
  EventKind,
} from "../../assembly/abi/event.js";

/** How a trace is cut. */
export interface Cut {
  /** Accesses of a round. */
  readonly accesses: number;
  /** What lies behind so many rounds is not read. */
  readonly rounds: number;
  /** log2 bytes of a page. */
  readonly pageShift: number;
}

/** One round. */
export interface TraceRound {
  /** Reads, writes and fetches; of the last round, maybe fewer than asked for. */
  readonly accesses: number;
  readonly writes: number;
  /** Numbers of the pages written, each once, in the order of their first writes. */
  readonly written: readonly number[];
}

/** A trace in rounds. */
export interface TraceRounds {
  readonly rounds: readonly TraceRound[];
  /** Numbers of all pages touched, ascending. */
  readonly pages: readonly number[];
}

/** Cuts records as they come. */
export class RoundCutter {
  private readonly rounds: TraceRound[] = [];
  private readonly pages = new Set<number>();
  private written = new Set<number>();
  private accesses = 0;
  private writes = 0;
  /** Page of the last access of each kind: programs stay in a page for long. */
  private readonly last: [number, number, number] = [-1, -1, -1];
  /** Operands of a control that are still to come. */
  private operands = 0;

  constructor(private readonly cut: Cut) {}

  /** All rounds that were asked for are there. */
  get full(): boolean {
    return this.rounds.length === this.cut.rounds;
  }

  /** Takes `count` records, as words (assembly/abi/event.ts). What comes behind the last round is left. */
  add(records: Uint32Array, count: number): void {
    const below = 2 ** this.cut.pageShift;
    const aboveLow = 2 ** 32 / below;
    for (let at = 0; at < 2 * count && !this.full; at += 2) {
      const low = records[at] ?? 0;
      const kind = low & EVENT_KIND_MASK;
      if (this.operands > 0) this.operands--;
      else if (kind <= EventKind.Fetch) {
        const high = records[at + 1] ?? 0;
        this.access(kind, high * aboveLow + Math.floor(low / below));
      } else if (kind === EventKind.Control) {
        this.operands = (low >>> CONTROL_OPERANDS_SHIFT) & CONTROL_OPERANDS_MASK;
      }
    }
  }

  private access(kind: number, page: number): void {
    if (kind === EventKind.Write) this.writes++;
    if (this.last[kind] !== page) {
      this.last[kind] = page;
      this.pages.add(page);
      if (kind === EventKind.Write) this.written.add(page);
    }
    if (++this.accesses === this.cut.accesses) this.endRound();
  }

  private endRound(): void {
    const { accesses, writes } = this;
    this.rounds.push({ accesses, writes, written: [...this.written] });
    this.written = new Set();
    [this.accesses, this.writes] = [0, 0];
    this.last[EventKind.Write] = -1;
  }

  /** The rounds; a last one that was cut short is one, too. */
  finish(): TraceRounds {
    if (this.accesses > 0 && !this.full) this.endRound();
    const pages = Float64Array.from(this.pages).sort();
    return { rounds: this.rounds, pages: [...pages] };
  }
}
