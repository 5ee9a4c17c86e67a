// What each operation of a script does, and shows: one row per verb.

import { MmulateError } from "../errors.js";
import { clearSoftDirty } from "../kernel/clear-refs.js";
import type { Errno } from "../kernel/errno.js";
import { runKsm } from "../kernel/ksm.js";
import { ADVICE, madvise } from "../kernel/madvise.js";
import { mmap, munmap } from "../kernel/mmap.js";
import { mprotect } from "../kernel/mprotect.js";
import { mremap, resize } from "../kernel/mremap.js";
import { uffdRegister, uffdUnregister, uffdWriteProtect } from "../kernel/userfaultfd.js";
import { runLengths } from "./observation.js";
import {
  ACCESS,
  type Context,
  notModelled,
  number,
  rangeOf,
  regionNamed,
  type Shown,
  VALUES,
  word,
} from "./operation-context.js";
import { FILE_OPERATIONS, mappedFile } from "./operations-file.js";
import { GUEST_OPERATIONS } from "./operations-guest.js";
import {
  doHugepages,
  doKhugepaged,
  doSplitDeferred,
  hugeShift,
  mappedPages,
} from "./operations-huge.js";
import { forkFailing, MODEL_OPERATIONS } from "./operations-model.js";
import {
  doExpect,
  doPagemap,
  doPin,
  doScan,
  doState,
  doUnpin,
  doVmas,
} from "./operations-observe.js";
import { endProcess, type Process } from "./player.js";
import { unknownProcess } from "./threads.js";

function doMmap(context: Context): Shown {
  const { player, process, operation } = context;
  const [name = "", , access = "", share = "", ...options] = operation.words;
  const huge = hugeShift(context);
  if (huge !== null && share === "shared") throw notModelled(context, "shared huge=");
  const start = player.nextPlace(options.some((option) => !option.startsWith("file=")));
  const pages = mappedPages(context, number(context, 1), huge);
  return mapAt(context, name, start, pages, access, share, process, huge);
}

function doMmapAt(context: Context): Shown {
  const [name = "", place = "", , access = "", share = ""] = context.operation.words;
  const [base = "", offset = "0"] = place.split("+");
  const start = regionNamed(context, base).start + Number(offset);
  return mapAt(context, name, start, number(context, 2), access, share, context.process);
}

function mapAt(
  context: Context,
  name: string,
  start: number,
  pages: number,
  access: string,
  share: string,
  { mm, regions }: Process,
  huge: number | null = null,
): Shown {
  const file = mappedFile(context, pages);
  if (file !== undefined && (share !== "shared" || huge !== null))
    throw notModelled(context, "a private mapping of a file");
  regions.set(name, { start, pages });
  const what = { start, pages, access: ACCESS[access] ?? 0, shared: share === "shared" };
  const { kernel } = context.player;
  return {
    errno: mmap(kernel, mm, { ...what, ...(huge === null ? {} : { huge }), ...(file && { file }) }),
  };
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
  const result = forkFailing(player.kernel, process.mm, operation.words[1]);
  if ("errno" in result) return { errno: result.errno };
  const regions = new Map(process.regions);
  const { onSegv } = process;
  const child: Process = { mm: result.child, regions, pins: new Map(), onSegv };
  player.processes.set(name, child);
  return {};
}

function doExit({ player, operation }: Context): Shown {
  const name = operation.words[0] ?? "";
  const process = player.processes.get(name);
  if (process === undefined) throw unknownProcess(player.processes, operation, name);
  if (process.killed !== true) endProcess(player.kernel, process);
  player.threads.end(process);
  player.processes.delete(name);
  return {};
}

function doRegister(context: Context): Shown {
  const { start, end } = rangeOf(context);
  const mode = word(context, 3);
  const async = mode.startsWith("wp-async");
  const unpopulated = mode.endsWith(",unpopulated");
  const { kernel } = context.player;
  return { errno: uffdRegister(kernel, context.process.mm, start, end, { async, unpopulated }) };
}

function doMadvise(context: Context): Shown {
  const { start, end } = rangeOf(context);
  const advice = word(context, 3);
  if (!ADVICE.includes(advice)) throw notModelled(context, `madvise ${advice}`);
  return { errno: madvise(context.player.kernel, context.process.mm, start, end, advice) };
}

/** A call on a range that returns an errno. */
function ranged(call: (context: Context, start: number, end: number) => Errno) {
  return (context: Context): Shown => {
    const { start, end } = rangeOf(context);
    return { errno: call(context, start, end) };
  };
}

/** By verb. */
export const OPERATIONS: ReadonlyMap<string, (context: Context) => Shown> = new Map([
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
  ["hugepages", doHugepages],
  ["khugepaged", doKhugepaged],
  ["split-deferred", doSplitDeferred],
  ["pin", doPin],
  ["unpin", doUnpin],
  [
    "ksm",
    ({ player, operation }) => {
      runKsm(player.kernel, operation.words.includes("zero"));
      return {};
    },
  ],
  [
    "on-segv",
    ({ process, operation }) => {
      process.onSegv = operation.words[0] === "unprotect" ? "unprotect" : "skip";
      return {};
    },
  ],
  ["expect", doExpect],
  ["pagemap", doPagemap],
  ["vmas", doVmas],
  ["state", doState],
  ...MODEL_OPERATIONS,
  ...GUEST_OPERATIONS,
  ...FILE_OPERATIONS,
]);
