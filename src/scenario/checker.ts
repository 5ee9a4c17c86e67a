// Watches a script's run (`--check`): tells the plain memory model what the script does, and compares what
// it must see; after each operation the kernel's state is audited.

import type { FaultResult } from "../kernel/fault-types.js";
import { isGuard } from "../kernel/guard.js";
import type { Kernel } from "../kernel/kernel.js";
import { endMigration } from "../kernel/migrate.js";
import { dropUnused } from "../kernel/swap-device.js";
import {
  VM_ACCESS_FLAGS,
  VM_DONTCOPY,
  VM_READ,
  VM_WIPEONFORK,
  VM_WRITE,
} from "../kernel/vm-flags.js";
import { checkAccess } from "../oracle/access.js";
import type { Violation } from "../oracle/audit.js";
import { checkContiguous } from "../oracle/contiguous.js";
import { checkKernel } from "../oracle/invariants.js";
import { PlainMemory, type PlainResult } from "../oracle/plain-memory.js";
import type { Observation } from "../stats/observation.js";
import type { Player, Process, Watch } from "./player.js";
import type { Operation } from "./script.js";

/** A rule that an operation broke. */
export interface Complaint extends Violation {
  readonly op: string;
}

/** What the plain model does of an operation once it is done. Returns what it should have returned. */
type After = (errno: Observation["errno"]) => PlainResult | null;

const NOTHING: After = () => null;

/** Watches one player. */
export class Checker implements Watch {
  readonly complaints: Complaint[] = [];
  private readonly memory = new PlainMemory();
  private op = "";

  constructor(
    private readonly player: Player,
    private readonly kernel: Kernel,
  ) {}

  private complain(violations: readonly Violation[]): void {
    for (const each of violations) this.complaints.push({ ...each, op: this.op });
  }

  begin(operation: Operation, process: Process): (shown: Observation) => void {
    this.op = `${operation.where}: ${operation.text}`;
    const prepare = VERBS.get(operation.verb);
    const after = prepare?.(this.memory, this.player, process, operation) ?? NOTHING;
    const { failures } = this.kernel.mmu.exports;
    const before = failures.valueOf();
    return ({ errno }) => {
      const ranOut = failures.valueOf() !== before || process.killed === true;
      const failed = ranOut && errno !== 0;
      // How far a call came before it found no memory, the plain model is told.
      const want = failed && operation.verb !== "mremap" ? null : after(errno);
      if (failed) this.learn(process, operation);
      else if (want !== null && want !== errno) {
        this.complain([{ id: "errno", text: `${errno}, should be ${want}` }]);
      }
      this.audit();
    };
  }

  /** After a call that found no memory: which pages there are, and what may be done with them. */
  private learn(process: Process, operation: Operation): void {
    const { vmas } = process.mm;
    this.memory.learn(process, (at) => {
      const vma = vmas.at(at);
      if (vma === null) return null;
      return {
        readable: (vma.flags & VM_ACCESS_FLAGS) !== 0,
        writable: (vma.flags & VM_WRITE) !== 0,
        guard: isGuard(this.kernel, process.mm, at),
        notForked: (vma.flags & VM_DONTCOPY) !== 0,
        wipedOnFork: (vma.flags & VM_WIPEONFORK) !== 0,
      };
    });
    if (operation.words[3] !== "guard_install") return;
    // What it met went before it found no memory for all the guards.
    const [start, end] = rangeOf(process, operation);
    this.memory.madvise(process, start, end, "free");
  }

  private audit(): void {
    const processes = this.living();
    const spaces = processes.map(({ mm }) => mm);
    const pinned = processes.flatMap(({ pins }) => [...pins.values()].flat());
    this.complain(checkKernel(this.kernel, { spaces, pinned }));
    for (const mm of spaces) this.complain(checkContiguous(this.kernel, mm));
  }

  private living(): Process[] {
    return [...this.player.processes.values()].filter(({ killed }) => killed !== true);
  }

  forced(process: Process, page: number, value: number): void {
    this.memory.write(process, page, value);
  }

  killed(process: Process): void {
    this.memory.exit(process);
  }

  touched(process: Process, page: number, seen: number, frame: number, wrote: boolean): void {
    if (!this.memory.allows(process, page, wrote)) {
      this.complain([{ id: "access", text: `page ${page}: went through, should not` }]);
    }
    this.complain(checkAccess(this.kernel, process.mm, page, wrote, frame));
    if (wrote) {
      this.memory.write(process, page, seen);
      return;
    }
    const want = this.memory.read(process, page, seen);
    if (want !== null) {
      this.complain([{ id: "contents", text: `page ${page}: read ${seen}, should be ${want}` }]);
    }
  }

  denied(process: Process, page: number, write: boolean, result: FaultResult): void {
    if (!this.memory.allows(process, page, write)) return;
    // The pool may be empty; how full it is, the plain model does not know.
    if (result === "sigbus" && this.memory.hasHuge(process, page, page + 1)) return;
    this.complain([{ id: "access", text: `page ${page}: denied, should not be` }]);
  }

  unprotected(process: Process, page: number): void {
    this.memory.mprotect(process, page, page + 1, "rw");
  }

  /** The script is over: all processes end, and nothing may be left of them. */
  finish(exit: (process: Process) => void): void {
    this.op = "all processes exit";
    for (const head of [...this.kernel.migrations.keys()]) endMigration(this.kernel, head);
    for (const process of this.living()) exit(process);
    this.player.processes.clear();
    // Nobody's pages in the swap cache are no leak: the next reclaim takes them.
    dropUnused(this.kernel);
    this.audit();
    const { kernel } = this;
    const left: readonly (readonly [string, number])[] = [
      ["page tables", Number(kernel.mmu.exports.tableCount.valueOf())],
      ["swap slots", kernel.swap.inUse],
      ["folios in the swap cache", kernel.swap.firstSlot.size],
      ["anon_vmas", kernel.anonVmas.living],
      ["shared objects", kernel.objects.size],
      ["address spaces", kernel.mms.size],
    ];
    for (const [what, count] of left) {
      if (count !== 0) this.complain([{ id: "no leaks", text: `${count} ${what} are left` }]);
    }
  }
}

type Prepare = (
  memory: PlainMemory,
  player: Player,
  process: Process,
  operation: Operation,
) => After;

/** [first page, end) of "REGION FIRST COUNT". */
function rangeOf({ regions }: Process, { words }: Operation): [number, number] {
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

const mapped: Prepare = (memory, _player, process, { verb, words }) => {
  const [access = "", share] = words.slice(verb === "mmap" ? 2 : 3);
  return (errno) =>
    unless(errno, () => {
      const region = process.regions.get(words[0] ?? "");
      if (region === undefined) return;
      const huge = process.mm.vmas.at(region.start)?.huge?.pool.pages ?? 1;
      memory.mmap(process, region.start, region.pages, access, share === "shared", huge);
    });
};

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

const VERBS: ReadonlyMap<string, Prepare> = new Map([
  ["mmap", mapped],
  ["mmap-at", mapped],
  ["mremap", moved],
  ["resize", resized],
  ["madvise", advised],
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
