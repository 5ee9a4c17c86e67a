// Writes the stop block (abi/stop.ts): what a fault was, or where an access went.

import { Counter } from "./abi/counters";
import { HALF_BYTES, HALF_CODES, LAYOUT_HALVES, MAX_LEVELS } from "./abi/layout";
import { LAYOUT_BASE, STAGE2_BASE, STOP_BASE } from "./abi/memory-map";
import { STAGE2_HALF, STAGE2_TELLS_GUEST_ACCESS } from "./abi/stage2";
import {
  ACCESSES,
  FaultKind,
  STOP_ACCESS,
  STOP_CODE,
  STOP_ENTRY,
  STOP_ENTRY_PA,
  STOP_FAULT,
  STOP_FAULT_CODE,
  STOP_FROM_TLB,
  STOP_GPA,
  STOP_HALF,
  STOP_LEVEL,
  STOP_PA,
  STOP_PAGE_SHIFT,
  STOP_RIGHTS,
  STOP_STAGE,
  STOP_VA,
  Stop,
} from "./abi/stop";
import { bump } from "./count";
import { demandStop, resetDemandStop } from "./demand";
import { Stage2 } from "./stage2";
import { faultedStage, forgetStage } from "./walk-nested";
import { WalkResult } from "./walk-step";

/** The architecture's own code of a fault. */
function codeOf(fault: u32, level: u32, halfIndex: u32, access: u32): u32 {
  const half: u32 = LAYOUT_BASE + LAYOUT_HALVES + halfIndex * HALF_BYTES;
  return codeIn(half, fault, level, access);
}

function codeIn(half: u32, fault: u32, level: u32, access: u32): u32 {
  return load<u16>(half + HALF_CODES + 2 * ((fault * MAX_LEVELS + level) * ACCESSES + access));
}

/** Describes and counts a fault; `fromTlb`: a TLB entry, not a walk, raised it. */
export function describeFault(
  fault: u32,
  level: u32,
  halfIndex: u32,
  va: u64,
  access: u32,
  fromTlb: bool,
): void {
  const second = !fromTlb && faultedStage != 0;
  const tried = load<u32>(STAGE2_BASE, STAGE2_TELLS_GUEST_ACCESS) != 0 ? access : Stage2.access;
  if (!second) bump(Counter.FaultOutOfRange + fault - FaultKind.OutOfRange);
  store<u32>(STOP_BASE, second ? faultedStage : 0, STOP_STAGE);
  store<u32>(STOP_BASE, second ? Stage2.rights : 0, STOP_RIGHTS);
  store<u64>(STOP_BASE, second ? Stage2.gpa : 0, STOP_GPA);
  forgetStage();
  store<u32>(STOP_BASE, demandStop, STOP_CODE);
  resetDemandStop();
  store<u32>(STOP_BASE, fault, STOP_FAULT);
  const code = second
    ? codeIn(STAGE2_BASE + STAGE2_HALF, fault, level, tried)
    : codeOf(fault, level, halfIndex, access);
  store<u32>(STOP_BASE, code, STOP_FAULT_CODE);
  store<u32>(STOP_BASE, level, STOP_LEVEL);
  store<u32>(STOP_BASE, access, STOP_ACCESS);
  store<u32>(STOP_BASE, halfIndex, STOP_HALF);
  store<u32>(STOP_BASE, fromTlb ? 1 : 0, STOP_FROM_TLB);
  store<u64>(STOP_BASE, va, STOP_VA);
  store<u64>(STOP_BASE, 0, STOP_PA);
  store<u32>(STOP_BASE, 0, STOP_PAGE_SHIFT);
  store<u64>(STOP_BASE, WalkResult.entryPa, STOP_ENTRY_PA);
  store<u64>(STOP_BASE, WalkResult.entry, STOP_ENTRY);
}

/**
 * Describes an access that went through to `pa`, by a page of 2^`pageShift` bytes mapped at `level`. The
 * entry is the one that was walked to, 0 where a TLB knew all.
 */
export function describeSuccess(
  halfIndex: u32,
  va: u64,
  pa: u64,
  access: u32,
  level: u32,
  pageShift: u32,
): void {
  store<u32>(STOP_BASE, Stop.Done, STOP_CODE);
  store<u32>(STOP_BASE, 0, STOP_STAGE);
  store<u32>(STOP_BASE, FaultKind.None, STOP_FAULT);
  store<u32>(STOP_BASE, 0, STOP_FAULT_CODE);
  store<u32>(STOP_BASE, level, STOP_LEVEL);
  store<u32>(STOP_BASE, access, STOP_ACCESS);
  store<u32>(STOP_BASE, halfIndex, STOP_HALF);
  store<u32>(STOP_BASE, WalkResult.entryPa == 0 ? 1 : 0, STOP_FROM_TLB);
  store<u64>(STOP_BASE, va, STOP_VA);
  store<u64>(STOP_BASE, pa, STOP_PA);
  store<u32>(STOP_BASE, pageShift, STOP_PAGE_SHIFT);
  store<u64>(STOP_BASE, WalkResult.entryPa, STOP_ENTRY_PA);
  store<u64>(STOP_BASE, WalkResult.entry, STOP_ENTRY);
}
