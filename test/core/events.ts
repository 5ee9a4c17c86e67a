// Event records by hand (assembly/abi/event.ts).

import { EVENT_OPERAND_SHIFT, EventKind } from "../../assembly/abi/event.js";
import type { Core } from "../../src/core/core.js";

const WORD = ~7n;

export function read(va: bigint): bigint {
  return (va & WORD) | BigInt(EventKind.Read);
}

export function write(va: bigint): bigint {
  return (va & WORD) | BigInt(EventKind.Write);
}

export function fetch(va: bigint): bigint {
  return (va & WORD) | BigInt(EventKind.Fetch);
}

/** A record whose operand stands in bits 63:3. */
export function control(kind: EventKind, operand: bigint): bigint {
  return (operand << BigInt(EVENT_OPERAND_SHIFT)) | BigInt(kind);
}

/** The records as `Core.run` takes them. */
export function batchOf(records: readonly bigint[]): Uint32Array {
  return new Uint32Array(BigUint64Array.from(records).buffer);
}

/** Runs records; returns the index at which the batch stopped. */
export function run(core: Core, records: readonly bigint[]): number {
  return core.run(batchOf(records), records.length);
}
