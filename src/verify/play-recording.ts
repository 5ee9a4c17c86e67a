// Plays a recorded scenario on the simulated kernel that its header names, and compares.

import { DEFAULT_COSTS } from "../../arch/costs/index.js";
import type { Core } from "../core/core.js";
import { MmulateError } from "../errors.js";
import type { KernelConfig, ThpSwitch } from "../kernel/features.js";
import { Checker, type Complaint } from "../scenario/checker.js";
import { bootMachine, type MachineConfig, type OwnParts } from "../scenario/machine.js";
import { playOperation } from "../scenario/play-operation.js";
import { endProcess, Player } from "../scenario/player.js";
import { parseLine } from "../scenario/script.js";
import type { Observation } from "../stats/observation.js";
import type { RecordedEntry, Recording, RecordingHeader } from "./recording-format.js";

/** Where a scenario first differs. */
export interface Difference {
  /** Field that differs, or what is not modelled. */
  readonly reason: string;
  /** The operation, with its number. */
  readonly op: string;
  readonly want: unknown;
  readonly got: unknown;
}

/** Page frames of the machines that recorded: 2 GiB. */
const MEMORY_SHIFT = 31;

/**
 * The machine a recording was made on.
 * @throws MmulateError CONFIG when the model does not know such a kernel
 */
export function machineOf(
  header: RecordingHeader,
  own: OwnParts = {},
  pae?: string,
): MachineConfig {
  const { kernel, arch, soft_dirty: softDirty, hw_dirty: hwDirty, page } = header;
  const version = /^\d+\.\d+/.exec(kernel)?.[0] ?? kernel;
  const config: KernelConfig = {
    version,
    architecture: arch,
    softDirty,
    hwDirty,
    page,
    thp: switchOf(header.thp),
    mthp: middleSizes(header.mthp, page),
    swap: header.swap !== "none",
    costs: DEFAULT_COSTS,
    frames: 2 ** MEMORY_SHIFT / page,
    ...(pae === undefined ? {} : { pae }),
  };
  const parts: OwnParts = {
    architecture: own.architecture?.name === arch ? own.architecture : undefined,
    linux: own.linux?.architecture === arch ? own.linux : undefined,
    cpu: own.cpu,
  };
  return { kernel: config, mode: {}, cpu: "plain", own: parts };
}

function switchOf(word: string): ThpSwitch {
  if (word === "always" || word === "madvise" || word === "never") return word;
  throw new MmulateError("CONFIG", `thp "${word}": always, madvise or never is allowed`);
}

/** "64kB=madvise": sizes of middle folios that are switched on, as orders. */
function middleSizes(text: string, page: number): Map<number, ThpSwitch> {
  const sizes = new Map<number, ThpSwitch>();
  for (const part of text.split(" ")) {
    const match = /^(\d+)kB=(\w+)$/.exec(part);
    if (match === null) continue;
    const order = Math.log2((Number(match[1]) * 1024) / page);
    if (order > 0) sizes.set(order, switchOf(match[2] ?? ""));
  }
  return sizes;
}

/**
 * Plays a recording.
 * @param check the oracle watches: what breaks its rules is a difference, too
 * @param own in place of what ships, where it is for the recording's architecture
 * @param pae scheme of PageAnonExclusive; left out = today's
 * @returns null when every field of every operation agrees, else the first that does not
 * @throws MmulateError CONFIG, as `machineOf`
 */
export function playRecording(
  core: Core,
  recording: Recording,
  check = false,
  own: OwnParts = {},
  pae?: string,
): Difference | null {
  const [header, ...entries] = recording.recording;
  const kernel = bootMachine(core, machineOf(header, own, pae));
  const player = new Player(kernel);
  const checker = check ? new Checker(player, kernel) : null;
  player.watch = checker;
  for (const [index, want] of entries.entries()) {
    const text = recording.script[index] ?? "";
    const op = `${index + 1}: ${text}`;
    try {
      const operation = parseLine(text, index + 1, recording.name);
      const got = playOperation(player, operation, index);
      const field = firstDifference(want, got);
      if (field !== null) return { reason: `${field} differs`, op, want, got };
    } catch (error) {
      if (!(error instanceof MmulateError)) throw error;
      const reason = error.code === "UNMODELLED" ? "not modelled" : "cannot be played";
      return { reason, op, want, got: { error: error.message } };
    }
  }
  checker?.finish((process) => endProcess(kernel, process));
  return checker === null ? null : firstComplaint(checker.complaints);
}

function firstComplaint([first]: readonly Complaint[]): Difference | null {
  if (first === undefined) return null;
  return { reason: `oracle: ${first.id}`, op: first.op, want: {}, got: { error: first.text } };
}

const FIELDS = [
  "op",
  "errno",
  "minflt",
  "majflt",
  "segv",
  "wpfault",
  "data",
  "ranges",
  "vmas",
  "pages",
] as const satisfies readonly (keyof Observation)[];

function firstDifference(want: RecordedEntry, got: Observation): string | null {
  const differs = FIELDS.find((field) => {
    if (field === "minflt" && want.minflt === null) return false;
    return JSON.stringify(want[field]) !== JSON.stringify(got[field]);
  });
  return differs ?? null;
}
