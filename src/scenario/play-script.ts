// Plays a whole script on a machine: what every operation shows, and what was asked for beside it.

import type { Core } from "../core/core.js";
import type { LockTotals } from "../kernel/time.js";
import type { Narration, Observation } from "../stats/observation.js";
import { Checker, type Complaint } from "./checker.js";
import { countersOf, eventsOf } from "./counts.js";
import { bootMachine, type MachineConfig } from "./machine.js";
import { Narrator } from "./narrator.js";
import { playOperation } from "./play-operation.js";
import { endProcess, Player } from "./player.js";
import type { Operation } from "./script.js";
import { cpusNeeded } from "./threads.js";

/** Cycles of all accesses so far, by the core's counters. */
export type AccessCycles = (counters: BigUint64Array) => number;

export interface PlayOptions {
  /** The oracle watches. */
  readonly check?: boolean;
  /** Every change of an entry is told. */
  readonly explain?: boolean;
  /** Called after each operation with the accesses so far. */
  readonly onProgress?: (accesses: number) => void;
  /** What accesses cost, which with several CPUs is time of each. */
  readonly accessCycles?: AccessCycles | null;
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
  /** Its locks, by name. */
  readonly locks: ReadonlyMap<string, LockTotals>;
  /** The core's counters. */
  readonly counters: BigUint64Array;
}

/** Those that the script's threads need, or more where the kernel is configured so. */
function cpusFor(operations: readonly Operation[], { kernel }: MachineConfig): number {
  return Math.max(cpusNeeded(operations), kernel.cpus ?? 1);
}

/**
 * With several CPUs, translation is time of the one that did it: called after each operation. With one, the sum says
 * all.
 */
function accessClock(player: Player, cyclesOf: AccessCycles): (() => void) | null {
  const { clocks } = player.kernel;
  if (clocks.cpus === 1) return null;
  let before = 0;
  return () => {
    const now = cyclesOf(countersOf(player));
    clocks.spend(now - before);
    before = now;
  };
}

/**
 * Plays a script on a machine of its own.
 * @throws MmulateError CONFIG, as `bootMachine`; INPUT where the script names what is not there; UNMODELLED
 */
export function playScript(
  core: Core,
  operations: readonly Operation[],
  machine: MachineConfig,
  {
    check = false,
    explain = false,
    onProgress = () => undefined,
    accessCycles = null,
  }: PlayOptions = {},
): Played {
  const kernel = bootMachine(core, machine, cpusFor(operations, machine));
  const player = new Player(kernel);
  const checker = check ? new Checker(player, kernel) : null;
  const narrator = explain ? new Narrator(player, kernel) : null;
  player.watch = checker;
  const accessing = accessCycles === null ? null : accessClock(player, accessCycles);
  const observations: Observation[] = [];
  const narrations: Narration[] = [];
  operations.forEach((operation, index) => {
    observations.push(playOperation(player, operation, index));
    if (narrator !== null) narrations.push(narrator.take());
    accessing?.();
    onProgress(player.accesses.reads + player.accesses.writes);
  });
  const events = eventsOf(kernel);
  const { elapsed, work } = kernel.clocks;
  // What the oracle does at the end is no part of the run.
  const locks = structuredClone(kernel.clocks.locks);
  const counters = countersOf(player);
  checker?.finish((process) => endProcess(kernel, process));
  return {
    observations,
    narrations: narrator === null ? null : narrations,
    complaints: checker?.complaints ?? null,
    events,
    time: { elapsed, work },
    locks,
    counters,
  };
}
