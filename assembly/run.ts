// Runs a batch of event records (abi/event.ts) without leaving the module.
//
// A fault, or a control that only the kernel can act on, stops the batch: `run` returns how far it got
// and the stop block says why. The kernel acts; the run goes on there.
//
// Nearly every access of a real program hits the entry that translated its page the last time. The loop
// in `runAccesses` handles that case itself and leaves everything else to `accessOnce`:
//
//   record --bits 21:12, kind--> predictor --> entry     key right, and nothing needed is denied?
//
// Keys are whole addresses, so a stale prediction is only a wrong guess: if the key is right, the entry
// *is* the translation. All that is left then is its time stamp.

import { Counter } from "./abi/counters";
import {
  CONTROL_CODE_MASK,
  EVENT_BYTES,
  EVENT_KIND_MASK,
  EVENT_OPERAND_SHIFT,
  EventKind,
} from "./abi/event";
import { LAYOUT_PAGE_SHIFT } from "./abi/layout";
import { LAYOUT_BASE, STOP_BASE } from "./abi/memory-map";
import { FaultKind, STOP_ACCESS, STOP_CODE, Stop } from "./abi/stop";
import {
  CPU_MODE,
  CPU_NEEDS,
  CPU_PREDICTORS,
  CPU_TAG,
  NEED_FETCHES_SHIFT,
  NEED_WRITES_SHIFT,
  PREDICTOR_ADDRESS_SHIFT,
  PREDICTOR_OFFSET_MASK,
  PREDICTOR_SHIFT,
  TLB_DATA,
  TLB_EXTRA,
  TLB_KEY,
  TLB_STAMP,
} from "./abi/tlb";
import { bumpBy, countHits, countOf, settleWalks } from "./count";
import { cpu, selectCpu, setMode } from "./cpu";
import { clock, setClock } from "./tlb-stamped";
import { accessOnce, physicalAddress } from "./translate";

/**
 * Simulates `count` records at linear address `at`. Returns how many it got through: `count` when all
 * are done, else the index of the record that stopped it.
 */
export function runAt(at: u32, count: u32): u32 {
  store<u32>(STOP_BASE, Stop.Done, STOP_CODE);
  const end = at + count * EVENT_BYTES;
  let next = at;
  while (next < end) {
    const from = next;
    next = runAccesses(from, end);
    if (next - from == CHUNK) continue;
    if (next == end || load<u32>(STOP_BASE, STOP_CODE) != Stop.Done) break;
    if (!control(load<u64>(next))) break;
    next += EVENT_BYTES;
  }
  settleWalks();
  return (next - at) / EVENT_BYTES;
}

/** So many records are counted without overflow of the sums in `CPU_NEEDS`. */
const CHUNK: u32 = 32768 * EVENT_BYTES;
/** What `runAccesses` puts behind its last record: no access, so the loop ends there by itself. */
const SENTINEL: u64 = EVENT_KIND_MASK;

/**
 * Simulates accesses from `at` up to `limit`, a control record, a fault or a full chunk; counts them, and
 * returns where it stopped.
 */
function runAccesses(at: u32, limit: u32): u32 {
  const end = min(limit, at + CHUNK);
  const behind = load<u64>(end);
  store<u64>(end, SENTINEL);
  const dataMisses = countOf(Counter.DataL1Miss);
  const fetchMisses = countOf(Counter.FetchL1Miss);
  const next = simulate(at);
  store<u64>(end, behind);

  const accesses: u64 = (next - at) / EVENT_BYTES;
  const fetches = chunkNeeds >> NEED_FETCHES_SHIFT;
  countAccesses(accesses, fetches, (chunkNeeds >> NEED_WRITES_SHIFT) & 0xffff, chunkSum);
  const faultedFetch: u64 = chunkFaulted == EventKind.Fetch ? 1 : 0;
  const faultedData: u64 = chunkFaulted < <u32>EventKind.Fetch ? 1 : 0;
  countHits(Counter.DataL1Hit, accesses - fetches + faultedData, dataMisses);
  countHits(Counter.FetchL1Hit, fetches + faultedFetch, fetchMisses);
  return next;
}

