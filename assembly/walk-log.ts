// Writes the walk log (abi/walk-log.ts) while it is switched on; one test per step otherwise.

import { LOG_BASE } from "./abi/memory-map";
import {
  LOG_COUNT,
  LOG_ENABLED,
  LOG_MAX_STEPS,
  LOG_STEPS,
  STEP_BYTES,
  STEP_CLASS,
  STEP_ENTRY,
  STEP_FAULT,
  STEP_LEVEL,
  STEP_PA,
  STEP_RESTRICTIONS,
  STEP_RIGHTS,
  STEP_UPDATED,
} from "./abi/walk-log";

export function enableLog(on: bool): void {
  store<u32>(LOG_BASE, on ? 1 : 0, LOG_ENABLED);
  store<u32>(LOG_BASE, 0, LOG_COUNT);
}

/** While the log is on, walks take every step. */
export function isLogging(): bool {
  return load<u32>(LOG_BASE, LOG_ENABLED) != 0;
}

export function clearLog(): void {
  store<u32>(LOG_BASE, 0, LOG_COUNT);
}

/** An entry was read and classed. */
export function logStep(pa: u64, entry: u64, level: u32, entryClass: u32, inherited: u32): void {
  if (load<u32>(LOG_BASE, LOG_ENABLED) == 0) return;
  const count = load<u32>(LOG_BASE, LOG_COUNT);
  if (count == LOG_MAX_STEPS) return;
  const step: u32 = LOG_BASE + LOG_STEPS + count * STEP_BYTES;
  store<u64>(step, pa, STEP_PA);
  store<u64>(step, entry, STEP_ENTRY);
  store<u64>(step, entry, STEP_UPDATED);
  store<u32>(step, level, STEP_LEVEL);
  store<u32>(step, entryClass, STEP_CLASS);
  store<u32>(step, inherited, STEP_RESTRICTIONS);
  store<u32>(step, 0, STEP_RIGHTS);
  store<u32>(step, 0, STEP_FAULT);
  store<u32>(LOG_BASE, count + 1, LOG_COUNT);
}

function lastStep(): u32 {
  return LOG_BASE + LOG_STEPS + (load<u32>(LOG_BASE, LOG_COUNT) - 1) * STEP_BYTES;
}

/** The entry of the last step was accepted and now holds `entry`. */
export function logUpdate(entry: u64): void {
  if (load<u32>(LOG_BASE, LOG_ENABLED) == 0) return;
  store<u64>(lastStep(), entry, STEP_UPDATED);
}

/** The last step ends the walk: with a fault, or `FaultKind.None`. Returns it. */
export function logDecision(fault: u32, rights: u32): u32 {
  if (load<u32>(LOG_BASE, LOG_ENABLED) == 0) return fault;
  const step = lastStep();
  store<u32>(step, rights, STEP_RIGHTS);
  store<u32>(step, fault, STEP_FAULT);
  return fault;
}
