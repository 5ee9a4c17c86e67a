// What each operation of a script means to the plain memory model (src/oracle/plain-memory.ts): prepared before it is
// played, done behind it.

import { headOf } from "../kernel/folio.js";
import { isHugeZero } from "../kernel/huge-zero.js";
import { VM_DONTCOPY, VM_READ, VM_WRITE } from "../kernel/vm-flags.js";
import type { PlainMemory, PlainResult } from "../oracle/plain-memory.js";
import type { PlainFile } from "../oracle/plain-page.js";
import type { Observation } from "../stats/observation.js";
import { pinned } from "./operations-observe.js";
import type { Player, Process } from "./player.js";
import type { Operation } from "./script.js";

/** What the plain model does of an operation once it is done. Returns what it should have returned. */
type After = (errno: Observation["errno"]) => PlainResult | null;

type Prepare = (
  memory: PlainMemory,
  player: Player,
  process: Process,
  operation: Operation,
) => After;

/** [first page, end) of "REGION FIRST COUNT". */
export function rangeOf({ regions }: Process, { words }: Operation): [number, number] {
  const [name = "", first, count] = words;
  const start = (regions.get(name)?.start ?? Number.NaN) + Number(first);
  return [start, start + Number(count)];
}

/**
 * A call that ended at a mapping of huge pages which it would have to cut: mappings before were changed. True: it did.
 */
function endedAtHuge(
  memory: PlainMemory,
  process: Process,
  [start, end]: readonly [number, number],
  errno: Observation["errno"],
): boolean {
  if (errno !== "EINVAL" || !memory.hasHuge(process, start, end)) return false;
  for (let at = start; at < end; at++) {
    const flags = process.mm.vmas.at(at)?.flags ?? 0;
    memory.told(process, at, {
      readable: (flags & (VM_READ | VM_WRITE)) !== 0,
      writable: (flags & VM_WRITE) !== 0,
      notForked: (flags & VM_DONTCOPY) !== 0,
    });
  }
  return true;
}

/** Calls whose success depends on where mappings begin and end: taken at their word. */
function unless(errno: Observation["errno"], done: () => void): null {
  if (errno === 0) done();
  return null;
}

const mapped: Prepare = (memory, player, process, { verb, words }) => {
  const [access = "", share] = words.slice(verb === "mmap" ? 2 : 3);
  return (errno) =>
    unless(errno, () => {
      const region = process.regions.get(words[0] ?? "");
      if (region === undefined) return;
      const huge = process.mm.vmas.at(region.start)?.huge?.pool.pages ?? 1;
      const { start, pages } = region;
      memory.mmap(process, start, pages, access, share === "shared", huge, fileIn(player, words));
    });
};

/** What "file=F+4" among the words says. How long a file is, its first mapping decided, even one that failed: it is told. */
function fileIn({ kernel }: Player, words: readonly string[]): PlainFile | null {
  const word = words.find((each) => each.startsWith("file="))?.slice("file=".length);
  if (word === undefined) return null;
  const [name = "", first = "0"] = word.split("+");
  return { name, first: Number(first), pages: kernel.files.get(name)?.pages ?? 0 };
}

const moved: Prepare = (memory, _player, process, { words }) => {
  const numbers = words.filter((word) => /^\d+$/.test(word)).map(Number);
  const pages = numbers.at(-1) ?? 0;
  const first = numbers.length > 1 ? (numbers[0] ?? 0) : 0;
  const start = (process.regions.get(words[0] ?? "")?.start ?? Number.NaN) + first;
  const name = words.slice(1).find((word) => /^[A-Za-z]\w*$/.test(word)) ?? "";
  return (errno) => {
    const to = process.regions.get(name)?.start ?? Number.NaN;
    const { vmas } = process.mm;
    // A move of several mappings may fail after the first: the new place was empty, so it tells how far it came.
    const length = memory.lengthFrom(process, start, pages);
    for (let i = 0; i < length; i++) {
      if (errno !== 0 && vmas.at(to + i) === null) continue;
      // Without memory to cut a mapping, the old place stays, too; nobody is told.
      const stays = vmas.at(start + i) !== null;
      memory.mremap(process, start + i, to + i, stays);
    }
    return null;
  };
};

const resized: Prepare = (memory, _player, process, { words }) => {
  const start = process.regions.get(words[0] ?? "")?.start ?? Number.NaN;
  const [from = 0, pages = 0] = words.slice(1).map(Number);
  return (errno) => unless(errno, () => memory.resize(process, start, from, pages));
};

const advised: Prepare = (memory, _player, process, operation) => {
  const [start, end] = rangeOf(process, operation);
  const advice = operation.words[3] ?? "";
  // Older kernels do not know guard regions; the rest may fail for reasons of their own.
  const foretold = /^(dontneed|free|dontfork|dofork|wipeonfork)$/.test(advice);
  return (errno) => {
    if (!foretold && errno === "EINVAL") return null;
    if (advice.endsWith("fork") && endedAtHuge(memory, process, [start, end], errno)) return null;
    const want = memory.madvise(process, start, end, advice);
    return foretold ? want : null;
  };
};

const pins: Prepare = (memory, { kernel }, process, operation) => {
  const [start, end] = rangeOf(process, operation);
  return (errno) =>
    unless(errno, () => {
      const frames = (pinned(process, operation) ?? []).slice(start - end);
      const isZero = (frame: number): boolean =>
        frame === kernel.zeroFrame || isHugeZero(kernel, headOf(kernel, frame));
      memory.pin(
        process,
        start,
        frames.map((frame) => (isZero(frame) ? null : frame)),
      );
    });
};

const unpins: Prepare = (memory, _player, process, operation) => {
  const frames = pinned(process, operation) ?? [];
  return (errno) => unless(errno, () => memory.unpin(process, frames));
};

/** By verb; others mean nothing to it. */
export const PLAIN_VERBS: ReadonlyMap<string, Prepare> = new Map([
  ["mmap", mapped],
  ["mmap-at", mapped],
  ["mremap", moved],
  ["resize", resized],
  ["madvise", advised],
  ["pin", pins],
  ["unpin", unpins],
  [
    "munmap",
    (memory, _player, process, operation) => {
      const [start, end] = rangeOf(process, operation);
      return (errno) => unless(errno, () => memory.munmap(process, start, end));
    },
  ],
  [
    "mprotect",
    (memory, _player, process, operation) => {
      const [start, end] = rangeOf(process, operation);
      return (errno) =>
        endedAtHuge(memory, process, [start, end], errno)
          ? null
          : memory.mprotect(process, start, end, operation.words[3] ?? "");
    },
  ],
  [
    "fork",
    (memory, player, process, { words }) =>
      (errno) =>
        unless(errno, () => {
          const child = player.processes.get(words[0] ?? "");
          if (child !== undefined) memory.fork(process, child);
        }),
  ],
  [
    "exit",
    (memory, player, _process, { words }) => {
      const child = player.processes.get(words[0] ?? "");
      return (errno) => unless(errno, () => child !== undefined && memory.exit(child));
    },
  ],
]);