/** What `simulate` leaves: sums over `CPU_NEEDS` words and over physical address plus kind. */
let chunkNeeds: u64 = 0;
let chunkSum: u64 = 0;
/** Kind of the access that faulted, or `NO_KIND`. */
let chunkFaulted: u32 = 0;
const NO_KIND: u32 = EVENT_KIND_MASK;

/**
 * The loop itself, up to a record that is no access or faults. What a control could change is read once,
 * into locals. There are more of them than registers, so one variable is both the position and the
 * clock: its low half is the address of the record, and the whole grows with every record.
 */
function simulate(at: u32): u32 {
  const running = cpu;
  const pageMask: u64 = ~(<u64>0) << load<u32>(LAYOUT_BASE, LAYOUT_PAGE_SHIFT);
  const wanted: u64 = load<u32>(running, CPU_TAG) | 1;
  let sum: u64 = 0;
  let needs: u64 = 0;
  let time = (((clock >> 32) + 1) << 32) | at;
  for (;;) {
    const record = load<u64>(<u32>time);
    const kind = <u32>record & EVENT_KIND_MASK;
    const need = load<u64>(running + (kind << 3), CPU_NEEDS);
    const slot =
      (<u32>(record >> PREDICTOR_ADDRESS_SHIFT) & PREDICTOR_OFFSET_MASK) |
      (kind << PREDICTOR_SHIFT);
    const entry = load<u32>(running + slot, CPU_PREDICTORS);
    if (load<u64>(entry, TLB_KEY) == ((record & pageMask) | wanted)) {
      if ((load<u32>(entry, TLB_DATA) & <u32>need) == 0) {
        store<u64>(entry, time, TLB_STAMP);
        sum += record + load<u64>(entry, TLB_EXTRA);
        needs += need;
        time += EVENT_BYTES;
        continue;
      }
    }
    setClock(time);
    chunkFaulted = kind;
    if (!makeAccess(running, kind, record, <u32>need)) break;
    sum += physicalAddress + kind;
    needs += need;
    time += EVENT_BYTES;
  }
  chunkNeeds = needs;
  chunkSum = sum;
  return <u32>time;
}

/** False: it faulted, or the record is no access. */
function makeAccess(running: u32, kind: u32, record: u64, need: u32): bool {
  if (kind > <u32>EventKind.Fetch) {
    chunkFaulted = NO_KIND;
    return false;
  }
  const va = record & ~(<u64>EVENT_KIND_MASK);
  const access = load<u32>(running, CPU_MODE) + kind;
  return accessOnce(running, kind, va, access, need) == FaultKind.None;
}

/** `sum` is over physical address plus kind. */
function countAccesses(accesses: u64, fetches: u64, writes: u64, sum: u64): void {
  bumpBy(Counter.Reads, accesses - writes - fetches);
  bumpBy(Counter.Writes, writes);
  bumpBy(Counter.Fetches, fetches);
  bumpBy(Counter.AddressSum, sum - writes * EventKind.Write - fetches * EventKind.Fetch);
}

/** True when the core acted on a control record itself; else the stop block says who must. */
function control(record: u64): bool {
  const kind = <u32>record & EVENT_KIND_MASK;
  const operand = record >> EVENT_OPERAND_SHIFT;
  if (kind == EventKind.Instructions) {
    bumpBy(Counter.Instructions, operand);
    return true;
  }
  if (kind == EventKind.Mode && operand <= 1) {
    setMode(<u32>operand);
    return true;
  }
  if (kind == EventKind.Cpu && operand <= <u64>u32.MAX_VALUE && selectCpu(<u32>operand))
    return true;
  const known = kind == EventKind.Control || kind == EventKind.Process;
  store<u32>(STOP_BASE, known ? Stop.Control : Stop.BadRecord, STOP_CODE);
  store<u32>(STOP_BASE, <u32>operand & CONTROL_CODE_MASK, STOP_ACCESS);
  return false;
}
