// Soft-dirty bits that stand beside the page table (a proposal; no kernel has it): what it costs to look there.
//
//   table of entries   [e0 e1 e2 .......... e511]      512 entries, 4096 bytes
//   its bits           [0 0 1 .............. 0 ]       512 bits, 64 bytes: one cache line
//
// A fault sets a bit while faults of other pages of the table set theirs, in the same word: an atomic operation, behind
// a look at where the table's bits are. Whoever goes through entries (clearing, telling, copying, taking down) goes
// through the lines of their bits. Where the entries in use have more bits than the near cache holds, lines come from
// afar, by the same rule as those of struct pages (cache-lines.ts).

import type { MmCore } from "../core/mm.js";
import type { CacheLines } from "./cache-lines.js";
import { Event } from "./events.js";
import type { KernelConfig } from "./features.js";

const BITS_OF_LINE = 512;

/** Events whose entry gets its bit set. */
const SET: ReadonlySet<number> = new Set([
  Event.fault_reuse,
  Event.fault_copy,
  Event.fault_anon,
  Event.fault_huge,
  Event.fault_shared,
]);

/** Events that count entries whose bits are read, cleared or carried along. */
const PASSED: ReadonlySet<number> = new Set([
  Event.clear_entry,
  Event.pagemap_entry,
  Event.zap_entry,
  Event.fork_entry,
  Event.move_entry,
  Event.swap_out,
  Event.swap_in,
]);

/** The part of a kernel that it needs. */
interface Host {
  readonly config: KernelConfig;
  readonly mmu: MmCore;
  count(event: number, times: number): void;
}

/** What one kernel pays for such a table. */
export class BesideTable {
  constructor(
    private readonly kernel: Host,
    private readonly lines: CacheLines,
  ) {}

  /** An event happened to so many entries. */
  note(event: number, times: number): void {
    if (SET.has(event)) {
      this.kernel.count(Event.beside_set, times);
      this.far(times);
    } else if (PASSED.has(event)) this.pass(times);
  }

  /** Entries side by side are gone through. */
  pass(entries: number): void {
    const lines = Math.ceil(entries / BITS_OF_LINE);
    this.kernel.count(Event.beside_line, lines);
    this.far(lines);
  }

  /** As many entries have bits as pages are in use. */
  private far(lines: number): void {
    if (!this.lines.limited) return;
    const { config, mmu } = this.kernel;
    const used = config.frames - mmu.exports.freeFrameCount();
    this.lines.touch(lines, used / 8);
  }
}
