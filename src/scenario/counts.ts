// What a player's run has counted so far: the core's counters and the kernel's events.

import { Counter } from "../../assembly/abi/counters.js";
import { EVENT_MEANINGS } from "../kernel/events.js";
import type { Kernel } from "../kernel/kernel.js";
import type { Player } from "./player.js";

/** The core's counters, by index; single accesses do not pass its batch loop, which counts reads and writes. */
export function countersOf({ kernel, accesses: { reads, writes } }: Player): BigUint64Array {
  const counters = kernel.mmu.core.counters();
  counters[Counter.Reads] = BigInt(reads);
  counters[Counter.Writes] = BigInt(writes);
  return counters;
}

/** What happened in a kernel, by the name of the event. */
export function eventsOf({ events }: Kernel): Record<string, number> {
  return Object.fromEntries(EVENT_MEANINGS.map(([name], i) => [name, events[i] ?? 0]));
}
