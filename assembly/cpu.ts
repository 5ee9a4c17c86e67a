// The CPUs of an instance: equal blocks side by side (abi/tlb.ts), one of them running.

import { EVENT_KIND_MASK, EventKind } from "./abi/event";
import { DYNAMIC_BASE, GEOMETRY_BASE, NO_CPU_BASE } from "./abi/memory-map";
import { ACCESS_MODE_STRIDE } from "./abi/stop";
import {
  CPU_MODE,
  CPU_NEEDS,
  CPU_ROOTS,
  CPU_TAG,
  GEOMETRY_GUESTS,
  GUEST_CONTEXTS,
  MAX_CONTEXTS,
  MAX_GUESTS,
  NEED_FETCHES_SHIFT,
  NEED_WRITES_SHIFT,
  TLB_CONTEXT_SHIFT,
  TLB_DATA_CLEAN,
  TLB_GUEST_SHIFT,
} from "./abi/tlb";
import { clearBlock, flushBlock } from "./flush";
import { setAside } from "./physmem";
import { setClock } from "./tlb-stamped";

let cpuBytes: u32 = 0;
/** How many CPUs there are. */
export let cpuCount: u32 = 0;

/** The block of the running CPU. */
export let cpu: u32 = NO_CPU_BASE;

/**
 * Lays out `count` CPU blocks of `bytes` each, and `held` bytes behind them for the host's own use. All
 * are zero; the host writes the configuration words and then resets the CPUs. Simulated memory is
 * forgotten. Returns the address of the first block (the others and the held bytes follow), 0 when there
 * is not so much memory.
 */
export function partition(bytes: u32, count: u32, held: u32): u32 {
  if (!setAside(<u64>bytes * count + held)) return 0;
  cpuBytes = bytes;
  cpuCount = count;
  cpu = DYNAMIC_BASE;
  return DYNAMIC_BASE;
}

/**
 * Every CPU in user mode, context 0, without tables and translations; CPU 0 runs. Before `partition`
 * that is the one without TLBs.
 */
export function resetCpus(): void {
  if (cpuCount == 0) setMode(0);
  for (let number: u32 = 0; number < cpuCount; number++) {
    selectCpu(number);
    setRoots(0, 0);
    store<u32>(cpu, 0, CPU_TAG);
    setMode(0);
  }
  selectCpu(0);
  for (let number: u32 = 0; number < cpuCount; number++) {
    clearBlock(blockOf(number), cpuBytes);
  }
  setClock(1);
}

/** The block of a CPU, by its number. */
export function blockOf(number: u32): u32 {
  return DYNAMIC_BASE + number * cpuBytes;
}

/** Makes a CPU the running one. False: there is none of that number. */
export function selectCpu(number: u32): bool {
  if (number >= cpuCount) return false;
  cpu = blockOf(number);
  return true;
}

/** Privilege of the running CPU's following accesses: 0 user, 1 supervisor. */
export function setMode(supervisor: u32): void {
  const mode = supervisor * ACCESS_MODE_STRIDE;
  store<u32>(cpu, mode, CPU_MODE);
  for (let kind: u32 = 0; kind <= <u32>EVENT_KIND_MASK; kind++) {
    store<u64>(cpu + (kind << 3), needOf(mode, kind), CPU_NEEDS);
  }
}

function needOf(mode: u32, kind: u32): u64 {
  const right: u64 = (<u64>1) << (mode + kind);
  if (kind == EventKind.Read) return right;
  if (kind == EventKind.Write) return right | TLB_DATA_CLEAN | ((<u64>1) << NEED_WRITES_SHIFT);
  if (kind == EventKind.Fetch) return right | ((<u64>1) << NEED_FETCHES_SHIFT);
  return 0;
}

/** Tables of the running CPU's two halves. */
export function setRoots(first: u64, second: u64): void {
  store<u64>(cpu, first, CPU_ROOTS);
  store<u64>(cpu, second, CPU_ROOTS + 8);
}

/** Contexts there are at a time: fewer where guests are told apart. */
export function contexts(): u32 {
  return load<u32>(GEOMETRY_BASE, GEOMETRY_GUESTS) == 0 ? <u32>MAX_CONTEXTS : <u32>GUEST_CONTEXTS;
}

/** The bits of a CPU's tag that name its guest (VMID, VPID). */
export function guestTag(block: u32): u32 {
  return load<u32>(block, CPU_TAG) & load<u32>(GEOMETRY_BASE, GEOMETRY_GUESTS);
}

/**
 * Guest that the running CPU is in, whose root and tag are used from now on; its context stays. False: there is none of
 * that number.
 */
export function setGuest(id: u32): bool {
  const guests = load<u32>(GEOMETRY_BASE, GEOMETRY_GUESTS);
  if (id >= <u32>MAX_GUESTS || (guests == 0 && id != 0)) return false;
  store<u32>(cpu, (load<u32>(cpu, CPU_TAG) & ~guests) | (id << TLB_GUEST_SHIFT), CPU_TAG);
  return true;
}

/**
 * Context that tags the running CPU's cached translations. False: out of range. There are `MAX_CONTEXTS`
 * at a time, or `GUEST_CONTEXTS` of each guest, fewer than PCIDs (4,096, SDM 3A 4.10.1) or ASIDs (256 or 65,536, Arm ARM D8.16): keys have no
 * more room (ADR 0010). Whoever hands out more maps them, and invalidates a context before it stands
 * for another.
 */
export function setContext(id: u32): bool {
  if (id >= contexts()) return false;
  store<u32>(cpu, (id << TLB_CONTEXT_SHIFT) | guestTag(cpu), CPU_TAG);
  return true;
}

/** Forgets every translation of every CPU. */
export function flushAll(): void {
  for (let number: u32 = 0; number < cpuCount; number++) {
    flushBlock(blockOf(number));
  }
  setClock(1);
}
