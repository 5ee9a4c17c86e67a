// Every allocation of a hundred scripts is made to fail, one at a time: what is left of the script is played to its
// end, every process reads what it must, no invariant breaks, nothing is left behind, and who notices is told with the
// kernel's own error.

import { beforeAll, describe, expect, it } from "vitest";
import { Core } from "../../src/core/core.js";
import { loadCoreModule } from "../../src/runner/module-files.js";
import { Checker, type Complaint } from "../../src/scenario/checker.js";
import { bootMachine } from "../../src/scenario/machine.js";
import { playOperation } from "../../src/scenario/play-operation.js";
import { endProcess, Player } from "../../src/scenario/player.js";
import { type Operation, parseLine } from "../../src/scenario/script.js";
import type { Observation } from "../../src/stats/observation.js";
import { machineOf } from "../../src/verify/play-recording.js";
import type { Recording } from "../../src/verify/recording-format.js";
import { recordingsOf, TAGS } from "../verify/recorded.js";

/** Page frames: enough for every script, and fewer are checked faster. */
const FRAMES = 8192;
const LONG = process.env.MMULATE_LONG !== undefined;
const SCRIPTS_PER_TAG = LONG ? Number.POSITIVE_INFINITY : 14;
const MOST_ALLOCATIONS = LONG ? 2000 : 150;

/** What an operation may return when one of its allocations failed. 0: it did without. */
const ERRORS: ReadonlyMap<string, readonly Observation["errno"][]> = new Map([
  ["mmap", ["ENOMEM"]],
  ["mmap-at", ["ENOMEM"]],
  ["munmap", ["ENOMEM"]],
  // A merge that finds no memory is given up for a split (up to 6.11).
  ["mprotect", [0, "ENOMEM"]],
  // Without memory to cut the old mapping off, it stays.
  ["mremap", [0, "ENOMEM"]],
  ["resize", ["ENOMEM"]],
  ["read", [0]],
  ["write", [0]],
  ["fork", ["ENOMEM"]],
  ["uffd-register", [0, "ENOMEM"]],
  ["uffd-unregister", [0, "ENOMEM"]],
  // Up to 6.2 nobody is told.
  ["uffd-wp", [0, "ENOMEM"]],
  ["scan", ["ENOMEM"]],
  ["pin", ["ENOMEM", "EFAULT"]],
  ["ksm", [0]],
  ["madvise collapse", ["ENOMEM", "EINVAL"]],
  ["madvise populate_read", [0, "ENOMEM"]],
  ["madvise populate_write", [0, "ENOMEM"]],
  ["madvise guard_install", ["ENOMEM"]],
  // The page stays; ENOMEM where the range has holes.
  ["madvise pageout", [0, "ENOMEM"]],
  ["madvise willneed", [0, "ENOMEM"]],
  ...["hugepage", "nohugepage", "mergeable", "unmergeable", "dontfork", "dofork", "wipeonfork"].map(
    (advice): [string, Observation["errno"][]] => [`madvise ${advice}`, [0, "EAGAIN"]],
  ),
]);

let core: Core;
let played = 0;
beforeAll(async () => {
  core = new Core((await loadCoreModule()).module);
});

interface Outcome {
  readonly complaints: readonly Complaint[];
  readonly allocations: number;
  /** The operation that met the failure, and what it returned. */
  readonly met: readonly (readonly [string, Observation["errno"]])[];
}

/** Plays a script; the `failing`-th allocation fails (0: none). What a process that is not there would do is left out. */
function play({ script, recording, name }: Recording, failing: number): Outcome {
  const machine = machineOf(recording[0]);
  const kernel = bootMachine(core, { ...machine, kernel: { ...machine.kernel, frames: FRAMES } });
  const { exports } = kernel.mmu;
  const player = new Player(kernel);
  const checker = new Checker(player, kernel);
  player.watch = checker;
  const first = Number(exports.allocations.valueOf());
  exports.failAllocation(failing);
  const met: [string, Observation["errno"]][] = [];
  script.forEach((line, i) => {
    const operation = parseLine(line, i + 1, name);
    if (!canPlay(player, operation)) return;
    const before = exports.failures.valueOf();
    const { errno } = playOperation(player, operation, i);
    const { verb, words } = operation;
    const what = verb === "madvise" ? `${verb} ${words[3]}` : verb;
    if (exports.failures.valueOf() !== before) met.push([what, errno]);
  });
  const allocations = Number(exports.allocations.valueOf()) - first;
  checker.finish((each) => endProcess(kernel, each));
  return { complaints: checker.complaints, allocations, met };
}

/** fork may have failed. */
function canPlay({ processes }: Player, { process: who, verb, words }: Operation): boolean {
  return processes.has(who) && (verb !== "exit" || processes.has(words[0] ?? ""));
}

function fewEnough(all: readonly Recording[]): Recording[] {
  const step = LONG ? 1 : Math.max(1, Math.floor(all.length / 28));
  const chosen: Recording[] = [];
  for (let i = 0; i < all.length && chosen.length < SCRIPTS_PER_TAG; i += step) {
    const recording = all[i];
    if (recording === undefined) break;
    const { allocations } = play(recording, 0);
    if (allocations > 0 && allocations <= MOST_ALLOCATIONS) chosen.push(recording);
  }
  return chosen;
}

describe.each(TAGS)("scripts of %s", (tag) => {
  it("go on after any allocation that fails, and leave nothing behind", { timeout: 0 }, () => {
    const scripts = fewEnough(recordingsOf(tag));
    expect(scripts.length).toBeGreaterThanOrEqual(5);
    played += scripts.length;
    for (const recording of scripts) {
      const { allocations } = play(recording, 0);
      for (let at = 1; at <= allocations; at++) {
        const { complaints, met } = play(recording, at);
        const where = `${recording.name}, allocation ${at}`;
        expect(complaints, where).toEqual([]);
        expect(met.length, where).toBe(1);
        for (const [what, errno] of met)
          expect(ERRORS.get(what), `${where}: ${what}`).toContain(errno);
      }
    }
  });
});

it("a hundred scripts were played", () => {
  expect(played).toBeGreaterThanOrEqual(100);
});
