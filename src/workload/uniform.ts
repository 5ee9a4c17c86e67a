// uniform: reads of pages at random, each as likely as any other. What a hash table or a heap without locality does to
// TLBs; of more pages than they hold, nearly every access walks.
//
// Every page is written once in address order, which maps it; then come `warmup` reads, and what is reported begins.

import { Control, EventKind } from "../../assembly/abi/event.js";
import { FIRST_ADDRESS } from "./chase.js";
import { randomBelow } from "./random.js";
import { RecordBuffer } from "./record-buffer.js";
import type { RecordBatch, Values, Workload } from "./types.js";

const WORD = 8;
const MAX_PAGES = 2 ** 28;
const MAX_BYTES = 2 ** 46;

const PARAMETERS = {
  pages: { means: "places, each as likely as any other", default: 4096, min: 1, max: MAX_PAGES },
  stride: { means: "bytes from place to place", default: 4096, min: 64, max: 2 ** 30, step: 64 },
  warmup: { means: "reads before what is reported begins", default: 65536, min: 0, max: 1e9 },
  accesses: { means: "reads that are reported", default: 262144, min: 1, max: 1e9 },
} as const;
type UniformValues = Values<keyof typeof PARAMETERS>;

function fault({ pages, stride }: UniformValues): string | null {
  if (pages * stride <= MAX_BYTES) return null;
  return `pages=${pages} at stride=${stride}: up to 2^46 bytes are allowed`;
}

function* batches(values: UniformValues, seed: number): Generator<RecordBatch, void, undefined> {
  const { pages, stride, warmup, accesses } = values;
  const below = randomBelow(seed);
  const buffer = new RecordBuffer();
  for (let page = 0; page < pages; page++) {
    buffer.access(EventKind.Write, FIRST_ADDRESS + page * stride);
    if (buffer.isFull) yield buffer.take();
  }
  for (let i = 0; i < warmup + accesses; i++) {
    if (i === warmup) buffer.control(Control.Measure);
    if (buffer.isFull) yield buffer.take();
    // Which word of the place is of no weight to translation, but spreads data over cache sets.
    const word = below(Math.min(stride, 4096) / WORD) * WORD;
    buffer.access(EventKind.Read, FIRST_ADDRESS + below(pages) * stride + word);
    if (buffer.isFull) yield buffer.take();
  }
  yield buffer.take();
}

export const uniform: Workload<keyof typeof PARAMETERS> = {
  summary: "reads of places at random, each as likely as any other",
  parameters: PARAMETERS,
  fault,
  batches,
};
