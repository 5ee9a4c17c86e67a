// What a trace holds: one pass over its records.

import { EVENT_KIND_MASK, EVENT_OPERAND_SHIFT, EventKind } from "../../assembly/abi/event.js";
import type { EventBatch } from "./batch.js";
import { readTrace, type TraceFacts, type TraceOptions } from "./index.js";
import { PageSet } from "./page-set.js";
import { operandsBehind } from "./record-filter.js";

/** Facts about a trace; integers that may exceed 2^53 are bigints. */
export interface TraceSurvey {
  readonly format: TraceFacts["format"];
  /** What the header of .mmt says, else null. */
  readonly header: {
    readonly source: string;
    /** log2 bytes; 0 = not split, or not known. */
    readonly pageShift: number;
    readonly accesses: "all" | "data";
  } | null;
  readonly records: number;
  readonly reads: number;
  readonly writes: number;
  readonly fetches: number;
  /** Records that are no access; those of instruction counts are not among them. */
  readonly controls: number;
  /** Instructions executed, as far as the trace tells. */
  readonly instructions: bigint;
  /** Accesses that go on in another page: records beyond the first. */
  readonly continuations: number;
  /** Smallest and largest address of a record, at 8 bytes; null without any access. */
  readonly lowest: bigint | null;
  readonly highest: bigint | null;
  /** Distinct pages of 4 KiB. */
  readonly pages: number;
}

/**
 * Reads a trace and counts.
 *
 * @param onProgress called with the records read so far
 * @throws MmulateError as `readTrace`
 */
export async function surveyTrace(
  path: string,
  format: string,
  onProgress: (records: number) => void = () => undefined,
): Promise<TraceSurvey> {
  const options: TraceOptions = { format, accesses: "all", split: true };
  let facts: TraceFacts | undefined;
  const onOpen = (told: TraceFacts): void => {
    facts = told;
  };
  const survey = new Survey();
  for await (const batch of readTrace(path, options, { onOpen })) {
    survey.add(batch);
    onProgress(survey.records);
  }
  return survey.result(facts as TraceFacts);
}

class Survey {
  records = 0;
  private continuations = 0;
  private instructions = 0n;
  private operands = 0;
  private readonly kinds = new Array<number>(EVENT_KIND_MASK + 1).fill(0);
  private readonly pages = new PageSet();

  add({ records, count, continuations }: EventBatch): void {
    this.records += count;
    this.continuations += continuations.length;
    for (let at = 0; at < 2 * count; at += 2) {
      const low = records[at] as number;
      const high = records[at + 1] as number;
      if (this.operands > 0) {
        this.operands--;
        continue;
      }
      const kind = low & EVENT_KIND_MASK;
      (this.kinds[kind] as number)++;
      if (kind <= EventKind.Fetch) this.pages.add(low - kind, high);
      else if (kind === EventKind.Instructions) this.instructions += operandOf(low, high);
      this.operands = operandsBehind(low);
    }
  }

  result({ format, header }: TraceFacts): TraceSurvey {
    const [reads = 0, writes = 0, fetches = 0, ...others] = this.kinds;
    const instructionRecords = this.kinds[EventKind.Instructions] ?? 0;
    const { records, continuations, instructions, pages } = this;
    return {
      format,
      header:
        header === undefined
          ? null
          : { source: header.source, pageShift: header.pageShift, accesses: header.accesses },
      records,
      reads,
      writes,
      fetches,
      controls: others.reduce((sum, one) => sum + one, -instructionRecords),
      instructions,
      continuations,
      lowest: pages.lowest,
      highest: pages.highest,
      pages: pages.size,
    };
  }
}

function operandOf(low: number, high: number): bigint {
  return ((BigInt(high) << 32n) | BigInt(low)) >> BigInt(EVENT_OPERAND_SHIFT);
}
