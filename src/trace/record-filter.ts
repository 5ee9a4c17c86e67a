// Leaves out of finished records what a run does not ask for.

import {
  CONTROL_OPERANDS_MASK,
  CONTROL_OPERANDS_SHIFT,
  EVENT_KIND_MASK,
  EventKind,
} from "../../assembly/abi/event.js";
import { BASE_PAGE_SHIFT } from "./access-writer.js";
import type { TraceOptions } from "./types.js";

/**
 * How many records behind one are its operands, which have no kind.
 * @param low the record's low 32 bits
 */
export function operandsBehind(low: number): number {
  if ((low & EVENT_KIND_MASK) !== EventKind.Control) return 0;
  return (low >>> CONTROL_OPERANDS_SHIFT) & CONTROL_OPERANDS_MASK;
}

/** What stayed of a block. */
export interface Filtered {
  readonly count: number;
  /** Positions among the records that stayed, ascending. */
  readonly continuations: number[];
}

/** Filters the records of one trace, block by block. */
export class RecordFilter {
  /** Data accesses and fetches that stayed so far. */
  accesses = 0;
  private readonly dropsKind: readonly boolean[];
  /** A continuation stays if none of these address bits is set; undefined: none stays. */
  private readonly pageMask: number | undefined;
  /** Records to come that are operands of a control record: they have no kind. */
  private operands = 0;

  constructor({ accesses, split, pageShift = BASE_PAGE_SHIFT, instructions = true }: TraceOptions) {
    const drops = new Array<boolean>(EVENT_KIND_MASK + 1).fill(false);
    drops[EventKind.Fetch] = accesses === "data";
    drops[EventKind.Instructions] = !instructions;
    this.dropsKind = drops;
    this.pageMask = split ? 2 ** pageShift - 1 - EVENT_KIND_MASK : undefined;
  }

  /**
   * @param words records, u32 pairs; those that stay are moved to the front
   * @param continuations positions of records that continue an access, ascending
   */
  apply(words: Uint32Array, continuations: Uint32Array): Filtered {
    const kept: number[] = [];
    let to = 0;
    let mark = 0;
    for (let at = 0; at < words.length; at += 2) {
      const low = words[at] as number;
      const continues = continuations[mark] === at >>> 1;
      if (continues) mark++;
      if (!this.keeps(low, continues)) continue;
      if (continues) kept.push(to >>> 1);
      words[to] = low;
      words[to + 1] = words[at + 1] as number;
      to += 2;
    }
    return { count: to >>> 1, continuations: kept };
  }

  private keeps(low: number, continues: boolean): boolean {
    if (this.operands > 0) {
      this.operands--;
      return true;
    }
    const kind = low & EVENT_KIND_MASK;
    if (this.dropsKind[kind] === true) return false;
    if (continues && (this.pageMask === undefined || (low & this.pageMask) !== 0)) return false;
    if (kind <= EventKind.Fetch) this.accesses++;
    this.operands = operandsBehind(low);
    return true;
  }
}
