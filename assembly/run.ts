// Runs a batch of event records (abi/event.ts) without leaving the module.
//
// A fault, or a control that only the kernel can act on, stops the batch: `run` returns the index of the
// record and the stop block says why. The kernel acts; the run goes on at that index.

import { Counter } from "./abi/counters";
import {
  CONTROL_CODE_MASK,
  EVENT_BYTES,
  EVENT_KIND_MASK,
  EVENT_OPERAND_SHIFT,
  EventKind,
} from "./abi/event";
import { EVENTS_BASE, EVENTS_CAPACITY, STOP_BASE } from "./abi/memory-map";
import { ACCESS_MODE_STRIDE, FaultKind, STOP_ACCESS, STOP_CODE, Stop } from "./abi/stop";
import { bumpBy } from "./count";
import { accessOnce, physicalAddress } from "./translate";

/** 0 for user, `ACCESS_MODE_STRIDE` for supervisor. */
let modeBase: u32 = 0;

/** Privilege of the following accesses: 0 user, 1 supervisor. */
export function setMode(supervisor: u32): void {
  modeBase = supervisor * ACCESS_MODE_STRIDE;
}

/**
 * Simulates the records `first`..`end - 1` of the event buffer. Returns how far it got: `end` when all
 * are done, else the index of the record that stopped it.
 */
export function run(first: u32, end: u32): u32 {
  assert(first <= end && end <= <u32>EVENTS_CAPACITY);
  store<u32>(STOP_BASE, Stop.Done, STOP_CODE);
  let sum: u64 = 0;
  let reads: u64 = 0;
  let writes: u64 = 0;
  let fetches: u64 = 0;
  let i = first;
  for (; i < end; i++) {
    const record = load<u64>(EVENTS_BASE + i * EVENT_BYTES);
    const kind = <u32>record & EVENT_KIND_MASK;
    if (kind > <u32>EventKind.Fetch) {
      if (control(kind, record)) continue;
      break;
    }
    if (accessOnce(record & ~(<u64>EVENT_KIND_MASK), modeBase + kind) != FaultKind.None) break;
    sum += physicalAddress;
    reads += kind == EventKind.Read ? 1 : 0;
    writes += kind == EventKind.Write ? 1 : 0;
    fetches += kind == EventKind.Fetch ? 1 : 0;
  }
  bumpBy(Counter.Reads, reads);
  bumpBy(Counter.Writes, writes);
  bumpBy(Counter.Fetches, fetches);
  bumpBy(Counter.AddressSum, sum);
  return i;
}

/** True when the core acted on a control record itself; else the stop block says who must. */
function control(kind: u32, record: u64): bool {
  const operand = record >> EVENT_OPERAND_SHIFT;
  if (kind == EventKind.Instructions) {
    bumpBy(Counter.Instructions, operand);
    return true;
  }
  if (kind == EventKind.Mode && operand <= 1) {
    setMode(<u32>operand);
    return true;
  }
  const known = kind == EventKind.Control || kind == EventKind.Process || kind == EventKind.Cpu;
  store<u32>(STOP_BASE, known ? Stop.Control : Stop.BadRecord, STOP_CODE);
  store<u32>(STOP_BASE, <u32>operand & CONTROL_CODE_MASK, STOP_ACCESS);
  return false;
}
