// Counters: one u64 each in linear memory.

import { COUNTERS } from "./abi/counters";
import { COUNTERS_BASE } from "./abi/memory-map";

export function bump(counter: u32): void {
  const at = COUNTERS_BASE + counter * 8;
  store<u64>(at, load<u64>(at) + 1);
}

export function bumpBy(counter: u32, amount: u64): void {
  const at = COUNTERS_BASE + counter * 8;
  store<u64>(at, load<u64>(at) + amount);
}

export function resetCounters(): void {
  memory.fill(COUNTERS_BASE, 0, COUNTERS * 8);
}
