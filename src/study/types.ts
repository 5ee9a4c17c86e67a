// What a study is: a question with parameters, the points that answer it, and what is said of them in the end.
//
//   parameters --plan--> points --run, each on a core of its own, in any order--> cells --assemble--> rows, verdicts, claims

import type { LinuxLayout } from "../../arch/linux/schema.js";
import type { Descriptor } from "../../arch/schema.js";
import type { Core } from "../core/core.js";
import type { Kernel } from "../kernel/kernel.js";
import type { MachineConfig } from "../scenario/machine.js";
import type { Player } from "../scenario/player.js";
import type {
  CellResult,
  Check,
  Json,
  StudyClaim,
  StudyRow,
  StudyVerdict,
} from "../stats/report.js";
import type { TraceRounds } from "./trace-rounds.js";

/** One thing that may be chosen: `--set study.NAME=VALUE`, or several, `-L study.NAME=A,B`. */
export interface StudyParameter {
  readonly means: string;
  /** Values where none is said. */
  readonly values: readonly string[];
  /**
   * What may be said: names; numbers in a range, and words beside them; or "selector", which the planner of machines
   * checks (arch, kernel, cpu, costs, linuxLayout, cpus; a trace and its format).
   */
  readonly allowed:
    | "selector"
    | readonly string[]
    | {
        readonly from: number;
        readonly to: number;
        readonly fractions?: true;
        readonly words?: readonly string[];
      };
}

/** The values of every parameter, checked, in the order they were said. */
export type Chosen = Readonly<Record<string, readonly string[]>>;

/** A trace that a point wants in rounds (trace-rounds.ts). */
export interface StudyTrace {
  /** A file, or the name of one that ships. */
  readonly path: string;
  readonly format: string;
  /** Accesses of a round. */
  readonly accesses: number;
  /** Most rounds. */
  readonly rounds: number;
}

/** One run of a study. */
export interface StudyPoint {
  /** What tells it from its neighbours: the labels of its cell. */
  readonly keys: Readonly<Record<string, string>>;
  /** Selectors of its machine; what is left out is usual. */
  readonly machine: {
    readonly arch: string;
    readonly kernel: string;
    readonly cpu?: string;
    readonly costs?: string;
    readonly linuxLayout?: string;
    /** An architecture that `arch` names and no list has. */
    readonly architecture?: Descriptor;
    /** In place of a name: a layout that the study made. */
    readonly layout?: LinuxLayout;
    readonly cpus?: number;
    /** Bytes of simulated memory, where the kernel's selector says none. */
    readonly memory?: number;
    /** In place of bytes: base pages, a small machine's at least. */
    readonly pages?: number;
  };
  readonly trace?: StudyTrace;
  /** All else that its run depends on. */
  readonly values: Readonly<Record<string, string | number | boolean>>;
}

/** A booted machine. */
export interface StudyMachine {
  readonly kernel: Kernel;
  readonly player: Player;
  /** Cycles of translation and data of all accesses so far, as a kernel of these costs has them. */
  readonly accessCycles: () => number;
  /** Says that so many accesses are done, for whoever watches. */
  readonly progress?: (done: number) => void;
}

/** What a point runs on. */
export interface StudyRun {
  readonly core: Core;
  readonly machine: MachineConfig;
  readonly seed: number;
  /** The trace that the point wants. */
  readonly trace?: TraceRounds | undefined;
  /** Boots the machine anew. Counters, cycles and events of the result are those of the last one. */
  boot(): StudyMachine;
  /** Says that so much is done, for whoever watches. */
  progress(done: number): void;
}

/** What a point showed. */
export interface PointResult {
  readonly metrics: Readonly<Record<string, number>>;
  /** What must hold of every run; one that does not makes the command fail. */
  readonly checks: readonly Check[];
  /** What no number says. */
  readonly found?: Readonly<Record<string, Json>>;
}

/** What is said of all points. */
export interface StudyEnd {
  readonly rows: readonly StudyRow[];
  readonly verdicts: readonly StudyVerdict[];
  readonly claims: readonly StudyClaim[];
}

/** Writes the command that shows something: parameters that differ from the study's own values. */
export type CommandOf = (chosen: Readonly<Record<string, string | readonly string[]>>) => string;

/** A row of `STUDIES`. */
export interface Study {
  /** One line for help texts. */
  readonly summary: string;
  /** Paragraphs before the figures. */
  readonly about: readonly string[];
  readonly parameters: Readonly<Record<string, StudyParameter>>;
  /**
   * The points of these values.
   * @throws MmulateError USAGE for values that do not go together
   */
  readonly plan: (chosen: Chosen) => readonly StudyPoint[];
  /**
   * Runs one point. The same for the same point, seed and machine.
   * @throws MmulateError; the point is reported as not finished
   */
  readonly run: (on: StudyRun, point: StudyPoint) => PointResult;
  /** Reads the finished cells; `labels` are the points' keys, and swept paths. */
  readonly assemble: (cells: readonly CellResult[], commandOf: CommandOf) => StudyEnd;
}
