// What each operation of a script does, and shows: one row per verb.

import { MmulateError } from "../errors.js";
import { clearSoftDirty } from "../kernel/clear-refs.js";
import type { Errno } from "../kernel/errno.js";
import { fork } from "../kernel/fork.js";
import { ADVICE, madvise } from "../kernel/madvise.js";
import { exitMm, mmap, munmap } from "../kernel/mmap.js";
import { mprotect } from "../kernel/mprotect.js";
import { mremap, resize } from "../kernel/mremap.js";
import { readPagemap } from "../kernel/pagemap.js";
import * as scan from "../kernel/pagemap-scan.js";
import { uffdRegister, uffdUnregister, uffdWriteProtect } from "../kernel/userfaultfd.js";
import { VM_READ, VM_WRITE } from "../kernel/vm-flags.js";
import type { Observation } from "../stats/observation.js";
import { describeVma, lettersOf, runLengths } from "./observation.js";
import type { Player, Process, Region } from "./player.js";
import type { Operation } from "./script.js";

/** Errno and the fields that only this operation has. */
type Shown = Partial<Omit<Observation, "op" | "minflt">>;

/** One operation in the making. */
interface Context {
  readonly player: Player;
  readonly process: Process;
  readonly operation: Operation;
  /** Index of the operation in the script: decides what `write` stores. */
  readonly index: number;
}

const ACCESS: Readonly<Record<string, number>> = { r: VM_READ, rw: VM_READ | VM_WRITE, none: 0 };
/** `write` stores 1 + n % 250. */
const VALUES = 250;

function word({ operation }: Context, i: number): string {
  return operation.words[i] ?? "";
}

function number(context: Context, i: number): number {
  return Number(word(context, i));
}

function regionNamed({ process, operation }: Context, name: string): Region {
  const region = process.regions.get(name);
  if (region !== undefined) return region;
  const known = [...process.regions.keys()].join(", ");
  throw new MmulateError(
    "INPUT",
    `${operation.where}: process ${operation.process} knows no region "${name}" (${known === "" ? "it has none yet" : `it knows ${known}`})`,
  );
}

/** [first page, end) of "REGION FIRST COUNT". */
function rangeOf(context: Context): { region: Region; start: number; end: number } {
  const region = regionNamed(context, word(context, 0));
  const start = region.start + number(context, 1);
  return { region, start, end: start + number(context, 2) };
}

function doMmap(context: Context): Shown {
  const { player, process, operation } = context;
  const [name = "", , access = "", share = "", align] = operation.words;
  const start = player.nextPlace(align !== undefined);
  return mapAt(context, name, start, number(context, 1), access, share, process);
}

function doMmapAt(context: Context): Shown {
  const [name = "", place = "", , access = "", share = ""] = context.operation.words;
  const [base = "", offset = "0"] = place.split("+");
  const start = regionNamed(context, base).start + Number(offset);
  return mapAt(context, name, start, number(context, 2), access, share, context.process);
}

function mapAt(
  { player }: Context,
  name: string,
  start: number,
  pages: number,
  access: string,
  share: string,
  { mm, regions }: Process,
): Shown {
  regions.set(name, { start, pages });
  const shared = share === "shared";
  return { errno: mmap(player.kernel, mm, { start, pages, access: ACCESS[access] ?? 0, shared }) };
}

/** "mremap A 16 B" or "mremap A 4 8 B". */
function doMremap(context: Context): Shown {
  const { player, process, operation } = context;
  const names = operation.words.filter((each) => /^[A-Za-z]/.test(each) && !/^align=/.test(each));
  const numbers = operation.words.filter((each) => /^\d+$/.test(each)).map(Number);
  const keep = operation.words.slice(3).includes("dontunmap");
  const [from = "", name = ""] = names;
  const pages = numbers.at(-1) ?? 0;
  const first = numbers.length > 1 ? (numbers[0] ?? 0) : 0;
  const start = regionNamed(context, from).start + first;
  const to = player.nextPlace(operation.words.some((each) => each.startsWith("align=")));
  process.regions.set(name, { start: to, pages });
  return { errno: mremap(player.kernel, process.mm, { start, pages, to, keep }) };
}

function doResize(context: Context): Shown {
  const { player, process } = context;
  const name = word(context, 0);
  const { start } = regionNamed(context, name);
  const pages = number(context, 2);
  const errno = resize(player.kernel, process.mm, start, number(context, 1), pages);
  if (errno === 0) process.regions.set(name, { start, pages });
  return { errno };
}

function doTouch(context: Context, value?: number): Shown {
  const { player, process } = context;
  const { start, end } = rangeOf(context);
  const seen: (number | null)[] = [];
  for (let page = start; page < end; page++) seen.push(player.touch(process, page, value));
  return value === undefined ? { data: runLengths(seen) } : {};
}

function doFork({ player, process, operation }: Context): Shown {
  const [name = ""] = operation.words;
  if (player.processes.has(name)) {
    throw new MmulateError("INPUT", `${operation.where}: there is a process "${name}" already`);
  }
  const result = fork(player.kernel, process.mm);
  if ("errno" in result) return { errno: result.errno };
  const regions = new Map(process.regions);
  const { onSegv } = process;
  player.processes.set(name, { mm: result.child, regions, onSegv });
  return {};
}

function doExit({ player, operation }: Context): Shown {
  const name = operation.words[0] ?? "";
  const process = player.processes.get(name);
  if (process === undefined) throw unknownProcess(player, operation, name);
  exitMm(player.kernel, process.mm);
  player.processes.delete(name);
  return {};
}

