// One operation in the making: who does it, to what, and how its words are read.

import { MmulateError } from "../errors.js";
import { VM_READ, VM_WRITE } from "../kernel/vm-flags.js";
import type { Observation } from "../stats/observation.js";
import type { Player, Process, Region } from "./player.js";
import type { Operation } from "./script.js";

/** Errno and the fields that only this operation has. */
export type Shown = Partial<Omit<Observation, "op" | "minflt">>;

/** One operation in the making. */
export interface Context {
  readonly player: Player;
  readonly process: Process;
  readonly operation: Operation;
  /** Index of the operation in the script: decides what `write` stores. */
  readonly index: number;
}

export const ACCESS: Readonly<Record<string, number>> = {
  r: VM_READ,
  rw: VM_READ | VM_WRITE,
  none: 0,
};
/** `write` stores 1 + n % 250. */
export const VALUES = 250;

export function word({ operation }: Context, i: number): string {
  return operation.words[i] ?? "";
}

export function number(context: Context, i: number): number {
  return Number(word(context, i));
}

export function regionNamed({ process, operation }: Context, name: string): Region {
  const region = process.regions.get(name);
  if (region !== undefined) return region;
  const known = [...process.regions.keys()].join(", ");
  throw new MmulateError(
    "INPUT",
    `${operation.where}: process ${operation.process} knows no region "${name}" (${known === "" ? "it has none yet" : `it knows ${known}`})`,
  );
}

/** [first page, end) of "REGION FIRST COUNT". */
export function rangeOf(context: Context): { region: Region; start: number; end: number } {
  const region = regionNamed(context, word(context, 0));
  if (context.operation.words.length === 1) {
    return { region, start: region.start, end: region.start + region.pages };
  }
  const start = region.start + number(context, 1);
  return { region, start, end: start + number(context, 2) };
}

export function notModelled({ operation }: Context, what: string): MmulateError {
  return new MmulateError("UNMODELLED", `${operation.where}: "${what}" is not modelled yet`);
}
