// chase: dependent loads in random order, the way to see how far TLBs and caches reach.
//
//   place 0            place 1            place 2                `pages` of them, `stride` bytes apart
//   +--+-----------+   +-----+--------+   +--------+-----+
//   |##|           |   |     |##|     |   |        |##|  |       `lines` in each; from page to page they
//   +--+-----------+   +-----+--------+   +--------+-----+       move on by `rotate` lines
//
// Without rotation, lines a page apart would all compete for one set of the first-level cache, whose index
// lies within the page; rotating, they fill all of its sets.
//
// The list is written once in address order (which maps it) and followed `warmup` times; then what is
// reported begins. Each round takes the same random order, as a list that is a ring does.

import { Control, EventKind } from "../../assembly/abi/event.js";
import { shuffled } from "./random.js";
import { RecordBuffer } from "./record-buffer.js";
import type { RecordBatch, Values, Workload } from "./types.js";

const LINE = 64;
const PAGE = 4096;
/** Clear of address 0, and within 39 bits for working sets of up to 448 GiB. */
export const FIRST_ADDRESS = 64 * 2 ** 30;
const MAX_LINES = 2 ** 24;
const MAX_BYTES = 2 ** 46;

const PARAMETERS = {
  pages: { means: "places with lines", default: 4096, min: 1, max: MAX_LINES },
  stride: {
    means: "bytes from place to place",
    default: 4096,
    min: LINE,
    max: 2 ** 30,
    step: LINE,
  },
  lines: { means: "lines in a place, spread evenly", default: 1, min: 1, max: 64 },
  rotate: { means: "lines that they move on by, from page to page", default: 1, min: 0, max: 63 },
  warmup: { means: "rounds before what is reported begins", default: 2, min: 0, max: 1000 },
  passes: { means: "rounds that are reported", default: 2, min: 1, max: 1000 },
} as const;
type ChaseValues = Values<keyof typeof PARAMETERS>;

/** Lines of a place that they rotate over: those of a page, or of the place if it is smaller. */
function linesOfPlace({ stride }: ChaseValues): number {
  return Math.min(stride, PAGE) / LINE;
}

function fault(values: ChaseValues): string | null {
  const { pages, stride, lines } = values;
  const room = linesOfPlace(values);
  if (lines > room) return `lines=${lines}: a stride of ${stride} bytes has room for ${room}`;
  if (pages * lines > MAX_LINES) {
    return `pages=${pages} of lines=${lines}: up to ${MAX_LINES} lines are allowed`;
  }
  if (pages * stride > MAX_BYTES) {
    return `pages=${pages} at stride=${stride}: up to 2^46 bytes are allowed`;
  }
  return null;
}

/** Address of every line, in the order of addresses of their places. */
function addresses(values: ChaseValues): Float64Array {
  const { pages, stride, lines, rotate } = values;
  const room = linesOfPlace(values);
  const apart = Math.floor(room / lines);
  return Float64Array.from({ length: pages * lines }, (_, i) => {
    const place = Math.floor(i / lines);
    // Places that share a page move on together. One by one, their steps and their distance could add up to
    // few sets: at 1 KiB, 16 of 64.
    const turns = stride < PAGE ? Math.floor((place * stride) / PAGE) : place;
    const line = (turns * rotate + (i % lines) * apart) % room;
    return FIRST_ADDRESS + place * stride + line * LINE;
  });
}

function* batches(values: ChaseValues, seed: number): Generator<RecordBatch, void, undefined> {
  const at = addresses(values);
  const order = shuffled(at.length, seed);
  const buffer = new RecordBuffer();
  for (const address of at) {
    buffer.access(EventKind.Write, address);
    if (buffer.isFull) yield buffer.take();
  }
  for (let round = 0; round < values.warmup + values.passes; round++) {
    if (round === values.warmup) buffer.control(Control.Measure);
    if (buffer.isFull) yield buffer.take();
    for (const index of order) {
      buffer.access(EventKind.Read, at[index] ?? 0);
      if (buffer.isFull) yield buffer.take();
    }
  }
  yield buffer.take();
}

export const chase: Workload<keyof typeof PARAMETERS> = {
  summary: "dependent loads in random order, one line a page (TLB reach)",
  parameters: PARAMETERS,
  fault,
  batches,
};