function unknownProcess(player: Player, { where }: Operation, name: string): MmulateError {
  const known = [...player.processes.keys()].join(", ");
  return new MmulateError("INPUT", `${where}: no process "${name}" (there are ${known})`);
}

function doRegister(context: Context): Shown {
  const { start, end } = rangeOf(context);
  const mode = word(context, 3);
  const async = mode.startsWith("wp-async");
  const unpopulated = mode.endsWith(",unpopulated");
  const { kernel } = context.player;
  return { errno: uffdRegister(kernel, context.process.mm, start, end, { async, unpopulated }) };
}

const CATEGORIES: Readonly<Record<string, number>> = {
  written: scan.PAGE_IS_WRITTEN,
  "soft-dirty": scan.PAGE_IS_SOFT_DIRTY,
  present: scan.PAGE_IS_PRESENT,
};

function doScan(context: Context): Shown {
  const { region, start, end } = rangeOf(context);
  const words = context.operation.words.slice(3);
  const result = scan.pagemapScan(context.player.kernel, context.process.mm, {
    start,
    end,
    categories: words.reduce((sum, each) => sum | (CATEGORIES[each] ?? 0), 0),
    protect: words.includes("wp"),
    check: words.includes("check"),
  });
  if ("errno" in result) return { errno: result.errno };
  return { ranges: result.ranges.map(([a, b]) => [a - region.start, b - region.start]) };
}

function doMadvise(context: Context): Shown {
  const { start, end } = rangeOf(context);
  const advice = word(context, 3);
  if (!ADVICE.includes(advice)) throw notModelled(context, `madvise ${advice}`);
  return { errno: madvise(context.player.kernel, context.process.mm, start, end, advice) };
}

function notModelled({ operation }: Context, what: string): MmulateError {
  return new MmulateError("UNMODELLED", `${operation.where}: "${what}" is not modelled yet`);
}

function doPagemap(context: Context): Shown {
  const { start, pages } = regionNamed(context, word(context, 0));
  const map = readPagemap(context.player.kernel, context.process.mm, start, start + pages);
  return { pages: runLengths(Array.from(map, lettersOf)) };
}

function doVmas(context: Context): Shown {
  const { start, pages } = regionNamed(context, word(context, 0));
  const vmas = context.process.mm.vmas.within(start, start + pages);
  return { vmas: vmas.map((vma) => describeVma(vma, start)) };
}

/** A call on a range that returns an errno. */
function ranged(call: (context: Context, start: number, end: number) => Errno) {
  return (context: Context): Shown => {
    const { start, end } = rangeOf(context);
    return { errno: call(context, start, end) };
  };
}

const OPERATIONS: ReadonlyMap<string, (context: Context) => Shown> = new Map([
  ["mmap", doMmap],
  ["mmap-at", doMmapAt],
  ["munmap", ranged(({ player, process }, a, b) => munmap(player.kernel, process.mm, a, b))],
  [
    "mprotect",
    ranged((context, a, b) =>
      mprotect(context.player.kernel, context.process.mm, a, b, ACCESS[word(context, 3)] ?? 0),
    ),
  ],
  ["mremap", doMremap],
  ["resize", doResize],
  ["read", (context) => doTouch(context)],
  ["write", (context) => doTouch(context, 1 + (context.index % VALUES))],
  ["madvise", doMadvise],
  [
    "clear_refs",
    ({ player, process }) => {
      clearSoftDirty(player.kernel, process.mm);
      return {};
    },
  ],
  ["fork", doFork],
  ["exit", doExit],
  ["uffd-register", doRegister],
  [
    "uffd-wp",
    ranged((context, a, b) => {
      const which = word(context, 3) === "on" ? "on" : "off";
      return uffdWriteProtect(context.player.kernel, context.process.mm, a, b, which);
    }),
  ],
  [
    "uffd-unregister",
    ranged(({ player, process }, a, b) => uffdUnregister(player.kernel, process.mm, a, b)),
  ],
  ["scan", doScan],
  [
    "on-segv",
    ({ process, operation }) => {
      process.onSegv = operation.words[0] === "unprotect" ? "unprotect" : "skip";
      return {};
    },
  ],
  ["pagemap", doPagemap],
  ["vmas", doVmas],
]);

/**
 * Plays one operation.
 * @throws MmulateError INPUT where it names what is not there, UNMODELLED
 */
export function playOperation(player: Player, operation: Operation, index: number): Observation {
  const process = player.processes.get(operation.process);
  if (process === undefined) throw unknownProcess(player, operation, operation.process);
  const context: Context = { player, process, operation, index };
  const play = OPERATIONS.get(operation.verb);
  if (play === undefined) throw notModelled(context, operation.verb);
  const { mm } = process;
  const [minor, major] = [mm.minorFaults, mm.majorFaults];
  const end = player.watch?.begin(operation, process);
  const shown = play(context);
  const { segv, wpfault } = player.takeTrouble();
  const base = process.regions.get(operation.words[0] ?? "")?.start ?? 0;
  const observation: Observation = {
    op: operation.text,
    errno: 0,
    minflt: mm.minorFaults - minor,
    ...(mm.majorFaults > major ? { majflt: mm.majorFaults - major } : {}),
    ...(segv.length > 0 ? { segv: segv.map((page) => page - base) } : {}),
    ...(wpfault.length > 0 ? { wpfault: wpfault.map((page) => page - base) } : {}),
    ...shown,
  };
  end?.(observation);
  return observation;
}
