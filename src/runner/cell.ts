// A cell: one run, self-contained and plain JSON, so that it can be made anywhere.

import type { SetValues } from "../config/setting.js";
import type { OwnParts } from "../scenario/machine.js";
import type { WorkloadInput } from "../workload/index.js";

/** What a cell needs of a trace. */
export interface TraceInput {
  readonly path: string;
  /** A trace format's name, or "auto". */
  readonly format: string;
  readonly accesses: "all" | "data";
  /** Split accesses that cross a page. */
  readonly split: boolean;
}

export interface Cell {
  readonly id: string;
  /** What tells it from its neighbours, as the user wrote it. */
  readonly labels: Readonly<Record<string, string>>;
  readonly arch: string;
  /** What a user's files and settings say of the architecture and the CPU, in place of what the names mean. */
  readonly own?: Pick<OwnParts, "architecture" | "cpu">;
  /** Parameters of the architecture's mode. */
  readonly mode: Readonly<Record<string, boolean | number>>;
  readonly cpu: string;
  /** Settings that changed something (`--set`, sweeps), by path. */
  readonly set?: SetValues;
  /** Page policy (src/layout/page-policy.ts). */
  readonly pages: string;
  /** Reads and writes go through the data caches, too, not only the loads of walks. */
  readonly dataCached: boolean;
  /** log2 bytes of a host's pages, where the machine is its guest (an approximation: assembly/nested.ts). */
  readonly nestedShift?: number;
  /** Where the machine is a guest whose second stage is walked: how the host maps its memory, by which tables. */
  readonly secondStage?: SecondStageChoice;
  readonly input: TraceInput | WorkloadInput;
}

/** A second stage, as its selector says: `4k`, `2m:levels=5`. */
export interface SecondStageChoice {
  /** Page policy, of one size. */
  readonly pages: string;
  /** Parameters of the second stage's mode. */
  readonly mode: Readonly<Record<string, boolean | number>>;
}
