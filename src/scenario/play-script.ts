// Plays a whole script on a machine: what every operation shows, and what was asked for beside it.

import { Counter } from "../../assembly/abi/counters.js";
import type { Core } from "../core/core.js";
import { EVENT_MEANINGS } from "../kernel/events.js";
import type { Narration, Observation } from "../stats/observation.js";
import { Checker, type Complaint } from "./checker.js";
import { bootMachine, type MachineConfig } from "./machine.js";
import { Narrator } from "./narrator.js";
import { playOperation } from "./operations.js";
import { endProcess, Player } from "./player.js";
import type { Operation } from "./script.js";
import { cpusNeeded } from "./threads.js";

export interface PlayOptions {
  /** The oracle watches. */
  readonly check?: boolean;
  /** Every change of an entry is told. */
  readonly explain?: boolean;
  /** Called after each operation with the accesses so far. */
  readonly onProgress?: (accesses: number) => void;
}

/** What a script showed. */
export interface Played {
  readonly observations: readonly Observation[];
  /** One for each operation, if asked for. */
  readonly narrations: readonly Narration[] | null;
  /** Rules that were broken; null = nobody looked. */
  readonly complaints: readonly Complaint[] | null;
  /** What happened in the kernel, by the name of the event. */
  readonly events: Readonly<Record<string, number>>;
  /** The kernel's clocks, in cycles. */
  readonly time: { readonly elapsed: number; readonly work: number };
  /** The core's counters. */
  readonly counters: BigUint64Array;
}

/** Those that the script's threads need, or more where the kernel is configured so. */
function cpusFor(operations: readonly Operation[], { kernel }: MachineConfig): number {
  return Math.max(cpusNeeded(operations), kernel.cpus ?? 1);
}

/**
 * Plays a script on a machine of its own.
 * @throws MmulateError CONFIG, as `bootMachine`; INPUT where the script names what is not there; UNMODELLED
 */
export function playScript(
  core: Core,
  operations: readonly Operation[],
  machine: MachineConfig,
  { check = false, explain = false, onProgress = () => undefined }: PlayOptions = {},
): Played {
  const kernel = bootMachine(core, machine, cpusFor(operations, machine));
  const player = new Player(kernel);
  const checker = check ? new Checker(player, kernel) : null;
  const narrator = explain ? new Narrator(player, kernel) : null;
  player.watch = checker;
  const observations: Observation[] = [];
  const narrations: Narration[] = [];
  operations.forEach((operation, index) => {
    observations.push(playOperation(player, operation, index));
    if (narrator !== null) narrations.push(narrator.take());
    onProgress(player.accesses.reads + player.accesses.writes);
  });
  const events = Object.fromEntries(
    EVENT_MEANINGS.map(([name], i) => [name, kernel.events[i] ?? 0]),
  );
  const { elapsed, work } = kernel.clocks;
  const counters = core.counters();
  // Single accesses do not pass the batch loop, which counts these.
  counters[Counter.Reads] = BigInt(player.accesses.reads);
  counters[Counter.Writes] = BigInt(player.accesses.writes);
  checker?.finish((process) => endProcess(kernel, process));
  return {
    observations,
    narrations: narrator === null ? null : narrations,
    complaints: checker?.complaints ?? null,
    events,
    time: { elapsed, work },
    counters,
  };
}
