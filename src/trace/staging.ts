// Memory that finished records are read into: two slots, so that a block can be on its way while the one before is in
// use, and room for what is unpacked. Where a thread of its own reads (threaded.ts), it has one such area, and
// that of the core holds the ring (ring.ts) instead.
//
//   slot | slot | records | table of the codec
//
// The memory is shared (asconfig.json): that thread writes to it. A memory that is not would also detach its buffer when
// it grows.

import { EVENT_BYTES } from "../../assembly/abi/event.js";
import { CODEC_TABLE_BYTES } from "./codec.js";

/** The most records of a block: 2 MiB, where what comes once per block no longer shows. */
export const BLOCK_RECORDS = 262144;
const CONTINUATION_BYTES = 4;
/** What stands behind a block and is read with it: the head of the next one. */
const BEHIND_BYTES = 64;

const SLOT_BYTES = BLOCK_RECORDS * (EVENT_BYTES + CONTINUATION_BYTES) + BEHIND_BYTES;
/** The core keeps a word of its own behind the records. */
const RECORDS_BYTES = (BLOCK_RECORDS + 1) * EVENT_BYTES;
const RECORDS_AT = 2 * SLOT_BYTES;
const TABLE_AT = RECORDS_AT + RECORDS_BYTES;

/** What `Staging` must have room for. */
export const STAGING_BYTES = TABLE_AT + CODEC_TABLE_BYTES;

const WASM_PAGE_BYTES = 65536;

/** Linear memory that readers of finished records read them into: `STAGING_BYTES` from `at` on. */
export interface Staging {
  /** A shared one. */
  readonly memory: WebAssembly.Memory;
  /** A multiple of 8. */
  readonly at: number;
}

/** Memory for a reader whose caller has none. */
export function ownStaging(): Staging {
  const pages = Math.ceil(STAGING_BYTES / WASM_PAGE_BYTES);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  return { memory, at: 0 };
}

/** Where the parts of a staging area begin, as linear addresses. */
export interface StagingPlan {
  readonly slots: readonly [number, number];
  /** Room for a block's records, unpacked. */
  readonly records: number;
  readonly table: number;
}

export function planStaging({ at }: Staging): StagingPlan {
  return { slots: [at, at + SLOT_BYTES], records: at + RECORDS_AT, table: at + TABLE_AT };
}
